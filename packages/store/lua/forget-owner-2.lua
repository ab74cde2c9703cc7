-- Takes an owner off the list that has no live token.
--
-- KEYS  owner, owners
-- ARGV  1 owner
-- Reply 1 if taken off
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return redis.call('SREM', KEYS[2], ARGV[1])
