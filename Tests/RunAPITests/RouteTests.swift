import APIMachinery
import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

/// The routes over real sockets.
@Suite("HTTP API")
struct RouteTests {
    @Test("A run from submission to report, as a runner in another language would do it")
    func wholeRun() async throws {
        try await withServer { server in
            let submitted = try await server.call(
                "POST",
                "/api/v1/namespaces/default/workflows/two/runs",
                #"{"params":{"who":"you"},"priority":12,"idempotencyKey":"k","labels":{"l":"v"}}"#
            )
            #expect(submitted.code == 201)
            let name = try #require(submitted.json["name"]?.stringValue)

            let terms = try await server.agent("register", ["podUID": "u", "concurrency": 2, "protocolVersion": 1])
            #expect(terms == ["leaseSeconds": 30, "heartbeatSeconds": 3, "pollSeconds": 20, "drain": false])
            let leased = try await server.agent("lease", ["capacity": 2, "waitSeconds": 0])
            #expect(leased["drain"] == false)
            let job = try #require(leased["jobs"]?[0])
            #expect(job["run"]?["name"]?.stringValue == name && job["run"]?["namespace"] == "default")
            #expect(job["step"] == "greet" && job["actor"] == "exec" && job["attempt"] == 1 && job["workflow"] == "two")
            #expect(job["with"] == ["text": "hello you"])
            #expect(job["leaseSeconds"] == 30 && job["queueTimeMs"]?.doubleValue != nil)
            let id = try #require(job["id"])
            let token = try #require(job["token"])

            let beat = try await server.agent(
                "heartbeat",
                [
                    "jobs": [["job": id, "token": token]],
                    "load": ["cpuMillicores": 12.5, "memoryMB": 3, "slotsBusy": 1],
                ]
            )
            #expect(beat == ["cancel": [], "lost": [], "drain": false, "register": false])

            let report: JSONValue = [
                "job": id, "token": token, "outcome": "Succeeded", "output": ["n": 1.5, "t": "ü"],
                "metrics": ["execution_time_ms": 12.25, "memory_peak_mb": 3],
                "startedAt": "2026-01-02T03:04:05.000000001Z",
                "finishedAt": "2026-01-02T03:04:06Z", "logTail": "one\ntwo\n",
            ]
            let answer = try await server.agent("report", ["reports": [report], "capacity": 2])
            #expect(answer["results"] == [["job": id, "status": "Accepted"]])
            let second = try #require(answer["jobs"]?[0])
            #expect(second["step"] == "after" && second["timeoutSeconds"] == 9)
            let again = try await server.agent("report", ["reports": [report], "capacity": 0])
            #expect(again["results"] == [["job": id, "status": "Duplicate"]] && again["jobs"] == [])

            let failure: JSONValue = [
                "job": second["id"] ?? .null, "token": second["token"] ?? .null, "outcome": "Failed",
                "error": ["reason": "ExitCode", "message": "exit 3", "exitCode": 3, "retryable": false], "metrics": [:],
            ]
            _ = try await server.agent("report", ["reports": [failure], "capacity": 0])

            let run = try await server.call("GET", "/api/v1/namespaces/default/runs/\(name)", token: "reader")
            #expect(run.code == 200)
            #expect(run.json["apiVersion"] == "runs.martinet.dev/v1alpha1" && run.json["kind"] == "WorkflowRun")
            #expect(run.json.value(at: "metadata", "labels", "l") == "v")
            #expect(
                run.json.value(at: "spec", "params", "who") == "you" && run.json.value(at: "spec", "priority") == 12
            )
            #expect(
                run.json.value(at: "status", "phase") == "Failed" && run.json.value(at: "status", "progress") == "1/2"
            )
            let steps = try #require(run.json.value(at: "status", "steps")?.arrayValue)
            #expect(steps[0]["output"] == ["n": 1.5, "t": "ü"] && steps[0].value(at: "metrics", "memory_peak_mb") == 3)
            #expect(steps[0]["runner"] == "pod-1" && steps[0]["attempts"] == 1 && steps[0]["phase"] == "Succeeded")
            #expect(steps[1]["error"] == ["reason": "ExitCode", "message": "exit 3", "exitCode": 3])
            // What is served can be read as the typed object.
            let typed = try JSONValueDecoder().decode(WorkflowRun.self, from: run.json)
            #expect(typed.status?.steps?.first?.metrics?["execution_time_ms"] == 12.25)

