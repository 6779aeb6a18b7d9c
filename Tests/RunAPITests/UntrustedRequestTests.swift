import APIMachinery
import RunEngine
import RunTestSupport
import Spec
import Storage
import Testing

/// Requests that are valid JSON with values out of bounds, and stored values that cannot be served as they are.
@Suite("Untrusted requests")
struct UntrustedRequestTests {
    private static let numbers: [JSONValue] = [
        0, -1, 1, 1024, 1025, .int(.max), .int(.min), 1e300, -1e300, 0.5, 2.5, "NaN", "1e300", .null, true, [], [:],
    ]

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test("What a report says of a failure is cut, and its measurements are bounded")
    func largeReports() async throws {
        try await withServer { server in
            _ = try await server.call("POST", "/api/v1/namespaces/default/workflows/one/runs", #"{"name":"r"}"#)
            _ = try await server.agent("register", ["concurrency": 1])
            let job = try #require(try await server.agent("lease", ["capacity": 1])["jobs"]?[0])
            var report: JSONObject = [
                "job": job["id"] ?? "", "token": job["token"] ?? "", "outcome": "Failed",
                "error": [
                    "reason": .string(String(repeating: "R", count: 100_000)),
                    "message": .string(String(repeating: "ü", count: 5_000_000)), "retryable": false,
                ],
            ]
            report["metrics"] = .object(JSONObject((0..<10_000).map { ("m\($0)", 1) }))
            let body: JSONValue = [
                "namespace": "default", "pool": "default", "runner": "pod-1", "reports": [.object(report)],
            ]
            let refused = try await server.call("POST", "/agents/v1/report", body.text)
            #expect(refused.code == 400)
            #expect(refused.json["message"]?.stringValue?.contains("reports[0].metrics has ") == true)
            report["metrics"] = nil
            _ = try await server.agent("report", ["reports": [.object(report)], "capacity": 0])
            let run = try await server.call("GET", "/api/v1/namespaces/default/runs/r").json
            let error = run.value(at: "status", "steps")?[0]?["error"]
            #expect(error?["reason"]?.stringValue == String(repeating: "R", count: 256) + "…")
            #expect(error?["message"]?.stringValue == String(repeating: "ü", count: 8192) + "…")
        }
    }

    @Test("Runners may send any number in any member: they are answered 200 or 400, and the engine continues")
    func protocolNumbers() async throws {
        try await withServer { server in
            let calls: [(String, [[String]])] = [
                ("register", [["concurrency"], ["protocolVersion"], ["jobs"]]),
                (
                    "heartbeat",
                    [["load", "cpuMillicores"], ["load", "memoryMB"], ["load", "slotsBusy"], ["load"], ["jobs"]]
                ),
                ("lease", [["capacity"], ["waitSeconds"]]), ("report", [["capacity"], ["reports"]]),
            ]
            for (call, members) in calls {
                for member in members {
                    for number in Self.numbers where member != ["waitSeconds"] || number.intValue ?? 0 <= 0 {
                        var body: JSONValue = ["namespace": "default", "pool": "default", "runner": "r"]
                        body.set(number, at: member)
                        let answer = try await server.call("POST", "/agents/v1/\(call)", body.text, token: "runner")
                        #expect([200, 400].contains(answer.code), "\(call) \(body.text): \(answer.json.text)")
                    }
                }
            }
            // With every slot that runners claimed, a queue without room still answers how long to wait.
            server.fixture.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDepth: 1))
            let path = "/api/v1/namespaces/default/workflows/one/runs"
            #expect(try await server.call("POST", path, "{}").code == 201)
            #expect(try await server.call("POST", path, "{}").code == 429)
        }
    }

    @Test("Runners, pools and namespaces with names that objects cannot have are refused")
    func runnerNames() async throws {
        try await withServer { server in
            for call in ["register", "lease", "heartbeat", "report", "release", "deregister"] {
                for name in ["a/exec", "..", "", "A", "a%2Fb", "${{ 1 / 0 }}", String(repeating: "a", count: 300)] {
                    for member in ["runner", "pool", "namespace"] {
                        var body: JSONValue = ["namespace": "default", "pool": "default", "runner": "r"]
                        body[member] = .string(name)
                        let answer = try await server.call("POST", "/agents/v1/\(call)", body.text, token: "runner")
                        #expect(answer.code == 400, "\(call) \(body.text): \(answer.json.text)")
                        #expect(answer.json["message"]?.stringValue?.hasPrefix("\"\(member)\" must be") == true)
                    }
                }
            }
        }
    }

    @Test("Submissions and lists may have any number in any member")
    func submissionNumbers() async throws {
        try await withServer { server in
            for number in Self.numbers {
                for body: JSONValue in [["priority": number], ["params": ["who": number]], ["items": number]] {
                    let path = "/api/v1/namespaces/default/workflows/two/runs"
                    let answer = try await server.call("POST", path, body.text)
                    #expect([201, 400, 422].contains(answer.code), "\(body.text): \(answer.json.text)")
                }
            }
            for query in [
                "limit=9223372036854775807", "limit=-1", "continue=9223372036854775807",
                "continue=-9223372036854775808",
            ] {
                let answer = try await server.call("GET", "/api/v1/namespaces/default/runs?\(query)")
                #expect([200, 400].contains(answer.code))
            }
        }
    }

    @Test("An output nested too deep fails its own step, and the run can be read", arguments: [200, 201, 500])
    func deepOutput(_ depth: Int) async throws {
        try await withServer { server in
            let name = try await server.fixture.submit("one")
            let job = try #require(try await server.agent("lease", ["capacity": 1])["jobs"]?[0])
            let report = """
                {"namespace":"default","pool":"default","runner":"pod-1","reports":[{"job":\(job["id"]?.text ?? ""),\
                "token":\(job["token"]?.text ?? ""),"outcome":"Succeeded","output":\(Self.nested(depth))}]}
                """
            #expect(try await server.call("POST", "/agents/v1/report", report, token: "runner").code == 200)
            let run = try await server.call("GET", "/api/v1/namespaces/default/runs/\(name)")
            let step = try #require(run.json.value(at: "status", "steps")?[0])
            #expect(step["phase"] == (depth <= 200 ? "Succeeded" : "Failed"))
            if depth > 200 { #expect(step["error"]?["reason"] == "OutputTooDeep") }
        }
    }

    @Test("A run whose values are damaged is listed, read and deleted")
    func damaged() async throws {
        try await withServer { server in
            let f = server.fixture
            let name = try await f.submit("one")
            let other = try await f.submit("one")
            let id = try await f.run(name).run.id
            try await f.engine.store.transaction { transaction in
                guard var run = try transaction.run(id: id), var step = try transaction.steps(run: id).first else {
                    return
                }
                run.params = Array("{\"a\":".utf8)
                try transaction.update(&run)
                step.output = Array(Self.nested(508).utf8)
                step.metrics = Array("}{".utf8)
                try transaction.update(step)
            }
            let list = try await server.call("GET", "/api/v1/namespaces/default/runs")
            #expect(list.json["items"]?.arrayValue?.count == 2)
            let run = try await server.call("GET", "/api/v1/namespaces/default/runs/\(name)")
            #expect(
                run.json.value(at: "status", "unreadable") == [
                    "spec.params", "status.steps[0].output", "status.steps[0].metrics",
                ]
            )
            #expect(try await server.call("DELETE", "/api/v1/namespaces/default/runs/\(name)").code == 200)
            #expect(try await server.call("GET", "/api/v1/namespaces/default/runs/\(other)").code == 200)
        }
    }
}
