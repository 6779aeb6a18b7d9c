import APIMachinery
@testable import RunEngine
import Spec
import Storage
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

    @Test("Failures are retried with growing waits, then final")
    func retries() async throws {
        let f = try await EngineFixture()
        try f.workflow(
            "w",
            .noop("a", retry: RetryPolicy(maxAttempts: 3, initialIntervalSeconds: 10)),
            .noop("b", after: ["a"])
        )
        let name = try await f.submit("w")
        for (attempt, wait) in [(1, 10), (2, 20)] {
            let job = try #require(try await f.lease().first)
            #expect(job.id.attempt == attempt)
            try await f.report(job, .failed, reason: "Boom")
            #expect(try await f.state(name) == "running: a=queued b=pending")
            f.clock.advance(.seconds(wait - 1))
            #expect(try await f.lease() == [])
            f.clock.advance(.seconds(1) + .seconds(wait) / 4)
        }
        let last = try #require(try await f.lease().first)
        try await f.report(last, .timedOut)
        #expect(try await f.state(name) == "failed: a=failed b=skipped")
        let run = try await f.run(name)
        #expect(run.run.reason == "StepFailed" && run.run.message.contains("Timeout"))
        #expect(run.steps[0].attempts == 3)
    }

    @Test("Reports are fenced: a repeated one is a duplicate, an old one is stale")
    func fencing() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        let old = try #require(try await f.lease(runner: "slow").first)
        f.clock.advance(.seconds(31))
        try await f.engine.tick()
        let new = try #require(try await f.lease(runner: "fast").first)
        #expect(new.id == old.id && new.token > old.token)
        #expect(try await f.report(old, output: "1", runner: "slow") == .stale)
        #expect(try await f.report(new, output: "2", runner: "fast") == .accepted)
        #expect(try await f.report(new, output: "3", runner: "fast") == .duplicate)
        #expect(try await f.report(old, output: "4", runner: "slow") == .stale)
        #expect(try await f.run(name).steps[0].output == Array("2".utf8))
        var unknown = JobReport(job: try #require(JobID("999.0.1")), token: 1, outcome: .succeeded)
        unknown.output = []
        #expect(try await f.engine.report(EngineFixture.runner(), [unknown], capacity: 0).results == [.stale])
    }

    @Test("Heartbeats keep leases, tell what is lost and what to cancel")
    func heartbeats() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"), .noop("b"))
        let name = try await f.submit("w")
        let jobs = try await f.lease(2)
        let held = jobs.map { (id: $0.id, token: $0.token) }
        for _ in 0..<30 {
            f.clock.advance(.seconds(3))
            let answer = try await f.engine.heartbeat(
                EngineFixture.runner(),
                jobs: held,
                load: RunnerLoad(cpuMillicores: 250)
            )
            #expect(answer == HeartbeatAnswer(drain: false, cancel: [], lost: [], register: false))
            try await f.engine.tick()
        }
        #expect(f.engine.runners(namespace: "default", pool: "default").first?.load.cpuMillicores == 250)
        try await f.engine.cancel(namespace: "default", name: name)
        let answer = try await f.engine.heartbeat(EngineFixture.runner(), jobs: held, load: RunnerLoad())
        #expect(answer.cancel == jobs.map(\.id))
        try await f.engine.delete(namespace: "default", name: name)
        let last = try await f.engine.heartbeat(EngineFixture.runner(), jobs: held, load: RunnerLoad())
        #expect(last.lost == jobs.map(\.id))
    }

    @Test("A lost runner's jobs are with another within 15 seconds")
    func lostRunner() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        try await f.submit("w")
        #expect(try await f.lease(runner: "doomed").count == 1)
        var waited = 0
        while try await f.lease(runner: "other").isEmpty {
            f.clock.advance(.seconds(1))
            waited += 1
            _ = try await f.engine.heartbeat(EngineFixture.runner("other"), jobs: [], load: RunnerLoad())
            try await f.engine.tick()
            try #require(waited <= 15)
        }
        #expect(f.engine.runners(namespace: "default", pool: "default").map(\.name) == ["other"])
    }

    @Test("A job whose lease answer was lost goes back without counting")
    func lostAnswer() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        try await f.submit("w")
        _ = try await f.lease()
        for _ in 0..<3 {
            f.clock.advance(.seconds(3))
            _ = try await f.engine.heartbeat(EngineFixture.runner(), jobs: [], load: RunnerLoad())
        }
        let again = try #require(try await f.lease(runner: "other").first)
        let job = try await f.engine.store.read { try $0.job(again.id.step) }
        #expect(job?.deliveries == 1)
    }

    @Test("Jobs handed back are ready at once and do not count")
    func release() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        for _ in 0..<10 {
            let job = try #require(try await f.lease().first)
            #expect(try await f.engine.release(EngineFixture.runner(), jobs: [(job.id, job.token)]) == 1)
            #expect(try await f.engine.release(EngineFixture.runner(), jobs: [(job.id, job.token)]) == 0)
            #expect(try await f.state(name) == "running: a=queued")
        }
        #expect(try await f.engine.releaseLeases(namespace: "default", runner: "runner-1") == 0)
    }

    @Test("A draining runner gets nothing, is told so, and gets jobs again afterwards")
    func draining() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        try await f.submit("w")
        f.engine.setDraining(true, namespace: "default", runner: "runner-1")
        let answer = try await f.engine.lease(EngineFixture.runner(), capacity: 1, wait: 30)
        #expect(answer == LeaseAnswer(jobs: [], drain: true))
        #expect(f.engine.runners(namespace: "default", pool: "default").first?.draining == true)
        f.engine.setDraining(false, namespace: "default", runner: "runner-1")
        #expect(try await f.lease().count == 1)
    }

    @Test("A waiting runner gets the job when it comes, and no one polls")
    func longPoll() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        async let answer = f.engine.lease(EngineFixture.runner(), capacity: 4, wait: 20)
        async let other = f.engine.lease(EngineFixture.runner("runner-2"), capacity: 4, wait: 20)
        let name = try await f.submit("w")
        let second = try await f.submit("w")
        var jobs = 0
        while jobs < 2 {
            jobs = try await f.engine.statistics(namespace: "default", pool: "default").leased
            await Task.yield()
        }
        #expect(try await f.state(name) == "running: a=running")
        #expect(try await f.state(second) == "running: a=running")
        // Whoever is still waiting is let go when its time is up.
        f.clock.advance(.seconds(21))
        try await f.engine.tick()
        let (first, last) = try await (answer, other)
        #expect(first.jobs.count + last.jobs.count == 2)
    }

    @Test("After too many deliveries the job is a dead letter; it can be requeued and purged")
    func deadLetters() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"), .noop("b", after: ["a"]))
        f.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDeliveries: 2))
        let queue = QueueName(namespace: "default", pool: "default")
        let name = try await f.submit("w")
        for _ in 0..<2 {
            #expect(try await f.lease().count == 1)
            f.clock.advance(.seconds(31))
            try await f.engine.tick()
        }
        #expect(try await f.state(name) == "failed: a=failed b=skipped")
        #expect(try await f.run(name).steps[0].failure?.reason == "MaxDeliveriesExceeded")
        let letter = try #require(try await f.engine.deadLetters(queue, limit: 10).first)
        #expect(letter.job.deliveries == 2)
        #expect(try await f.engine.statistics(namespace: "default", pool: "default").dead == 1)
        try await f.engine.requeueDeadLetter(queue, step: letter.job.step)
        #expect(try await f.state(name) == "pending: a=queued b=pending")
        try await f.report(try #require(try await f.lease().first))
        try await f.report(try #require(try await f.lease().first))
        #expect(try await f.state(name) == "succeeded: a=succeeded b=succeeded")
        #expect(try await f.engine.purgeDeadLetters(queue) == 0)
        await #expect(throws: Status.self) { try await f.engine.requeueDeadLetter(queue, step: letter.job.step) }
    }

    @Test("Cancelling takes out what waits, and ends when runners have let go")
    func cancelling() async throws {
        let f = try await EngineFixture()
        try f.workflow(
            "w",
            policy: RunPolicy(retry: RetryPolicy(maxAttempts: 3)),
            .noop("a"),
            .noop("b"),
            .noop("c", after: ["a"])
        )
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        try await f.engine.cancel(namespace: "default", name: name)
        #expect(try await f.state(name) == "running: a=running b=cancelled c=cancelled")
        #expect(try await f.lease() == [])
        try await f.report(job, .cancelled)
        #expect(try await f.state(name) == "cancelled: a=cancelled b=cancelled c=cancelled")
        try await f.engine.cancel(namespace: "default", name: name)
        let run = try await f.engine.retry(namespace: "default", name: name)
        #expect(run.phase == .pending)
        #expect(try await f.lease(5).count == 2)
    }

    @Test("A runner that does not let go is cut off")
    func stubbornRunner() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        try await f.engine.cancel(namespace: "default", name: name)
        for _ in 0..<11 {
            f.clock.advance(.seconds(3))
            _ = try await f.engine.heartbeat(EngineFixture.runner(), jobs: [(job.id, job.token)], load: RunnerLoad())
            try await f.engine.tick()
        }
        #expect(try await f.state(name) == "cancelled: a=cancelled")
        #expect(try await f.report(job) == .stale)
    }

    @Test("A run's deadline ends it, also over a restart")
    func deadline() async throws {
        let store = MemoryRunStore()
        let f = try await EngineFixture(store: store)
        try f.workflow(
            "w",
            policy: RunPolicy(timeoutSeconds: 100),
            .noop("a", retry: RetryPolicy(maxAttempts: 9, initialIntervalSeconds: 1000, maxIntervalSeconds: 1000))
        )
        let name = try await f.submit("w")
        f.clock.advance(.seconds(500))
        try await f.engine.tick()
        #expect(try await f.state(name) == "pending: a=queued", "the time in the queue does not count")
        try await f.report(try #require(try await f.lease().first), .failed)
        f.clock.advance(.seconds(99))
        let g = try await EngineFixture(store: store, clock: f.clock)
        try await g.engine.tick()
        #expect(try await g.state(name) == "running: a=queued")
        f.clock.advance(.seconds(1))
        try await g.engine.tick()
        #expect(try await g.state(name) == "failed: a=cancelled")
        #expect(try await g.run(name).run.reason == "DeadlineExceeded")
    }

    @Test("An attempt that its runner does not end in time is ended")
    func attemptTimeout() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a", timeout: 60))
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        for _ in 0..<26 {
            f.clock.advance(.seconds(3))
            _ = try await f.engine.heartbeat(EngineFixture.runner(), jobs: [(job.id, job.token)], load: RunnerLoad())
            try await f.engine.tick()
        }
        #expect(try await f.state(name) == "failed: a=failed")
        #expect(try await f.run(name).steps[0].failure?.reason == "Timeout")
        #expect(try await f.report(job) == .stale)
    }

    @Test("Retrying a failed run repeats what failed and keeps what succeeded")
    func retryingRun() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"), .noop("b", after: ["a"]), .noop("c", after: ["b"]))
        let name = try await f.submit("w")
        try await f.report(try #require(try await f.lease().first), output: "1")
        await #expect(throws: Status.self) { try await f.engine.retry(namespace: "default", name: name) }
        try await f.report(try #require(try await f.lease().first), .failed)
        #expect(try await f.state(name) == "failed: a=succeeded b=failed c=skipped")
        try await f.engine.retry(namespace: "default", name: name)
        #expect(try await f.state(name) == "pending: a=succeeded b=queued c=pending")
        let job = try #require(try await f.lease().first)
        #expect(job.id.attempt == 2)
        try await f.report(job)
        try await f.report(try #require(try await f.lease().first))
        #expect(try await f.state(name) == "succeeded: a=succeeded b=succeeded c=succeeded")
        #expect(try await f.run(name).steps.map(\.attempts) == [1, 2, 1])
    }

    @Test("A run keeps to the revision it started with")
    func revisions() async throws {
        let store = MemoryRunStore()
        let f = try await EngineFixture(store: store)
        try f.workflow("w", .noop("a"), Step(id: "b", actor: "old", dependsOn: ["a"]))
        try await f.submit("w")
        // Another process, which has never seen the old revision.
        let g = try await EngineFixture(store: store, clock: f.clock)
        try g.workflow("w", .noop("a"))
        let job = try #require(try await g.lease().first)
        #expect(try await g.report(job) == .accepted)
        let next = try #require(try await g.lease().first)
        #expect(String(decoding: next.payload, as: UTF8.self).contains(#""actor":"old""#))
    }

    @Test("A run in which nothing happens any more is set going again")
    func sweep() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"), .noop("b", after: ["a"]))
        let name = try await f.submit("w")
        let lost = try await f.submit("w")
        let (first, second) = (try await f.run(name), try await f.run(lost))
        try await f.engine.store.transaction { transaction in
            try transaction.removeJob(first.steps[0].key)
            var step = second.steps[0]
            try transaction.removeJob(step.key)
            step.phase = .succeeded
            try transaction.update(step)
        }
        #expect(try await f.lease() == [])
        f.clock.advance(.seconds(16))
        try await f.engine.tick()
        #expect(try await f.state(name) == "pending: a=queued b=pending")
        #expect(try await f.state(lost) == "pending: a=succeeded b=queued")
        #expect(try await f.lease(5).count == 2)
    }

    @Test("A restart knows what is queued and leased, and waits for runners to be heard of")
    func restart() async throws {
        let store = MemoryRunStore()
        let f = try await EngineFixture(store: store)
        try f.workflow("w", .noop("a"))
        try await f.submit("w")
        try await f.submit("w")
        let job = try #require(try await f.lease().first)
        f.clock.advance(.seconds(5))
        let g = try await EngineFixture(store: store, clock: f.clock)
        #expect(g.engine.runners(namespace: "default", pool: "default").map(\.leasedJobs) == [1])
        try await g.engine.tick()
        #expect(try await g.lease(5, runner: "other").count == 1)
        #expect(try await g.report(job) == .accepted)
        #expect(g.engine.runners(namespace: "default", pool: "default").map(\.leasedJobs) == [1, 0])
    }

    @Test("A runner that registers anew has nothing of what it had")
    func registration() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        let terms = try await f.engine.register(EngineFixture.runner(), RunnerRegistration(podUID: "u", concurrency: 3))
        #expect(terms == RunnerTerms(leaseSeconds: 30, heartbeatSeconds: 3, pollSeconds: 20, drain: false))
        #expect(try await f.state(name) == "running: a=queued")
        #expect(try await f.report(job) == .stale)
        #expect(try await f.lease().count == 1)
        try await f.engine.deregister(EngineFixture.runner())
        #expect(f.engine.runners(namespace: "default", pool: "default") == [])
        #expect(try await f.state(name) == "running: a=queued")
    }
}
