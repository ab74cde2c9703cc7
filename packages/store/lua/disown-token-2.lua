-- Takes a token out of an owner's set that its index entry, as it was read, does not put there.
--
-- KEYS  tokens (index), owner
-- ARGV  1 name   2 index entry that was read (JSON), '' if absent
-- Reply 1 if taken out
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
return redis.call('SREM', KEYS[2], ARGV[1])
