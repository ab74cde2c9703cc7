-- Takes the index entry of a token away that does not exist.
--
-- KEYS  token, tokens (index)
-- ARGV  1 name
-- Reply 1 if taken away
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return redis.call('HDEL', KEYS[2], ARGV[1])
