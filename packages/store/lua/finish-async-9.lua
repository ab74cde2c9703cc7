-- An async request is over: its slot is free, and goes to who waits for one.
--
-- KEYS  slots, leases, open, waiters, holders, ejections, buried, async, async that are over
-- ARGV  1 request id   2 channel prefix   3 service id
-- Reply request (JSON), or nil when it was over already, or not recorded yet: then it will not be, for a minute
--- @include "slots"
--- @include "async-requests"
local REMEMBER_MS = 60000
local entry = read_async(KEYS[8], ARGV[1])
if not entry then
  local now = now_ms()
  redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', now - REMEMBER_MS)
  redis.call('ZADD', KEYS[9], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[9], REMEMBER_MS)
  return nil
end
redis.call('HDEL', KEYS[8], ARGV[1])
add_lease('async', entry.instance, -1)
refresh_open(entry.instance)
tell_grants(grant_waiting(), '', ARGV[2], ARGV[3])
return entry.json
