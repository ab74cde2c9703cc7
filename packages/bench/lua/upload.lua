-- wrk: POST with a body of so many bytes, made once
function init(args)
  wrk.method = "POST"
  wrk.body = string.rep("x", tonumber(args[1]))
end
