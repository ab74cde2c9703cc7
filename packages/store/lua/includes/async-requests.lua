-- Shared by the scripts of async requests. A value of the hash `async` is "due owner instance\nrequest": until when (ms,
-- clock of Redis) the worker `owner` looks after the request, the instance that works on it, and JSON that is opaque here.
--- @include "clock"

local function read_async(key, request)
  local value = redis.call('HGET', key, request)
  if not value then return nil end
  local due, owner, instance, json = string.match(value, '^(%d+) (%S+) (%S+)\n(.*)$')
  return { due = tonumber(due), owner = owner, instance = instance, json = json }
end

local function write_async(key, request, entry)
  local head = string.format('%d %s %s\n', entry.due, entry.owner, entry.instance)
  redis.call('HSET', key, request, head .. entry.json)
end
