import APIMachinery
import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

/// Input that is valid JSON and nonsense, and stored values that are older than the rules for them.
@Suite("Untrusted input")
struct UntrustedInputTests {
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

    @Test("A report with a token that was never issued is stale, not a duplicate")
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

    @Test("Nested outputs that would make an input too deep fail the step")
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

    @Test("A lease outlives two lost heartbeats, by its bound")
    func leaseBound() {
        #expect(RunEngineSettings().heartbeatInterval * 3 <= .seconds(Bounds.leaseSeconds.lowerBound))
        #expect(QueuePolicy(QueueSpec(visibilityTimeoutSeconds: 1)).leaseSeconds == Bounds.leaseSeconds.lowerBound)
    }
}
