-- Writes a service's description, once; it never changes afterwards. References accumulate; the oldest go, except {}.
--
-- KEYS  service, services
-- ARGV  1 service id   2 description (JSON)   3 effective description (JSON)   4 now, ms   5 reference (JSON) or ''
--       6 references that are kept
-- Reply 1 when the service is new
local fresh = redis.call('HSETNX', KEYS[1], 'description', ARGV[2])
if fresh == 1 then redis.call('HSET', KEYS[1], 'effective', ARGV[3], 'created', ARGV[4]) end
if ARGV[5] ~= '' and redis.call('HSETNX', KEYS[1], 'reference:' .. ARGV[5], ARGV[4]) == 1 then
  local count, oldest, since = 0, nil, math.huge
  local row = redis.call('HGETALL', KEYS[1])
  for i = 1, #row, 2 do
    if string.sub(row[i], 1, 10) == 'reference:' and row[i] ~= 'reference:{}' then
      count = count + 1
      if tonumber(row[i + 1]) < since then oldest, since = row[i], tonumber(row[i + 1]) end
    end
  end
  if count > tonumber(ARGV[6]) then redis.call('HDEL', KEYS[1], oldest) end
end
redis.call('SADD', KEYS[2], ARGV[1])
return fresh
