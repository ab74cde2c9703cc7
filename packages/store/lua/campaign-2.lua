-- Takes or renews the leadership lease. The epoch grows by one with each new leader.
--
-- KEYS  leader, epoch
-- ARGV  1 candidate   2 lease, ms
-- Reply { 1, epoch } for the leader, { 0, ms until the lease ends } for the others
local leader = redis.call('GET', KEYS[1])
if leader == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return { 1, tonumber(redis.call('GET', KEYS[2])) }
end
if leader then return { 0, redis.call('PTTL', KEYS[1]) } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 1, redis.call('INCR', KEYS[2]) }
