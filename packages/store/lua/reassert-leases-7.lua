-- A worker that found Redis with less than it knew, or comes back under a new id, states what it really has in flight. Its
-- requests are running, so they count even above an instance's capacity; nothing is granted there until they end.
--
-- KEYS  slots, leases, open, waiters, holders, ejections, buried
-- ARGV  1 worker id   2 version to continue from   3 channel prefix   4 service id   5.. pairs: instance id, in flight
-- Reply version of its holdings, or -1 when it was taken for dead: it must come back under a new id
--- @include "slots"
local wid = ARGV[1]
if redis.call('ZSCORE', BURIED, wid) then return -1 end
local before = holder(wid)
-- Above both, so that a grant published before this is recognised as old.
local version = math.max(before and before.version or 0, tonumber(ARGV[2])) + 1
forget(wid)
for i = 5, #ARGV, 2 do
  local n = tonumber(ARGV[i + 1])
  if n > 0 then
    add_lease(wid, ARGV[i], n)
    refresh_open(ARGV[i])
  end
end
-- Its queue is still there, and said again by the next exchange.
save_holder(wid, at_rest(version, before and before.queued or 0))
tell_grants(grant_waiting(), wid, ARGV[3], ARGV[4])
return version
