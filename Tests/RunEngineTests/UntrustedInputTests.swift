import APIMachinery
import RunEngine
import Spec
import Storage
import Testing

/// Input that is valid JSON and nonsense, and stored values that are older than the rules for them.
@Suite("Untrusted input")
struct UntrustedInputTests {
    private static let numbers: [JSONValue] = [
        0, -1, 1, 1024, 1025, .int(.max), .int(.min), 1e300, -1e300, 0.5, 2.5, "NaN", "1e300", .null, true, [], [:],
    ]

    @Test("Runners may send any number in any member: the answer is one of theirs, and the engine goes on")
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

    @Test("A runner has the name of an object, whoever it says it is")
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

    @Test("Submissions may name any number, too")
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

    @Test("A stored workflow and pool of any numbers run to their end", arguments: 0..<60)
    func storedNumbers(_ seed: Int) async throws {
        let random = SeededRandom(UInt64(seed) &+ 77)
        let f = try await EngineFixture(seed: UInt64(seed))
        let integers = [0, -1, 1, 3, .max, .min, Int(Int32.max) + 1, 86_400]
        let doubles: [Double] = [0, -1, 0.5, 1e17, 1e300, -1e300, 86_400, .infinity, .nan]
        func integer() -> Int? { random.chance(20) ? nil : integers[random.below(integers.count)] }
        func double() -> Double? { random.chance(20) ? nil : doubles[random.below(doubles.count)] }
        f.catalog.setPool(
            namespace: "default",
            name: "default",
            queue: QueueSpec(
                maxDepth: integer(),
                expressPriority: integer(),
                visibilityTimeoutSeconds: integer(),
                maxDeliveries: integer()
            )
        )
        let retry = RetryPolicy(
            maxAttempts: integer(),
            initialIntervalSeconds: double(),
            backoffCoefficient: double(),
            maxIntervalSeconds: double()
        )
        try f.catalog.setWorkflow(
            namespace: "default",
            name: "w",
            spec: WorkflowSpec(
                priority: integer(),
                policy: RunPolicy(parallelism: integer(), timeoutSeconds: integer(), retry: retry),
                steps: [.noop("a", timeout: integer()), .noop("b", after: ["a"], timeout: integer())]
            )
        )
        let name = try await f.submit("w")
        for _ in 0..<12 {
            for job in try await f.lease(4) {
                try await f.report(job, random.chance(50) ? .failed : .timedOut, reason: "Boom")
            }
            try await f.engine.tick()
            f.clock.advance(.seconds(86_400 * 2))
        }
        if try await !f.run(name).run.phase.isFinal { try await f.engine.cancel(namespace: "default", name: name) }
        f.clock.advance(.seconds(86_400))
        try await f.engine.tick()
        #expect(try await f.run(name).run.phase.isFinal)
        _ = try await f.run(name).json
    }

    @Test("A report without a token's right is stale, not a repetition")
    func zeroToken() async throws {
        let f = try await EngineFixture()
        try f.workflow("one", .noop("a"))
        let name = try await f.submit("one")
        let job = try #require(try await f.lease().first)
        for token in [Int64(0), -1, .max, .min] {
            let report = JobReport(job: job.id, token: token, outcome: .succeeded)
            let answer = try await f.engine.report(EngineFixture.runner(), [report], capacity: 0)
            #expect(answer.results == [.stale], "\(token)")
        }
        #expect(try await f.run(name).run.phase == .running)
        #expect(try await f.report(job) == .accepted)
        #expect(try await f.report(job) == .duplicate)
    }

    @Test("An idempotency key stands for one request")
    func idempotency() async throws {
        let f = try await EngineFixture()
        func spec(_ fallback: JSONValue) -> WorkflowSpec {
            WorkflowSpec(params: [Parameter(name: "n", default: fallback)], steps: [.noop("a")])
        }
        try f.workflow("w", spec(1))
        let first = try await f.submit("w", RunRequest(params: ["n": 5], idempotencyKey: "k"))
        #expect(try await f.submit("w", RunRequest(params: ["n": 5], idempotencyKey: "k")) == first)
        let error = await #expect(throws: Status.self) {
            try await f.submit("w", RunRequest(params: ["n": 6], idempotencyKey: "k"))
        }
        #expect(error?.code == 409)
        let message = error?.message ?? ""
        #expect(message.contains(first) && message.contains(#"params {"n":5}, this request has {"n":6}"#), "\(message)")
        await #expect(throws: Status.self) {
            try await f.submit("w", RunRequest(params: ["n": 5], priority: 3, idempotencyKey: "k"))
        }
        // A default that changed since does not make another request of the same one.
        let bare = try await f.submit("w", RunRequest(idempotencyKey: "bare"))
        try f.workflow("w", spec(2))
        #expect(try await f.submit("w", RunRequest(idempotencyKey: "bare")) == bare)
        // Nor does a workflow that would not take the parameters any more, or a queue that is full.
        try f.workflow("w", WorkflowSpec(params: [Parameter(name: "m")], steps: [.noop("a")]))
        f.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDepth: 1))
        #expect(try await f.submit("w", RunRequest(params: ["n": 5], idempotencyKey: "k")) == first)
        let other = await #expect(throws: Status.self) {
            try await f.submit("w", RunRequest(params: ["n": 7], idempotencyKey: "k"))
        }
        #expect(other?.code == 409)
        f.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec())
        let unknown = await #expect(throws: Status.self) {
            try await f.submit("w", RunRequest(params: ["n": 5], idempotencyKey: "another"))
        }
        #expect(unknown?.code == 422)
        try f.workflow("w", spec(2))
        // Two of a kind in one batch.
        let batch = [
            RunRequest(params: ["n": 1], idempotencyKey: "b"), RunRequest(params: ["n": 2], idempotencyKey: "b"),
        ]
        await #expect(throws: Status.self) { try await f.engine.submit(namespace: "default", workflow: "w", batch) }
    }

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
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

    @Test("Outputs that nest in one another stop before the input gets too deep")
    func deepInput() async throws {
        let f = try await EngineFixture()
        try f.workflow(
            "w",
            .noop("a"),
            Step(
                id: "b",
                actor: "noop",
                with: ["x": ["y": "${{ [[[[[[steps.a.output, steps.a.output]]]]]] }}"]],
                dependsOn: ["a"]
            )
        )
        let shallow = try await f.submit("w")
        try await f.report(try #require(try await f.lease().first), output: Self.nested(200))
        #expect(try await f.state(shallow) == "running: a=succeeded b=queued")
        let job = try #require(try await f.lease().first)
        _ = try JSONValue(parsing: [UInt8(ascii: "{")] + job.payload + [UInt8(ascii: "}")])
        let deep = try await f.submit("w")
        // As an earlier version may have stored it.
        try await f.report(try #require(try await f.lease().first), output: Self.nested(300))
        #expect(try await f.run(deep).run.phase == .failed)
        #expect(try await f.run(deep).steps[1].failure?.message.contains("nested more than 256 deep") == true)
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

    @Test("A lease outlives two lost heartbeats, by its bound")
    func leaseBound() {
        #expect(RunEngineSettings().heartbeatInterval * 3 <= .seconds(Bounds.leaseSeconds.lowerBound))
        #expect(QueuePolicy(QueueSpec(visibilityTimeoutSeconds: 1)).leaseSeconds == Bounds.leaseSeconds.lowerBound)
    }
}
