-- A worker that was taken for dead, or found Redis with less than it knew, states what it really has in flight. Its
-- requests are running, so they count even above an instance's capacity; nothing is granted there until they end.
--
-- KEYS  slots, leases, open, waiters, holders
-- ARGV  1 worker id   2 version to continue from   3 channel prefix   4 service id   5.. pairs: instance id, in flight
-- Reply version of its holdings
--- @include "slots"
local wid = ARGV[1]
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
save_holder(wid, { version = version, want = 0, queued = 0, step = 0 })
tell_grants(grant_waiting(policy_of()), wid, ARGV[3], ARGV[4])
return version
