-- Takes or renews the leadership lease. The epoch grows with each new leader. It follows the clock, so that it goes on
-- growing when Redis has lost the counter: snapshots of an earlier leader must not look like those of a later one.
--
-- KEYS  leader, epoch
-- ARGV  1 candidate   2 lease, ms
-- Reply { 1, epoch } for the leader, { 0, ms until the lease ends } for the others
local leader = redis.call('GET', KEYS[1])
local epoch = tonumber(redis.call('GET', KEYS[2]) or '0')
if leader == ARGV[1] and epoch > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return { 1, epoch }
end
if leader and leader ~= ARGV[1] then return { 0, redis.call('PTTL', KEYS[1]) } end
local now = redis.call('TIME')
epoch = math.max(epoch + 1, now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], string.format('%d', epoch))
return { 1, epoch }
