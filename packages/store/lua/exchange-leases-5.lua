-- One exchange of a worker with the pool of slots of one service: gives slots back, says what it waits for, takes what
-- is free, passes freed slots to the worker whose request is oldest, and recalls idle ones where there are too few.
--
-- KEYS  slots, leases, open, waiters, holders (see includes/slots.lua)
-- ARGV  1 worker id        2 version of its holdings that it knows (0: it holds nothing and never did)
--       3 want: slots for queued requests      4 arrival of its oldest queued request, ms
--       5 mean distance between its queued arrivals, ms    6 requests queued here
--       7 extra: slots it would keep ready, if nobody waits    8 channel prefix    9 service id
--       10 '1' when the outcome of its last exchange is unknown, else '0'
--       11.. pairs: instance id, slots given back
-- Reply { status, version, grants (JSON), oldest arrival that waits elsewhere or -1, requests queued in the fleet }
--       status 'ok'; 'resync' when a message or a reply was missed (grants = everything the worker holds, nothing
--       given back);
--       'lost' when Redis knows less than the worker (reaped, or Redis lost writes): it must re-assert.
--- @include "slots"
local wid, known = ARGV[1], tonumber(ARGV[2])
local want, oldest, step = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local queued, extra, channel, service = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], ARGV[9]

local h = holder(wid)
local version = h and h.version or 0
if version < known then return { 'lost', version, '[]', -1, 0 } end
if version > known or ARGV[10] == '1' then
  -- Raised, so that an earlier exchange that is still on its way does nothing when it arrives.
  version = version + 1
  save_holder(wid, { version = version, want = 0, queued = queued, step = math.max(step, 0) })
  redis.call('ZREM', WAITERS, wid)
  local rows = holdings(wid)
  return { 'resync', version, #rows == 0 and '[]' or cjson.encode(rows), -1, queued_everywhere() }
end

local changed = false
for i = 11, #ARGV, 2 do
  local iid, n = ARGV[i], tonumber(ARGV[i + 1])
  local held = tonumber(redis.call('HGET', LEASES, wid .. '\t' .. iid) or '0')
  n = math.min(n, held)
  if n > 0 then
    add_lease(wid, iid, -n)
    refresh_open(iid)
    changed = true
  end
end

h = { version = version, want = want, queued = queued, step = math.max(step, 0) }
save_holder(wid, h)
if want > 0 then
  redis.call('ZADD', WAITERS, oldest, wid)
else
  redis.call('ZREM', WAITERS, wid)
end

local policy = policy_of()
local granted = grant_waiting(policy)
local mine = granted[wid] or {}
if extra > 0 then take(wid, extra, policy, mine) end
tell_grants(granted, wid, channel, service)

h = holder(wid)
if changed or #mine > 0 then h.version = h.version + 1 end
save_holder(wid, h)
local oldest_other = tell_recall(wid, channel, service)
local version_now = h.version
if version_now == 0 and h.queued == 0 and h.want == 0 then redis.call('HDEL', HOLDERS, wid) end
return { 'ok', version_now, #mine == 0 and '[]' or cjson.encode(mine), oldest_other, queued_everywhere() }
