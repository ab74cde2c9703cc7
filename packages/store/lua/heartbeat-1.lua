-- A worker says that it lives. One that was buried meanwhile must come back under a new id: whatever it held
-- under the old one is being given away.
--
-- KEYS  workers
-- ARGV  1 worker id   2 time to live, ms   3 '1' to join, '0' to continue
-- Reply { '1' alive or '0' buried, number of live workers }
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local alive = 1
if ARGV[3] == '1' or redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], ms + tonumber(ARGV[2]), ARGV[1])
else
  alive = 0
end
return { alive, redis.call('ZCOUNT', KEYS[1], ms, '+inf') }
