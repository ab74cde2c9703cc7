-- Takes workers that missed their heartbeat off the list of the living, for good, and puts them on the list of those
-- whose leases are to be freed. Two steps, because leases live with each service: a reaper that dies between them
-- leaves the work to the next one.
--
-- KEYS  workers, workers to reap (set)
-- Reply ids to reap
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
for _, wid in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ms)) do
  redis.call('ZREM', KEYS[1], wid)
  redis.call('SADD', KEYS[2], wid)
end
return redis.call('SMEMBERS', KEYS[2])
