import APIMachinery
@testable import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

/// A runner that leaves gets no jobs, whichever of its calls are still open, and what it leaves behind is not held
/// against the jobs.
@Suite("Departing runners")
struct DepartureTests {
    private let store: InterleavedStore
    private let f: EngineFixture

    init() async throws {
        store = InterleavedStore()
        f = try await EngineFixture(store: store)
        try f.workflow("w", .noop("a"))
    }

    private func deliveries(_ job: LeasedJob) async throws -> Int? {
        try await f.engine.store.read { try $0.job(job.id.step)?.deliveries }
    }

    /// Waits until a call for jobs waits in the engine.
    private func waitForPoll() async {
        while f.engine.waiters.count(EngineFixture.runner().queue) == 0 { await Task.yield() }
    }

    @Test("The long poll that a stopping runner left open does not lease the job that it releases")
    func abandonedPoll() async throws {
        try await f.submit("w")
        for _ in 0..<5 {
            let job = try #require(try await f.lease().first)
            async let poll = f.engine.lease(EngineFixture.runner(), capacity: 1, wait: 20)
            await waitForPoll()
            #expect(try await f.engine.release(EngineFixture.runner(), jobs: [(job.id, job.token)]) == 1)
            #expect(try await poll == LeaseAnswer(jobs: [], drain: false))
            #expect(try await deliveries(job) == 0)
        }
        #expect(try await f.lease(runner: "other").count == 1)
    }

    @Test("A request that waited for the store while its runner released a job leases nothing")
    func overtakenRequest() async throws {
        try await f.submit("w")
        try await f.submit("w")
        let job = try #require(try await f.lease().first)
        store.beforeNextWrite { [f] in
            _ = try await f.engine.release(EngineFixture.runner(), jobs: [(job.id, job.token)])
        }
        #expect(try await f.lease().isEmpty)
        #expect(try await f.lease(2, runner: "other").count == 2)
    }

    @Test("A request that waited for the store while its runner was marked as draining leases nothing")
    func overtakenDrain() async throws {
        try await f.submit("w")
        store.beforeNextWrite { [f] in
            f.engine.setDraining(true, namespace: "default", runner: "runner-1")
            // The runner must not look idle now: a lease may be in progress.
            #expect(f.engine.runners(namespace: "default", pool: "default").map(\.isIdle) == [false])
        }
        let answer = try await f.engine.lease(EngineFixture.runner(), capacity: 1, wait: 0)
        #expect(answer == LeaseAnswer(jobs: [], drain: true))
        #expect(f.engine.runners(namespace: "default", pool: "default").map(\.isIdle) == [true])
        #expect(try await f.lease(runner: "other").count == 1)
    }

    @Test("A report that waited for the store while its runner departed is applied, and leases nothing")
    func overtakenReport() async throws {
        let first = try await f.submit("w")
        try await f.submit("w")
        let job = try #require(try await f.lease().first)
        store.beforeNextWrite { [f] in f.engine.setDraining(true, namespace: "default", runner: "runner-1") }
        let report = JobReport(job: job.id, token: job.token, outcome: .succeeded)
        let answer = try await f.engine.report(EngineFixture.runner(), [report], capacity: 1)
        #expect(answer == ReportAnswer(results: [.accepted], jobs: [], drain: true))
        #expect(try await f.state(first) == "succeeded: a=succeeded")
    }

    @Test("A lease whose answer is lost because its runner departs does not count as a delivery")
    func farewell() async throws {
        let name = try await f.submit("w")
        for index in 0..<5 {
            let runner = "runner-\(index)"
            // The answer never arrives, so the runner does not hand the job back.
            let job = try #require(try await f.lease(runner: runner).first)
            try await f.engine.deregister(EngineFixture.runner(runner))
            #expect(try await deliveries(job) == 0)
            #expect(try await f.state(name) == "running: a=queued")
        }
    }

    @Test("A departed runner leases nothing and stays unknown until it registers")
    func lateCall() async throws {
        try await f.submit("w")
        _ = try await f.engine.lease(EngineFixture.runner(), capacity: 0, wait: 0)
        try await f.engine.deregister(EngineFixture.runner())
        let answer = try await f.engine.lease(EngineFixture.runner(), capacity: 1, wait: 20)
        #expect(answer == LeaseAnswer(jobs: [], drain: true))
        #expect(f.engine.runners(namespace: "default", pool: "default") == [])
        _ = try await f.engine.register(EngineFixture.runner(), RunnerRegistration(podUID: "u", concurrency: 1))
        #expect(try await f.lease().count == 1)
    }

    @Test("A runner whose Pod is gone keeps no lease, also none that was granted at that moment")
    func lateLease() async throws {
        try await f.submit("w")
        _ = try await f.engine.lease(EngineFixture.runner(), capacity: 0, wait: 0)
        store.beforeNextWrite { [f] in
            _ = try await f.engine.releaseLeases(namespace: "default", runner: "runner-1")
        }
        #expect(try await f.lease().isEmpty)
        #expect(try await f.lease(runner: "other").count == 1)
    }
}
