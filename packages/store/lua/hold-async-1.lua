-- A worker says that it looks after an async request, or takes one over that nobody does.
--
-- KEYS  async
-- ARGV  1 request id   2 worker id   3 for how long (ms)   4 `renew`: only what is its own; `claim`: also what is overdue
-- Reply { `held`, due (ms, clock of Redis), request (JSON) }, { `taken`, due } when it is another's, or { `gone` }
--- @include "async-requests"
local entry = read_async(KEYS[1], ARGV[1])
if not entry then return { 'gone' } end
local now = now_ms()
if entry.owner ~= ARGV[2] and (ARGV[4] ~= 'claim' or entry.due > now) then return { 'taken', entry.due } end
entry.owner = ARGV[2]
entry.due = now + tonumber(ARGV[3])
write_async(KEYS[1], ARGV[1], entry)
return { 'held', entry.due, entry.json }
