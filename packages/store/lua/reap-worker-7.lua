-- Frees what a worker held in one service and passes it on. One that fell silent is buried: should it live, it gets
-- nothing more under this id here, whatever it sends before it learns of its burial.
--
-- KEYS  slots, leases, open, waiters, holders, ejections, buried
-- ARGV  1 worker id   2 channel prefix   3 service id   4 '1' to bury, '0' when it left by itself
--       5 ms for which the burial is remembered
-- Reply slots freed
--- @include "slots"
local freed = 0
for _, row in ipairs(holdings(ARGV[1])) do freed = freed + row[2] end
forget(ARGV[1])
tell_grants(grant_waiting(), '', ARGV[2], ARGV[3])
if ARGV[4] == '1' then
  redis.call('ZREMRANGEBYSCORE', BURIED, '-inf', now_ms() - tonumber(ARGV[5]))
  redis.call('ZADD', BURIED, now_ms(), ARGV[1])
  redis.call('PEXPIRE', BURIED, ARGV[5])
end
return freed