            let logs = try await server.call("GET", "/api/v1/namespaces/default/runs/\(name)/logs")
            #expect(logs.json["steps"]?[0]?["log"] == "one\ntwo\n")
            let retried = try await server.call("POST", "/api/v1/namespaces/default/runs/\(name)/retry")
            #expect(retried.json.value(at: "status", "phase") == "Pending")
            let cancelled = try await server.call("POST", "/api/v1/namespaces/default/runs/\(name)/cancel", "{}")
            #expect(cancelled.json.value(at: "status", "phase") == "Cancelled")
            #expect(try await server.call("DELETE", "/api/v1/namespaces/default/runs/\(name)").code == 200)
            #expect(try await server.call("GET", "/api/v1/namespaces/default/runs/\(name)").code == 404)
            #expect(try await server.agent("deregister") == [:])
        }
    }

    @Test("A batch is answered in order, and lists are filtered and paged")
    func lists() async throws {
        try await withServer { server in
            let batch = try await server.call(
                "POST",
                "/api/v1/namespaces/default/workflows/one/runs",
                #"{"items":[{},{"idempotencyKey":"x"},{"idempotencyKey":"x"}]}"#
            )
            let items = try #require(batch.json["items"]?.arrayValue)
            #expect(items.map { $0["existed"]?.boolValue } == [false, false, true])
            let all = try await server.call("GET", "/api/v1/namespaces/default/runs?limit=1&phase=Pending,Running")
            #expect(all.json["items"]?.arrayValue?.count == 1 && all.json["kind"] == "WorkflowRunList")
            let next = try #require(all.json.value(at: "metadata", "continue")?.stringValue)
            let rest = try await server.call("GET", "/api/v1/namespaces/default/runs?continue=\(next)")
            #expect(rest.json["items"]?.arrayValue?.count == 1)
            #expect(try await server.call("GET", "/api/v1/namespaces/default/runs?workflow=two").json["items"] == [])
            let queue = try await server.call("GET", "/api/v1/namespaces/default/queues/default")
            #expect(queue.json["ready"] == 2 && queue.json["dead"] == 0)
            let queues = try await server.call("GET", "/api/v1/namespaces/default/queues")
            #expect(queues.json["items"]?.arrayValue?.count == 1)
        }
    }

    @Test(
        "Errors are Status objects with the right code",
        arguments: [
            ("POST", "/api/v1/namespaces/default/workflows/one/runs", "{}", nil, 401, "Unauthorized"),
            ("POST", "/api/v1/namespaces/default/workflows/one/runs", "{}", "reader", 403, "not allowed"),
            (
                "POST", "/api/v1/namespaces/default/workflows/none/runs", "{}", "admin", 404,
                "workflows.martinet.dev \"none\" not found"
            ),
            ("POST", "/api/v1/namespaces/default/workflows/one/runs", "{", "admin", 400, "the body is not JSON"),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", "[]", "admin", 400,
                "must be a JSON object, not array"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"items":3}"#, "admin", 400,
                "\"items\" must be a list"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"items":[{},{"params":{"y":1}}]}"#, "admin",
                422, "items[1].params.y: Invalid value: 1: the workflow has no parameters"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"priority":"high"}"#, "admin", 422,
                "priority: Invalid value"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"prams":{}}"#, "admin", 422,
                "prams: Invalid value"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"name":"Not A Label"}"#, "admin", 422,
                "name: Invalid value"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"name":"a..b"}"#, "admin", 422,
                "name: Invalid value: \"a..b\": a lowercase RFC 1123 subdomain must consist of"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"labels":{"a b":"c d"}}"#, "admin", 422,
                "labels: Invalid value: \"a b\": name part must consist of"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"items":[{}],"priority":3}"#, "admin", 422,
                "priority: Invalid value: 3: unknown field; a batch has items only"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"priority":1e300}"#, "admin", 422,
                "priority: Invalid value: 1e+300: must be an integer from -1000000000 to 1000000000"
            ),
            (
                "POST", "/api/v1/namespaces/default/workflows/two/runs", #"{"params":{"who":3}}"#, "admin", 422,
                "params.who: Invalid value: 3: must be a text, as its default is \"world\": found integer"
            ),
            (
                "POST", "/agents/v1/heartbeat",
                #"{"namespace":"default","pool":"default","runner":"r","load":{"cpuMillicores":1e300}}"#, "runner", 400,
                "\"load.cpuMillicores\" must be a number from 0 to 1000000000, not 1e+300"
            ),
            (
                "POST", "/agents/v1/heartbeat",
                #"{"namespace":"default","pool":"default","runner":"r","load":7}"#, "runner", 400,
                "\"load\" must be an object, not integer"
            ),
            (
                "POST", "/agents/v1/register",
                #"{"namespace":"default","pool":"default","runner":"r","concurrency":9223372036854775807}"#, "runner",
                400,
                "\"concurrency\" must be an integer from 1 to 1024, not 9223372036854775807"
            ),
            (
                "POST", "/agents/v1/lease",
                #"{"namespace":"default","pool":"default","runner":"r","capacity":1e300}"#, "runner", 400,
                "\"capacity\" must be an integer from 0 to 1024, not 1e+300"
            ),
            (
                "POST", "/agents/v1/report",
                #"{"namespace":"default","pool":"default","runner":"r","reports":[{"job":"1.0.1","token":"1","outcome":"Failed","metrics":{"cpu_percent":"much"}}]}"#,
                "runner", 400, "reports[0].metrics.cpu_percent must be a number, not \"much\""
            ),
            (
                "GET", "/api/v1/namespaces/default/runs/none", nil, "admin", 404,
                "workflowruns.runs.martinet.dev \"none\" not found"
            ),
            ("GET", "/api/v1/namespaces/default/runs?phase=Done", nil, "admin", 400, "unknown phase \"Done\""),
            ("GET", "/api/v1/namespaces/default/runs?limit=0", nil, "admin", 400, "limit must be 1 to 1000"),
            ("POST", "/api/v1/namespaces/default/runs/none/cancel", nil, "admin", 404, "not found"),
            (
                "POST", "/api/v1/namespaces/default/queues/default/deadletters/1.0.1/requeue", nil, "admin", 404,
                "not found"
            ),
            (
                "POST", "/api/v1/namespaces/default/queues/default/deadletters/x/requeue", nil, "admin", 400,
                "\"x\" is not the id of a job"
            ),
            ("POST", "/agents/v1/lease", "{}", "runner", 400, "\"namespace\" is missing"),
            (
                "POST", "/agents/v1/lease", #"{"namespace":"default","pool":"other","runner":"r"}"#, "runner", 403,
                "not allowed"
            ),
            (
                "POST", "/agents/v1/register",
                #"{"namespace":"default","pool":"default","runner":"r","protocolVersion":9}"#, "runner", 400,
                "protocolVersion 9 is not supported"
            ),
            (
                "POST", "/agents/v1/report",
                #"{"namespace":"default","pool":"default","runner":"r","reports":[{"job":"1.0.1","token":"1","outcome":"Done"}]}"#,
                "runner", 400, "reports[0].outcome must be one of Succeeded, Failed, TimedOut, Cancelled"
            ),
            (
                "POST", "/agents/v1/report",
                #"{"namespace":"default","pool":"default","runner":"r","reports":[{"job":"one"}]}"#, "runner", 400,
                "reports[0].job must be a job's id"
            ),
        ] as [(String, String, String?, String?, Int, String)]
    )
    func errors(method: String, path: String, body: String?, token: String?, code: Int, message: String) async throws {
        try await withServer { server in
            let answer = try await server.call(method, path, body, token: token)
            #expect(answer.code == code)
            #expect(answer.json["kind"] == "Status" && answer.json["code"]?.intValue == Int64(code))
            #expect(
                answer.json["message"]?.stringValue?.contains(message) == true,
                "\(answer.json["message"]?.text ?? "")"
            )
        }
    }

    @Test("A full queue answers 429 with a time to wait")
    func shedding() async throws {
        try await withServer { server in
            server.fixture.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDepth: 1))
            let path = "/api/v1/namespaces/default/workflows/one/runs"
            #expect(try await server.call("POST", path, "{}").code == 201)
            let refused = try await server.call("POST", path, "{}")
            #expect(refused.code == 429)
            #expect(refused.retryAfter.flatMap { Int($0) } ?? 0 >= 1)
        }
    }

    @Test("A body that is too large is refused")
    func largeBody() async throws {
        try await withServer { server in
            let body = #"{"params":{"x":""# + String(repeating: "a", count: 33 << 20) + #""}}"#
            let answer = try? await server.call("POST", "/api/v1/namespaces/default/workflows/one/runs", body)
            // The server may close the connection before the client has sent everything.
            if let answer { #expect(answer.code == 413) }
        }
    }

    @Test("A long poll is answered when a job arrives")
    func longPoll() async throws {
        try await withServer { server in
            async let waiting = server.agent("lease", ["capacity": 1, "waitSeconds": 20])
            _ = try await server.call("POST", "/api/v1/namespaces/default/workflows/one/runs", "{}")
            let answer = try await waiting
            #expect(answer["jobs"]?.arrayValue?.count == 1)
        }
    }
}
