-- Frees what a dead worker held in one service and passes it on.
--
-- KEYS  slots, leases, open, waiters, holders
-- ARGV  1 worker id   2 channel prefix   3 service id
-- Reply slots freed
--- @include "slots"
local freed = 0
for _, row in ipairs(holdings(ARGV[1])) do freed = freed + row[2] end
forget(ARGV[1])
tell_grants(grant_waiting(policy_of()), '', ARGV[2], ARGV[3])
return freed
