-- What is asked, from the arguments (cookie=NAME=VALUE, body=BYTES, close=1, pipeline=COUNT); and wrk's figures as one
-- line of JSON, durations in microseconds.
function init(args)
  local count = 1
  for _, argument in ipairs(args) do
    local name, value = argument:match('^(%w+)=(.*)$')
    if name == 'cookie' then wrk.headers['Cookie'] = value end
    if name == 'close' then wrk.headers['Connection'] = 'close' end
    if name == 'body' then
      wrk.method = 'POST'
      wrk.body = string.rep('x', tonumber(value))
    end
    if name == 'pipeline' then count = tonumber(value) end
  end
  if count > 1 then
    local batch = string.rep(wrk.format(), count)
    request = function() return batch end
  end
end

done = function(summary, latency)
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"max":%d,"status":%d,"timeout":%d,"socket":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    summary.errors.status, summary.errors.timeout,
    summary.errors.connect + summary.errors.read + summary.errors.write))
end
