-- Instances that failed are out of rotation until a time (Redis clock); from then on one slot at a time is leased of
-- them, as a probe. Its success lets the instance in again, its failure doubles the time.
local ejections_read
local ejections_changed = false

local function all_ejections()
  if ejections_read then return ejections_read end
  ejections_read = {}
  local rows = redis.call('HGETALL', EJECTIONS)
  for i = 1, #rows, 2 do
    local failures, till, period, probe = string.match(rows[i + 1], '^(%d+) (%d+) (%d+) (%S+)$')
    if failures then
      ejections_read[rows[i]] =
        { failures = tonumber(failures), till = tonumber(till), period = tonumber(period), probe = probe }
    end
  end
  return ejections_read
end

local function save_ejection(iid, e)
  all_ejections()[iid] = e
  redis.call('HSET', EJECTIONS, iid, string.format('%d %d %d %s', e.failures, e.till, e.period, e.probe))
end

local function drop_ejection(iid)
  all_ejections()[iid] = nil
  redis.call('HDEL', EJECTIONS, iid)
  ejections_changed = true
end

-- False while the instance is ejected, and while its probe is out. A probe that takes longer than the time out of
-- rotation did does not hold up the next one.
local function may_lease(iid)
  local e = all_ejections()[iid]
  return e == nil or now_ms() >= e.till
end

-- A slot of an ejected instance is leased: that is the probe.
local function begin_probe(iid, wid)
  local e = all_ejections()[iid]
  if e == nil then return false end
  e.probe, e.till = wid, now_ms() + e.period
  save_ejection(iid, e)
  return true
end

-- The probe of wid came to nothing: another one may follow at once.
local function end_probe(iid, wid)
  local e = all_ejections()[iid]
  if e == nil or e.probe ~= wid then return end
  e.probe, e.till = '-', now_ms()
  save_ejection(iid, e)
end

-- A request failed. Where the instance is ejected already, only its probe says anything new.
local function eject(iid, wid, base, max, max_exponent)
  local e = all_ejections()[iid]
  if e ~= nil and e.probe ~= wid then return end
  local failures = (e and e.failures or 0) + 1
  local period = math.min(max, base * 2 ^ math.min(max_exponent, failures - 1))
  save_ejection(iid, { failures = failures, till = now_ms() + period, period = period, probe = '-' })
  ejections_changed = true
end

local function readmit(iid, wid)
  local e = all_ejections()[iid]
  if e ~= nil and e.probe == wid then drop_ejection(iid) end
end

-- Rows { instance, failures, ms until the next probe }, and a version that grows even if Redis lost data.
local function ejection_news()
  local version = tonumber(redis.call('HGET', EJECTIONS, ' version') or '0')
  local rows = {}
  for iid, e in pairs(all_ejections()) do rows[#rows + 1] = { iid, e.failures, math.max(0, e.till - now_ms()) } end
  if ejections_changed then
    version = math.max(version + 1, now_ms())
    if #rows == 0 then redis.call('DEL', EJECTIONS) else redis.call('HSET', EJECTIONS, ' version', version) end
    ejections_changed = false
    return version, rows, true
  end
  return version, rows, false
end
