-- Writes a service's description, once; it never changes afterwards. Source tokens accumulate.
--
-- KEYS  service, services
-- ARGV  1 service id   2 description (JSON)   3 effective description (JSON)   4 now, ms   5 source tokens (JSON) or ''
-- Reply 1 when the service is new
local fresh = redis.call('HSETNX', KEYS[1], 'description', ARGV[2])
if fresh == 1 then redis.call('HSET', KEYS[1], 'effective', ARGV[3], 'created', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSETNX', KEYS[1], 'source:' .. ARGV[5], ARGV[4]) end
redis.call('SADD', KEYS[2], ARGV[1])
return fresh
