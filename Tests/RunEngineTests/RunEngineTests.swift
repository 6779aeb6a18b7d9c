import APIMachinery
@testable import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

@Suite("Run engine")
struct RunEngineTests {
    @Test("A run goes from Pending over Running to Succeeded")
    func oneStep() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        #expect(try await f.state(name) == "pending: a=queued")
        f.clock.advance(.seconds(2))
        let job = try #require(try await f.lease().first)
        #expect(job.queueTime == .seconds(2) && job.leaseSeconds == 30)
        #expect(try await f.state(name) == "running: a=running")
        f.clock.advance(.seconds(1))
        #expect(try await f.report(job, output: #"{"k":1}"#) == .accepted)
        #expect(try await f.state(name) == "succeeded: a=succeeded")
        let run = try await f.run(name)
        #expect(run.run.startedAt == f.clock.now.advanced(by: .seconds(-1)))
        #expect(run.run.finishedAt == f.clock.now)
        #expect(run.steps[0].runner == "runner-1" && run.steps[0].attempts == 1)
        #expect(try await f.lease() == [])
        let statistics = try await f.engine.statistics(namespace: "default", pool: "default")
        #expect(statistics.enqueuedTotal == 1 && statistics.completedTotal == 1 && statistics.outstanding == 0)
        #expect(f.engine.outcomes(namespace: "default", runner: "runner-1") == JobOutcomes(succeeded: 1))
    }

    @Test("A graph runs through, outputs become inputs")
    func graph() async throws {
        let f = try await EngineFixture()
        try f.workflow(
            "w",
            .noop("a"),
            .noop("b"),
            Step(
                id: "c",
                actor: "exec",
                with: ["sum": "${{ steps.a.output + steps.b.output }}"],
                dependsOn: ["a", "b"]
            )
        )
        let name = try await f.submit("w")
        let jobs = try await f.lease(5)
        #expect(jobs.count == 2)
        for (job, output) in zip(jobs, ["3", "4"]) { try await f.report(job, output: output) }
        let last = try #require(try await f.lease().first)
        #expect(String(decoding: last.payload, as: UTF8.self).contains(#""with":{"sum":7}"#))
        try await f.report(last)
        #expect(try await f.state(name) == "succeeded: a=succeeded b=succeeded c=succeeded")
    }

    @Test("A run without steps, or whose steps are skipped, ends at once")
    func emptyRun() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", Step(id: "a", actor: "noop", when: "false"))
        let name = try await f.submit("w")
        #expect(try await f.state(name) == "succeeded: a=skipped")
    }

    @Test(
        "Submissions are refused with the reason",
        arguments: [
            ("none", [:], 404, "workflows.martinet.dev \"none\" not found"),
            ("w", ["x": 1], 422, "params.x: Invalid value: 1: the workflow's parameters are: path, verbose"),
            ("w", [:], 422, "params.path: Required value: where to look"),
        ] as [(String, JSONObject, Int, String)]
    )
    func refusals(workflow: String, params: JSONObject, code: Int, message: String) async throws {
        let f = try await EngineFixture()
        try f.workflow(
            "w",
            WorkflowSpec(
                params: [
                    Parameter(name: "path", description: "where to look"), Parameter(name: "verbose", required: false),
                ],
                steps: [.noop("a")]
            )
        )
        let error = await #expect(throws: Status.self) {
            try await f.engine.submit(namespace: "default", workflow: workflow, [RunRequest(params: params)])
        }
        #expect(error?.code == code)
        #expect(error?.message?.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("A full queue sheds submissions whole, and takes them again when there is room")
    func shedding() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        f.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDepth: 3))
        let two = [RunRequest(), RunRequest()]
        _ = try await f.engine.submit(namespace: "default", workflow: "w", two)
        let error = await #expect(throws: Status.self) {
            try await f.engine.submit(namespace: "default", workflow: "w", two)
        }
        #expect(error?.code == 429 && (error?.details?.retryAfterSeconds ?? 0) >= 1)
        #expect(try await f.engine.runs(RunQuery(limit: 10)).runs.count == 2)
        _ = try await f.lease(1)
        _ = try await f.engine.submit(namespace: "default", workflow: "w", two)
        #expect(try await f.engine.runs(RunQuery(limit: 10)).runs.count == 4)
    }

    @Test("Asking twice with one key makes one run")
    func idempotency() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        try f.workflow("other", .noop("a"))
        let request = RunRequest(idempotencyKey: "k")
        let first = try await f.engine.submit(namespace: "default", workflow: "w", [request, request, RunRequest()])
        #expect(first[0].name == first[1].name && !first[0].existed && first[1].existed)
        #expect(first[2].name != first[0].name)
        let again = try await f.engine.submit(namespace: "default", workflow: "w", [request])
        #expect(again[0].name == first[0].name && again[0].existed)
        #expect(try await f.submit("other", request) != first[0].name)
    }

    @Test("A given name is used, and taken once")
    func names() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        var request = RunRequest()
        request.name = "mine"
        #expect(try await f.submit("w", request) == "mine")
        let error = await #expect(throws: Status.self) { try await f.submit("w", request) }
        #expect(error?.code == 409)
        request.name = nil
        request.generateName = "gen-"
        #expect(try await f.submit("w", request).hasPrefix("gen-"))
    }
}
