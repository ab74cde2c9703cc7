-- Replaces what one kind of collection knows of its services, unless a later leader has been elected.
--
-- KEYS  deadlines (sorted set: service -> epoch ms), states (hash: service -> JSON), epoch
-- ARGV  1 epoch   then for each service: id, deadline (empty: none), state (JSON)
-- Reply 1, or 0 for an older epoch
if tonumber(redis.call('GET', KEYS[3]) or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
for i = 2, #ARGV, 3 do
  if ARGV[i + 1] ~= '' then redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i]) end
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
end
return 1
