-- Removes a token with its history and its places in the indices, if nobody was faster. Its owner stays listed.
--
-- KEYS  token, tokens (index), owner, events
-- ARGV  1 revision that was read   2 name   3 notice (JSON)   4 length of events   5 channel
--       6 notice as it is published: with the request to acknowledge
-- Reply {1, n} removed, n subscribers told   {0} another writer was faster: read again
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then return {0} end
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('SREM', KEYS[3], ARGV[2])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], '*', 'notice', ARGV[3])
return {1, redis.call('PUBLISH', ARGV[5], ARGV[6])}
