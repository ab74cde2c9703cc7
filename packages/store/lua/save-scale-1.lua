-- Saves what the scaler carries from one evaluation to the next, unless a later leader has saved already.
--
-- KEYS  scale
-- ARGV  1 epoch   2 state (JSON)
-- Reply 1, or 0 for an older epoch
if tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'state', ARGV[2])
return 1
