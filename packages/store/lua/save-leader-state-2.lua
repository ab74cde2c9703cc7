-- Writes what the leader tells of itself, unless a later leader has been elected.
--
-- KEYS  leader-state (hash: component -> JSON), epoch
-- ARGV  1 epoch   then for each component: name, JSON
-- Reply 1, or 0 for an older epoch
if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1])
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
