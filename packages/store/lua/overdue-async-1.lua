-- Async requests that nobody looks after any more, longest first.
--
-- KEYS  async index (sorted set: "service\trequest id" -> due in ms)
-- ARGV  1 how many at most
-- Reply members
--- @include "async-requests"
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_ms(), 'LIMIT', 0, ARGV[1])
