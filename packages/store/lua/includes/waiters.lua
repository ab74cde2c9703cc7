local function holder(wid)
  local value = redis.call('HGET', HOLDERS, wid)
  if not value then return nil end
  local version, queued, n1, f1, s1, n2, f2, s2 =
    string.match(value, '^(%d+) (%d+) (%d+) (%S+) (%S+) (%d+) (%S+) (%S+)$')
  return {
    version = tonumber(version),
    queued = tonumber(queued),
    n1 = tonumber(n1), f1 = tonumber(f1), s1 = tonumber(s1),
    n2 = tonumber(n2), f2 = tonumber(f2), s2 = tonumber(s2),
  }
end

local function save_holder(wid, h)
  local row = string.format('%d %d %d %.3f %.3f %d %.3f %.3f', h.version, h.queued, h.n1, h.f1, h.s1, h.n2, h.f2, h.s2)
  redis.call('HSET', HOLDERS, wid, row)
end

-- A row of a worker that waits for nothing.
local function at_rest(version, queued)
  return { version = version, queued = queued, n1 = 0, f1 = 0, s1 = 0, n2 = 0, f2 = 0, s2 = 0 }
end

-- Enters the worker among the waiting by its first request, or takes it out.
local function save_waiter(wid, h)
  save_holder(wid, h)
  if h.n1 + h.n2 <= 0 then
    redis.call('ZREM', WAITERS, wid)
  else
    redis.call('ZADD', WAITERS, h.n1 > 0 and h.f1 or h.f2, wid)
  end
end

-- Hands free slots to waiting workers, first request first. A worker names the rank of its first one and the mean distance
-- to the next ones, so that one with many young requests does not overtake. Adds to grants, by worker.
local function grant_waiting()
  local granted = {}
  while redis.call('ZCARD', OPEN) > 0 do
    local wid = redis.call('ZRANGE', WAITERS, 0, 0)[1]
    if not wid then break end
    local h = holder(wid)
    if not h or h.n1 + h.n2 <= 0 then
      redis.call('ZREM', WAITERS, wid)
    else
      granted[wid] = granted[wid] or {}
      take(wid, 1, granted[wid])
      if h.n1 > 0 then
        h.n1, h.f1 = h.n1 - 1, h.f1 + h.s1
      else
        h.n2, h.f2 = h.n2 - 1, h.f2 + h.s2
      end
      h.queued = math.max(0, h.queued - 1)
      save_waiter(wid, h)
    end
  end
  return granted
end

-- Tells workers what they were granted (all but `except`, whose grants are in its reply). The version of the
-- holdings lets a worker notice a message that it missed.
local function tell_grants(granted, except, channel, service)
  for wid, rows in pairs(granted) do
    if wid ~= except then
      local h = holder(wid)
      h.version = h.version + 1
      save_holder(wid, h)
      redis.call('PUBLISH', channel .. wid, cjson.encode({ type = 'grant', service = service, version = h.version, grants = rows }))
    end
  end
end

-- Asks every other holder for idle slots, when wid waits. Each is told the first rank that waits anywhere but with
-- itself: it must not serve a later one. Returns that rank for wid as text, or ''.
local function tell_recall(wid, channel, service)
  local waiting = redis.call('ZRANGE', WAITERS, 0, -1, 'WITHSCORES')
  local function first_beside(me)
    if waiting[1] ~= me then return waiting[2] or '' end
    return waiting[4] or ''
  end
  if redis.call('ZSCORE', WAITERS, wid) then
    local need = 0
    for i = 1, #waiting, 2 do
      local h = holder(waiting[i])
      if h then need = need + h.n1 + h.n2 end
    end
    for _, other in ipairs(redis.call('HKEYS', HOLDERS)) do
      if other ~= wid then
        local message = { type = 'recall', service = service, first = tonumber(first_beside(other)), need = need }
        redis.call('PUBLISH', channel .. other, cjson.encode(message))
      end
    end
  end
  return first_beside(wid)
end

-- Tells every worker that holds or waits which instances are ejected, if that changed. Returns version and rows.
local function tell_ejections(channel, service)
  local version, rows, changed = ejection_news()
  if changed then
    local list = #rows == 0 and '[]' or cjson.encode(rows)
    local text = '{"type":"ejections","service":' .. cjson.encode(service) .. ',"version":' .. string.format('%d', version) .. ',"ejections":' .. list .. '}'
    for _, wid in ipairs(redis.call('HKEYS', HOLDERS)) do redis.call('PUBLISH', channel .. wid, text) end
  end
  return version, rows
end

local function queued_everywhere()
  local total = 0
  for _, value in ipairs(redis.call('HVALS', HOLDERS)) do
    total = total + tonumber(string.match(value, '^%d+ (%d+)'))
  end
  return total
end
