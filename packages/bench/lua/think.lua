-- wrk: each connection waits a random time before each request, so that the load is a rate and not "as fast as it goes"
function init(args)
  longest = tonumber(args[1])
end
function delay()
  return math.random(0, longest)
end
