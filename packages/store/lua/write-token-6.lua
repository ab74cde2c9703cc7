-- Stores one version of a token, with its place in the indices and the notice of the change, if nobody was faster.
--
-- KEYS  token, tokens (index), owner, previous owner (the same key when it stays), owners, events
-- ARGV  1 revision that was read, '' if the token is absent   2 new revision   3 data (JSON)   4 hash, '' if soft-deleted
--       5 name   6 owner   7 index entry (JSON)   8 1 if live, 0 if soft-deleted   9 limit of live tokens, '' for none
--       10 notice (JSON)   11 length of events   12 channel   13 notice as it is published: with the request to acknowledge
-- Reply {1, n} stored, n subscribers told   {0} another writer was faster: read again   {-1, n} the owner has n other live tokens already
local current = redis.call('HGET', KEYS[1], 'revision') or ''
-- Sent again after the connection broke, and done the first time.
if current == ARGV[2] then return {1, 0} end
if current ~= ARGV[1] then return {0} end
if ARGV[9] ~= '' then
  local others = redis.call('SCARD', KEYS[3]) - redis.call('SISMEMBER', KEYS[3], ARGV[5])
  if others >= tonumber(ARGV[9]) then return {-1, others} end
end
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'hash', ARGV[4], 'revision', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[5], ARGV[7])
redis.call('SREM', KEYS[4], ARGV[5])
if ARGV[8] == '1' then redis.call('SADD', KEYS[3], ARGV[5]) else redis.call('SREM', KEYS[3], ARGV[5]) end
redis.call('SADD', KEYS[5], ARGV[6])
redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[11], '*', 'notice', ARGV[10])
return {1, redis.call('PUBLISH', ARGV[12], ARGV[13])}
