import APIMachinery
@testable import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

@Suite("Delivery of jobs")
struct DeliveryTests {
    @Test("Failures are retried after growing waits, up to the last attempt")
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
        #expect(run.run.reason == "StepFailed" && run.run.message.contains("TimedOut"))
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

    @Test("Heartbeats renew leases, and their answers name lost and cancelled jobs")
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

    @Test("A lost runner's jobs are leased to another runner within 15 seconds")
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

    @Test("A job whose lease never reached its runner is requeued, and the delivery does not count")
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

    @Test("Released jobs are ready at once, and the delivery does not count")
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

    @Test("A draining runner leases nothing and is answered `drain`, until it stops draining")
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

    @Test("A waiting runner leases a job when it arrives, without polling")
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
        // A call that still waits is answered when its time is up.
        f.clock.advance(.seconds(21))
        try await f.engine.tick()
        let (first, last) = try await (answer, other)
        #expect(first.jobs.count + last.jobs.count == 2)
    }

    @Test("After a restart the engine knows queued and leased jobs, and gives runners time to call")
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

    @Test("A runner that registers again has lost its earlier leases")
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
