-- An instance has accepted a request that goes on after its response. In one step the request is recorded and its slot
-- passes from the worker that sent it to the holder `async`, which no reaper buries: the slot outlives the worker.
-- One that is over already (another worker cancelled it before this one could record it) only gives its slot back.
--
-- KEYS  slots, leases, open, waiters, holders, ejections, buried, async, async that are over
-- ARGV  1 request id   2 request (JSON, opaque)   3 instance id   4 worker that looks after it   5 for how long (ms)
--       6 worker that holds the slot now; empty when nobody does, because Redis lost the record
--       7 channel prefix   8 service id
-- Reply { 1 when the slot was taken from the worker, else 0; due (ms, clock of Redis), 0 when it is over already }
--- @include "slots"
--- @include "async-requests"
local ASYNC = KEYS[8]
local request, instance, holder_id = ARGV[1], ARGV[3], ARGV[6]
local known = read_async(ASYNC, request)
if known then return { 0, known.due } end
local held = holder_id ~= '' and tonumber(redis.call('HGET', LEASES, holder_id .. '\t' .. instance) or '0') > 0
if held then add_lease(holder_id, instance, -1) end
if redis.call('ZSCORE', KEYS[9], request) then
  refresh_open(instance)
  tell_grants(grant_waiting(), '', ARGV[7], ARGV[8])
  return { held and 1 or 0, 0 }
end
local entry = { due = now_ms() + tonumber(ARGV[5]), owner = ARGV[4], instance = instance, json = ARGV[2] }
write_async(ASYNC, request, entry)
-- It runs, so it counts even above the instance's capacity.
add_lease('async', instance, 1)
refresh_open(instance)
return { held and 1 or 0, entry.due }
