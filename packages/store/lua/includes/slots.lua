-- Shared by the lease scripts. KEYS[1..5] are always: slots, leases, open, waiters, holders of one service.
--   slots   hash  instance -> "capacity startedAt open host port"   (open: 1 takes new leases, 0 drains)
--   leases  hash  instance -> slots leased; worker .. "\t" .. instance -> slots this worker holds
--   open    zset  open instances with at least one free slot, by start time
--   waiters zset  workers that wait, by arrival of their oldest request (milliseconds)
--   holders hash  worker -> "version want queued step"
-- Invariants after every script: no instance has more leases than capacity unless re-asserted over it; a waiter
-- exists only while no slot is free.
local SLOTS, LEASES, OPEN, WAITERS, HOLDERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function instance_row(iid)
  local row = redis.call('HGET', SLOTS, iid)
  if not row then return nil end
  local cap, started, open, host, port = string.match(row, '^(%d+) (%-?%d+) (%d) (%S+) (%d+)$')
  return { cap = tonumber(cap), started = tonumber(started), open = open == '1', host = host, port = tonumber(port) }
end

local function leased(iid)
  return tonumber(redis.call('HGET', LEASES, iid) or '0')
end

-- Enters the instance among those with free slots, or takes it out; forgets a vanished one once nothing is leased.
local function refresh_open(iid)
  local row = instance_row(iid)
  local used = leased(iid)
  if row and row.open and used < row.cap then
    redis.call('ZADD', OPEN, row.started, iid)
  else
    redis.call('ZREM', OPEN, iid)
  end
  if used <= 0 then redis.call('HDEL', LEASES, iid) end
end

local function holder(wid)
  local value = redis.call('HGET', HOLDERS, wid)
  if not value then return nil end
  local version, want, queued, step = string.match(value, '^(%d+) (%d+) (%d+) (%S+)$')
  return { version = tonumber(version), want = tonumber(want), queued = tonumber(queued), step = tonumber(step) }
end

local function save_holder(wid, h)
  redis.call('HSET', HOLDERS, wid, string.format('%d %d %d %.3f', h.version, h.want, h.queued, h.step))
end

local function add_lease(wid, iid, n)
  redis.call('HINCRBY', LEASES, iid, n)
  if redis.call('HINCRBY', LEASES, wid .. '\t' .. iid, n) <= 0 then redis.call('HDEL', LEASES, wid .. '\t' .. iid) end
end

-- Next instance to lease from, by the service's load-balancing policy; nil when nothing is free.
local function next_open(policy)
  local found
  if policy == 'youngest' then
    found = redis.call('ZREVRANGE', OPEN, 0, 0)
  elseif policy == 'random' then
    found = redis.call('ZRANDMEMBER', OPEN, 1)
  else
    found = redis.call('ZRANGE', OPEN, 0, 0)
  end
  return found[1]
end

-- Leases up to n slots to wid; adds { iid, count, host, port, startedAt } rows to grants; returns how many.
local function take(wid, n, policy, grants)
  local got = 0
  while got < n do
    local iid = next_open(policy)
    if not iid then break end
    local row = instance_row(iid)
    local free = row.cap - leased(iid)
    local count = math.min(free, n - got)
    -- One slot at a time spreads a random service; a packed one fills an instance before the next.
    if policy == 'random' then count = 1 end
    add_lease(wid, iid, count)
    if free - count <= 0 then redis.call('ZREM', OPEN, iid) end
    got = got + count
    local last = grants[#grants]
    if last and last[1] == iid then
      last[2] = last[2] + count
    else
      grants[#grants + 1] = { iid, count, row.host, row.port, row.started }
    end
  end
  return got
end

-- Hands free slots to waiting workers, oldest request first. A worker names its oldest arrival and the mean distance
-- to the next ones, so that one with many young requests does not overtake. Returns grants by worker.
local function grant_waiting(policy)
  local granted = {}
  while true do
    if redis.call('ZCARD', OPEN) == 0 then break end
    local first = redis.call('ZRANGE', WAITERS, 0, 0, 'WITHSCORES')
    local wid = first[1]
    if not wid then break end
    local h = holder(wid)
    if not h or h.want <= 0 then
      redis.call('ZREM', WAITERS, wid)
    else
      granted[wid] = granted[wid] or {}
      take(wid, 1, policy, granted[wid])
      h.want = h.want - 1
      save_holder(wid, h)
      if h.want == 0 then
        redis.call('ZREM', WAITERS, wid)
      else
        redis.call('ZADD', WAITERS, tonumber(first[2]) + h.step, wid)
      end
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

-- Asks every other holder for idle slots, when wid waits. Each is told the oldest arrival that waits anywhere but with
-- itself: it must not serve a younger one. Returns that arrival for wid, or -1.
local function tell_recall(wid, channel, service)
  local waiting = redis.call('ZRANGE', WAITERS, 0, -1, 'WITHSCORES')
  if #waiting == 0 then return -1 end
  local function oldest_beside(me)
    if waiting[1] ~= me then return tonumber(waiting[2]) end
    return waiting[4] and tonumber(waiting[4]) or -1
  end
  if redis.call('ZSCORE', WAITERS, wid) then
    local need = 0
    for i = 1, #waiting, 2 do
      local h = holder(waiting[i])
      if h then need = need + h.want end
    end
    for _, other in ipairs(redis.call('HKEYS', HOLDERS)) do
      if other ~= wid then
        local message = { type = 'recall', service = service, oldest = oldest_beside(other), need = need }
        redis.call('PUBLISH', channel .. other, cjson.encode(message))
      end
    end
  end
  return oldest_beside(wid)
end

local function policy_of()
  return redis.call('HGET', SLOTS, ' policy') or 'oldest'
end

-- What wid holds, as { iid, count, host, port, startedAt, open } rows; port 0 when the instance is not published.
local function holdings(wid)
  local rows = {}
  local prefix = wid .. '\t'
  local all = redis.call('HGETALL', LEASES)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, #prefix) == prefix then
      local iid = string.sub(all[i], #prefix + 1)
      local row = instance_row(iid)
      if row then
        rows[#rows + 1] = { iid, tonumber(all[i + 1]), row.host, row.port, row.started, row.open and 1 or 0 }
      else
        rows[#rows + 1] = { iid, tonumber(all[i + 1]), '', 0, 0, 0 }
      end
    end
  end
  return rows
end

local function queued_everywhere()
  local total = 0
  for _, value in ipairs(redis.call('HVALS', HOLDERS)) do
    total = total + tonumber(string.match(value, '^%d+ %d+ (%d+)'))
  end
  return total
end

-- Drops everything wid holds or waits for.
local function forget(wid)
  for _, row in ipairs(holdings(wid)) do
    add_lease(wid, row[1], -row[2])
    refresh_open(row[1])
  end
  redis.call('ZREM', WAITERS, wid)
  redis.call('HDEL', HOLDERS, wid)
end
