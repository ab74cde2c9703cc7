local now_read
-- Epoch milliseconds; the same all through a script.
local function now_ms()
  if not now_read then
    local time = redis.call('TIME')
    now_read = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return now_read
end
