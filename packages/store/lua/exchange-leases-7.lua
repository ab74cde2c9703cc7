-- One exchange of a worker with the pool of slots of one service: gives slots back, says how instances did and what it
-- waits for, takes what is free, passes freed slots to the worker whose request is first, and recalls idle ones where there
-- are too few. The reply says how many requests may wait.
--
-- KEYS  slots, leases, open, waiters, holders, ejections, buried (see includes/slots.lua)
-- ARGV  1 worker id        2 version of its holdings that it knows (0: it holds nothing and never did)
--       3 '1' when the outcome of its last exchange is unknown, else '0'
--       4 channel prefix   5 service id
--       6 extra: slots it would keep ready, if nobody waits
--       7 most requests that may wait in the fleet      8 how many of those queued here were admitted before
--       9 how many are told of for the first time
--       10..12 prioritised requests queued: count, rank of the first, mean distance of the ranks     13..15 the same, ordinary
--       16 first ejection, ms     17 longest ejection, ms     18 greatest exponent of 2 between the two
--       19 number of pairs at the end that are slots given back
--       20 '1' to try an ejected instance whose time is over, though nobody waits
--       21.. pairs "instance id, slots given back"; then pairs "instance id, report":
--          'failed' (a request or a probe), 'served' (the probe), 'unused' (the probe)
-- Reply { status, version, grants (JSON), first rank that waits elsewhere or '', requests admitted elsewhere, admitted here
--         (of those that got no slot), version of the ejections, ejections (JSON) }
--       status 'ok'; 'resync' when a message or a reply was missed (grants = everything the worker holds, nothing
--       given back); 'lost' when Redis knows less than the worker (Redis lost writes): it must re-assert;
--       'buried' when it was taken for dead: it must come back under a new id
--- @include "slots"
local wid, known, doubtful = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local channel, service, extra = ARGV[4], ARGV[5], tonumber(ARGV[6])
local limit, admitted, fresh = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local wanted = {
  n1 = tonumber(ARGV[10]), f1 = tonumber(ARGV[11]), s1 = math.max(tonumber(ARGV[12]), 0),
  n2 = tonumber(ARGV[13]), f2 = tonumber(ARGV[14]), s2 = math.max(tonumber(ARGV[15]), 0),
}
local reports = 21 + 2 * tonumber(ARGV[19])

if redis.call('ZSCORE', BURIED, wid) then return { 'buried', 0, '[]', '', 0, 0, 0, '[]' } end
local h = holder(wid)
local version = h and h.version or 0
if version < known then return { 'lost', version, '[]', '', 0, 0, 0, '[]' } end
if version > known or doubtful then
  -- Raised, so that an earlier exchange that is still on its way does nothing when it arrives.
  version = version + 1
  save_waiter(wid, at_rest(version, h and h.queued or 0))
  local rows = holdings(wid)
  return { 'resync', version, #rows == 0 and '[]' or cjson.encode(rows), '', 0, 0, 0, '[]' }
end

for i = reports, #ARGV, 2 do
  local iid, report = ARGV[i], ARGV[i + 1]
  if report == 'served' then
    readmit(iid, wid)
  elseif report == 'unused' then
    end_probe(iid, wid)
  elseif instance_row(iid) then
    eject(iid, wid, tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18]))
  end
  refresh_open(iid)
end
open_due()

local changed = false
for i = 21, reports - 1, 2 do
  local iid, n = ARGV[i], tonumber(ARGV[i + 1])
  local held = tonumber(redis.call('HGET', LEASES, wid .. '\t' .. iid) or '0')
  n = math.min(n, held)
  if n > 0 then
    add_lease(wid, iid, -n)
    refresh_open(iid)
    changed = true
  end
end

wanted.version, wanted.queued = version, admitted
save_waiter(wid, wanted)
local granted = grant_waiting()
local mine = granted[wid] or {}
if ARGV[20] == '1' then take_probe(wid, mine) end
if extra > 0 then take(wid, extra, mine) end
tell_grants(granted, wid, channel, service)

-- More than the limit do not wait. What was admitted stays; what waits for the first time is judged by the next exchange,
-- when idle slots elsewhere have been recalled.
h = holder(wid)
local elsewhere = queued_everywhere() - h.queued
local waiting = h.n1 + h.n2
local stay = waiting
if waiting > limit - elsewhere then
  local judged = waiting - math.min(fresh, waiting)
  admitted = math.max(0, admitted - (wanted.n1 + wanted.n2 - waiting))
  stay = math.max(math.min(admitted, judged), math.min(judged, limit - elsewhere), 0)
  local left = waiting - (judged - stay)
  h.n1 = math.min(h.n1, left)
  h.n2 = left - h.n1
end
h.queued = stay
if changed or #mine > 0 then h.version = h.version + 1 end
save_waiter(wid, h)

local first_elsewhere = tell_recall(wid, channel, service)
local ejections_version, ejections = tell_ejections(channel, service)
if h.version == 0 and h.n1 + h.n2 == 0 then redis.call('HDEL', HOLDERS, wid) end
return {
  'ok', h.version, #mine == 0 and '[]' or cjson.encode(mine), first_elsewhere, elsewhere, stay,
  ejections_version, #ejections == 0 and '[]' or cjson.encode(ejections),
}
