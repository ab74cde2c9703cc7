-- Writes the index entries of a token as it was read; a token that has changed since was indexed by its writer.
--
-- KEYS  token, tokens (index), owner, owners
-- ARGV  1 revision that was read   2 name   3 owner   4 index entry (JSON)   5 1 if live, 0 if soft-deleted
-- Reply 1 written, else 0
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
redis.call('SADD', KEYS[4], ARGV[3])
if ARGV[5] == '1' then redis.call('SADD', KEYS[3], ARGV[2]) else redis.call('SREM', KEYS[3], ARGV[2]) end
return 1
