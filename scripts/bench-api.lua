-- What wrk sends for scripts/bench-api: creates of WorkerPools with names of their own, COUNT of them.
-- Arguments: token, first number, count, file with the object's JSON (NAME stands for the name).
local token, first, count, template

function init(args)
    token, first, count = args[1], tonumber(args[2]), tonumber(args[3])
    local file = assert(io.open(args[4]))
    template = file:read("*a")
    file:close()
    next_number, answered = first, 0
end

local headers = nil
function request()
    headers = headers or { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
    local body = template:gsub("NAME", string.format("bench-%07d", next_number))
    next_number = next_number + 1
    return wrk.format("POST", "/apis/martinet.dev/v1alpha1/namespaces/default/workerpools", headers, body)
end

failures = 0
function response(status, _, body)
    if status ~= 201 then
        failures = failures + 1
        if failures <= 3 then io.stderr:write(status .. " " .. body .. "\n") end
    end
    answered = answered + 1
    if answered == count then
        -- wrk sleeps until its time is over or it is interrupted, and it must not be waiting for this shell then.
        local pid = io.open("/proc/self/stat"):read("*n")
        os.execute("(sleep 0.005; kill -INT " .. pid .. ") &")
    end
end

local thread
function setup(each) thread = each end

function done(summary, latency)
    io.write(string.format(
        "RESULT {\"seconds\": %.3f, \"requests\": %d, \"failures\": %d, \"next\": %d, "
            .. "\"p50\": %.2f, \"p90\": %.2f, \"p99\": %.2f, \"max\": %.2f}\n",
        summary.duration / 1e6, summary.requests, thread:get("failures"), thread:get("next_number"),
        latency:percentile(50) / 1000, latency:percentile(90) / 1000, latency:percentile(99) / 1000,
        latency.max / 1000))
end
