import APIMachinery
@testable import RunEngine
import Spec
import Storage
import Synchronization
import RunTestSupport
import Testing

/// The plane stops: runners finish what they have, and what they cannot finish is not held against it.
@Suite("Stopping")
struct StoppingTests {
    private let store = MemoryRunStore()
    private let f: EngineFixture

    init() async throws {
        f = try await EngineFixture(store: store)
        f.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDeliveries: 1))
        try f.workflow("w", .noop("a"))
    }

    @Test("No job is leased, waiting calls end, reports are applied")
    func handsOutNothing() async throws {
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        async let poll = f.engine.lease(EngineFixture.runner("other"), capacity: 1, wait: 20)
        while f.engine.waiters.count(EngineFixture.runner().queue) == 0 { await Task.yield() }
        f.engine.stopLeasing()
        #expect(try await poll == LeaseAnswer(jobs: [], drain: false))
        let later = try await f.submit("w")
        #expect(try await f.lease(runner: "other") == [])
        let report = JobReport(job: job.id, token: job.token, outcome: .succeeded)
        let answer = try await f.engine.report(EngineFixture.runner(), [report], capacity: 5)
        #expect(answer == ReportAnswer(results: [.accepted], jobs: [], drain: false))
        #expect(try await f.state(name) == "succeeded: a=succeeded")
        #expect(try await f.state(later) == "pending: a=queued")
    }

    @Test("A request that waited for the store while the stop began leases nothing")
    func overtakenRequest() async throws {
        let store = InterleavedStore()
        let f = try await EngineFixture(store: store)
        try f.workflow("w", .noop("a"))
        try await f.submit("w")
        store.beforeNextWrite { f.engine.stopLeasing() }
        #expect(try await f.lease() == [])
    }

    @Test("Released jobs and those of stopped runners are reported as interrupted, and the deliveries do not count")
    func interruptions() async throws {
        var fixture = f
        let names = [try await f.submit("w"), try await f.submit("w")]
        for stop in 1...4 {
            let job = try #require(try await fixture.lease(runner: "polite").first)
            #expect(try await fixture.lease(runner: "killed").count == 1)
            let interrupted = Mutex<[InterruptedJob]>([])
            fixture.engine.onInterruption { job in interrupted.withLock { $0.append(job) } }
            fixture.engine.stopLeasing()
            _ = try await fixture.engine.release(EngineFixture.runner("polite"), jobs: [(job.id, job.token)])
            try await fixture.engine.deregister(EngineFixture.runner("polite"))
            let runners = ["polite", "killed", "idle"].map { NamespacedName(namespace: "default", name: $0) }
            try await fixture.engine.interrupt(runners)
            let jobs = interrupted.withLock { $0 }
            #expect(jobs.map(\.runner) == ["polite", "killed"])
            #expect(Set(jobs.map(\.run)) == Set(names))
            #expect(jobs.allSatisfy { $0.pool == "default" && $0.step == "a" && $0.attempt == 1 })
            fixture = try await EngineFixture(store: store, clock: f.clock, catalog: f.catalog, seed: UInt64(stop))
        }
        for _ in names { try await fixture.report(try #require(try await fixture.lease().first)) }
        for name in names {
            let run = try await fixture.run(name)
            #expect(run.run.phase == .succeeded)
            #expect(run.steps.map(\.attempts) == [1] && run.steps.map(\.deliveries) == [5])
            #expect(run.json.value(at: "status", "steps")?.arrayValue?.first?["deliveries"] == 5)
        }
    }

    @Test("A job that is released while the plane is not stopping is not interrupted")
    func ordinaryRelease() async throws {
        try await f.submit("w")
        let job = try #require(try await f.lease().first)
        f.engine.onInterruption { Issue.record("\($0) was not interrupted by a stop") }
        _ = try await f.engine.release(EngineFixture.runner(), jobs: [(job.id, job.token)])
    }
}
