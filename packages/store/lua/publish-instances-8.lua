-- The leader publishes what instances a service has. In the same step slots open and close, and waiting workers get
-- what opened: the first byte of a cold start waits for nothing else.
--
-- KEYS  slots, leases, open, waiters, holders, ejections, buried, instances
-- ARGV  1 epoch   2 snapshot (JSON, opaque here)   3 load-balancing policy in force   4 channel prefix   5 service id
--       6 events channel   7 notice (JSON object without its last brace; `,"version":n,"closed":[...]}` is added)
--       8.. six each: instance id, capacity, start (ms), state (see includes/slots.lua), host, port
-- Reply version of the snapshot, or -1 when a later leader has published already
--- @include "slots"
local INSTANCES = KEYS[8]
local epoch = tonumber(ARGV[1])
if tonumber(redis.call('HGET', INSTANCES, 'epoch') or '0') > epoch then return -1 end
local version = redis.call('HINCRBY', INSTANCES, 'version', 1)
redis.call('HSET', INSTANCES, 'epoch', epoch, 'snapshot', ARGV[2])

local before = {}
local rows = redis.call('HGETALL', SLOTS)
for i = 1, #rows, 2 do
  if rows[i] ~= ' policy' then before[rows[i]] = rows[i + 1] end
end
redis.call('HSET', SLOTS, ' policy', ARGV[3])
policy_read = ARGV[3]

local closed = {}
for i = 8, #ARGV, 6 do
  local iid = ARGV[i]
  local row = ARGV[i + 1] .. ' ' .. ARGV[i + 2] .. ' ' .. ARGV[i + 3] .. ' ' .. ARGV[i + 4] .. ' ' .. ARGV[i + 5]
  if before[iid] ~= row then redis.call('HSET', SLOTS, iid, row) end
  if ARGV[i + 3] == '0' then closed[#closed + 1] = iid end
  before[iid] = nil
  refresh_open(iid)
end
for iid in pairs(before) do
  redis.call('HDEL', SLOTS, iid)
  if all_ejections()[iid] then drop_ejection(iid) end
  closed[#closed + 1] = iid
  refresh_open(iid)
end

tell_grants(grant_waiting(), '', ARGV[4], ARGV[5])
tell_ejections(ARGV[4], ARGV[5])
redis.call('PUBLISH', ARGV[6], ARGV[7] .. ',"version":' .. version .. ',"closed":' .. (#closed == 0 and '[]' or cjson.encode(closed)) .. '}')
return version
