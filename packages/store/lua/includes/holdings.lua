-- What wid holds, as { iid, count, host, port, startedAt, open, probe } rows; port 0 when the instance is not published.
local function holdings(wid)
  local rows = {}
  local prefix = wid .. '\t'
  local all = redis.call('HGETALL', LEASES)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, #prefix) == prefix then
      local iid = string.sub(all[i], #prefix + 1)
      local row = instance_row(iid)
      local e = all_ejections()[iid]
      local probe = e and e.probe == wid and 1 or 0
      if row then
        rows[#rows + 1] = { iid, tonumber(all[i + 1]), row.host, row.port, row.started, row.open and 1 or 0, probe }
      else
        rows[#rows + 1] = { iid, tonumber(all[i + 1]), '', 0, 0, 0, probe }
      end
    end
  end
  return rows
end

-- Drops everything wid holds or waits for.
local function forget(wid)
  for iid in pairs(all_ejections()) do end_probe(iid, wid) end
  for _, row in ipairs(holdings(wid)) do
    add_lease(wid, row[1], -row[2])
    refresh_open(row[1])
  end
  open_due()
  redis.call('ZREM', WAITERS, wid)
  redis.call('HDEL', HOLDERS, wid)
end
