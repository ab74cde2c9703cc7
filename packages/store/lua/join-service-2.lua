-- A worker enters a service among those in which it may hold leases, so that its reaper knows where to look. One that was
-- taken for dead enters nothing: nobody would look there again.
--
-- KEYS  workers, services of the worker (set)
-- ARGV  1 worker id   2 service id
-- Reply 1, or 0 when it was taken for dead
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
return 1
