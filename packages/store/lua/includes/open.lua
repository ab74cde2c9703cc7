local function instance_row(iid)
  local row = redis.call('HGET', SLOTS, iid)
  if not row then return nil end
  local cap, started, state, host, port = string.match(row, '^(%d+) (%-?%d+) (%d) (%S+) (%d+)$')
  return {
    cap = tonumber(cap),
    started = tonumber(started),
    open = state ~= '0',
    expired = state == '2',
    host = host,
    port = tonumber(port),
  }
end

local function leased(iid)
  return tonumber(redis.call('HGET', LEASES, iid) or '0')
end

-- The order in which instances are used, least first. Expired ones come after all others, the youngest first.
local EXPIRED = 4e15
local function preference(row)
  local policy = policy_of()
  if policy == 'random' then return row.expired and 1 or 0 end
  if row.expired then return EXPIRED - row.started end
  return policy == 'youngest' and -row.started or row.started
end

-- Enters the instance among those that can be leased from, or takes it out; forgets a vanished one once nothing is leased.
local function refresh_open(iid)
  local row = instance_row(iid)
  local used = leased(iid)
  if row and row.open and used < row.cap and may_lease(iid) then
    redis.call('ZADD', OPEN, preference(row), iid)
  else
    redis.call('ZREM', OPEN, iid)
  end
  if used <= 0 then redis.call('HDEL', LEASES, iid) end
end

-- Time has passed: instances whose ejection is over can be leased from.
local function open_due()
  for iid, e in pairs(all_ejections()) do
    if now_ms() >= e.till then refresh_open(iid) end
  end
end

local function add_lease(wid, iid, n)
  redis.call('HINCRBY', LEASES, iid, n)
  if redis.call('HINCRBY', LEASES, wid .. '\t' .. iid, n) <= 0 then redis.call('HDEL', LEASES, wid .. '\t' .. iid) end
end

local function least_leased(candidates)
  local best, fewest
  for _, iid in ipairs(candidates) do
    local n = leased(iid)
    if fewest == nil or n < fewest then best, fewest = iid, n end
  end
  return best
end

-- Of equally preferred instances so many are compared by what is leased of them.
local COMPARED = 8
local seeded = false

-- Next instance to lease from, by the service's load-balancing policy; nil when nothing is free. The second value is true
-- when the next slot may have to come from another one. Random: the less used of two drawn ones.
local function next_open()
  local first = redis.call('ZRANGE', OPEN, 0, 0, 'WITHSCORES')
  if not first[1] then return nil, false end
  if policy_of() ~= 'random' then
    local equals = redis.call('ZRANGEBYSCORE', OPEN, first[2], first[2], 'LIMIT', 0, COMPARED)
    return #equals == 1 and equals[1] or least_leased(equals), #equals > 1
  end
  if not seeded then
    seeded = true
    math.randomseed(redis.call('TIME')[2])
  end
  local count = redis.call('ZCOUNT', OPEN, first[2], first[2])
  local function draw()
    local at = math.random(count) - 1
    return redis.call('ZRANGE', OPEN, at, at)[1]
  end
  return least_leased({ draw(), draw() }), true
end

local function lease(wid, iid, row, n, grants)
  local probe = begin_probe(iid, wid)
  if probe then n = 1 end
  add_lease(wid, iid, n)
  if probe or leased(iid) >= row.cap then redis.call('ZREM', OPEN, iid) end
  local last = grants[#grants]
  if last and last[1] == iid and not probe then
    last[2] = last[2] + n
  else
    grants[#grants + 1] = { iid, n, row.host, row.port, row.started, 1, probe and 1 or 0 }
  end
  return n
end

-- Leases up to n slots to wid; adds { iid, count, host, port, startedAt, open, probe } rows to grants.
local function take(wid, n, grants)
  while n > 0 do
    local iid, spread = next_open()
    if not iid then break end
    local row = instance_row(iid)
    n = n - lease(wid, iid, row, spread and 1 or math.min(row.cap - leased(iid), n), grants)
  end
end

-- Leases the slot to try an ejected instance, if one is due.
local function take_probe(wid, grants)
  for iid in pairs(all_ejections()) do
    if redis.call('ZSCORE', OPEN, iid) then return lease(wid, iid, instance_row(iid), 1, grants) end
  end
end
