-- Shared by the lease scripts. KEYS[1..7] are always these, of one service:
--   slots      hash  instance -> "capacity startedAt state host port"   (state: 0 drains, 1 takes new leases, 2 does so too
--                    but is expired: the last choice); ' policy' -> load-balancing policy in force
--   leases     hash  instance -> slots leased; worker .. "\t" .. instance -> slots this worker holds
--   open       zset  instances that can be leased from now, best choice first
--   waiters    zset  workers that wait, by the rank of their first request (arrival in ms; prioritised ones: less 1e13)
--   holders    hash  worker -> "version admitted", then for prioritised and for ordinary requests: "count first step"
--   ejections  hash  instance -> "failures until period probe": takes nothing until then, and then one slot at a time
--   buried     zset  workers whose leases were freed because they fell silent, by when; they are never used again
-- Invariants after every script: no instance has more leases than capacity unless re-asserted over it; a waiter exists
-- only while no slot can be leased; of an ejected instance one slot at most is leased anew.
local SLOTS, LEASES, OPEN, WAITERS, HOLDERS, EJECTIONS, BURIED = unpack(KEYS)

--- @include "clock"

local policy_read
local function policy_of()
  policy_read = policy_read or redis.call('HGET', SLOTS, ' policy') or 'oldest'
  return policy_read
end

--- @include "ejections"
--- @include "open"
--- @include "waiters"
--- @include "holdings"
