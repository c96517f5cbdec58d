-- wrk sends the requests of a file in turn, each as it stands, and prints what came of it as JSON.
-- The file is the argument after "--"; its requests end in a NUL each.
local requests, at = {}, 0

function init(args)
   local file = assert(io.open(args[1], "rb"))
   for request in file:read("*a"):gmatch("([^%z]+)%z") do
      requests[#requests + 1] = request
   end
   file:close()
end

function request()
   at = at % #requests + 1
   return requests[at]
end

function done(summary)
   local errors = summary.errors
   io.write(string.format(
      '{"answers": %d, "bytes": %d, "microseconds": %d, "broken": %d, "refused": %d}\n',
      summary.requests, summary.bytes, summary.duration,
      errors.connect + errors.read + errors.write + errors.timeout, errors.status
   ))
end
