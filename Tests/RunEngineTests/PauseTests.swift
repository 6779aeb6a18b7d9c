import APIMachinery
@testable import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

/// Pauses of the controller: a suspended machine, SIGSTOP, a disk that does not answer. Runners and jobs do not pay for
/// them.
@Suite("Pauses of the controller")
struct PauseTests {
    private let store = InterleavedStore()
    private let f: EngineFixture

    init() async throws {
        f = try await EngineFixture(store: store, noticesPauses: true)
        try f.workflow("w", .noop("a"))
    }

    private func heartbeat(_ runner: String, _ jobs: [LeasedJob] = []) async throws -> HeartbeatAnswer {
        try await f.engine.heartbeat(
            EngineFixture.runner(runner),
            jobs: jobs.map { (id: $0.id, token: $0.token) },
            load: RunnerLoad()
        )
    }

    /// Time passes while the engine works.
    private func pass(_ seconds: Int, heartbeatsOf runners: [String] = []) async throws {
        for _ in 0..<seconds {
            f.clock.advance(.seconds(1))
            for runner in runners { _ = try await heartbeat(runner) }
            try await f.engine.tick()
        }
    }

    private var runners: [String] { f.engine.runners(namespace: "default", pool: "default").map(\.name) }

    @Test("After a pause leases and runners have their full time", arguments: [15, 40, 4000])
    func pause(seconds: Int) async throws {
        let names = [try await f.submit("w"), try await f.submit("w")]
        let jobs = [try await f.lease(runner: "one"), try await f.lease(runner: "two")].flatMap { $0 }
        try await f.engine.tick()
        f.clock.advance(.seconds(seconds))
        try await f.engine.tick()
        #expect(runners == ["one", "two"])
        // The first heartbeats come when they come.
        f.clock.advance(.seconds(2))
        try await f.engine.tick()
        #expect(try await heartbeat("one", [jobs[0]]).lost == [])
        #expect(try await heartbeat("two", [jobs[1]]).lost == [])
        #expect(try await f.report(jobs[0], runner: "one") == .accepted)
        #expect(try await f.report(jobs[1], runner: "two") == .accepted)
        for name in names { #expect(try await f.run(name).steps[0].attempts == 1) }
    }

    @Test("A runner that died in the pause is lost after the usual time")
    func death() async throws {
        try await f.submit("w")
        _ = try await f.lease(runner: "dead")
        _ = try await heartbeat("other")
        try await f.engine.tick()
        f.clock.advance(.seconds(100))
        try await f.engine.tick()
        #expect(runners == ["dead", "other"])
        try await pass(14, heartbeatsOf: ["other"])
        #expect(runners == ["other"])
        #expect(try await f.lease(runner: "other").count == 1)
    }

    @Test("A heartbeat that was sent before the pause and read after it revokes no job")
    func oldHeartbeat() async throws {
        try await f.submit("w")
        let job = try #require(try await f.lease(runner: "one").first)
        try await f.engine.tick()
        f.clock.advance(.seconds(40))
        // The answer with the job is still on its way to the runner.
        _ = try await heartbeat("one")
        #expect(try await f.report(job, runner: "one") == .accepted)
    }

    @Test("A heartbeat that waited for the store through the pause does not shorten the lease")
    func lateRenewal() async throws {
        try await f.submit("w")
        let job = try #require(try await f.lease(runner: "one").first)
        try await f.engine.tick()
        store.beforeNextWrite { [f] in
            f.clock.advance(.seconds(40))
            try await f.engine.tick()
        }
        #expect(try await heartbeat("one", [job]).lost == [])
        try await f.engine.tick()
        #expect(try await f.report(job, runner: "one") == .accepted)
    }

    @Test("Attempts and runs over their time because of the pause may still be reported")
    func timeLimits() async throws {
        try f.workflow("limited", policy: RunPolicy(timeoutSeconds: 30), .noop("a", timeout: 5))
        let name = try await f.submit("limited")
        let job = try #require(try await f.lease(runner: "one").first)
        try await f.engine.tick()
        f.clock.advance(.seconds(60))
        try await f.engine.tick()
        #expect(try await f.state(name) == "running: a=running")
        #expect(try await f.report(job, runner: "one") == .accepted)
        #expect(try await f.state(name) == "succeeded: a=succeeded")
    }

    @Test("Time limits are kept by a controller that pauses again and again")
    func repeatedPauses() async throws {
        try f.workflow("limited", policy: RunPolicy(timeoutSeconds: 30), .noop("a"))
        let name = try await f.submit("limited")
        _ = try await f.lease(runner: "one")
        for _ in 0..<40 {
            f.clock.advance(.seconds(5))
            _ = try await heartbeat("one")
            try await f.engine.tick()
        }
        #expect(try await f.run(name).run.phase.isFinal)
    }

    @Test("When all runners are silent together, they are lost only after the longer time")
    func disruption() async throws {
        try await f.submit("w")
        let job = try #require(try await f.lease(runner: "one").first)
        _ = try await heartbeat("two")
        try await pass(20)
        #expect(runners == ["one", "two"])
        // One of them is back: it is the other that is gone.
        try await pass(1, heartbeatsOf: ["two"])
        #expect(runners == ["two"])
        #expect(try await f.report(job, runner: "one") == .stale)
    }

    @Test("Runners that died together are lost after the longer time")
    func allDead() async throws {
        try await f.submit("w")
        _ = try await f.lease(runner: "one")
        _ = try await heartbeat("two")
        try await pass(31)
        #expect(runners == [])
        #expect(try await f.lease(runner: "new").count == 1)
    }

    @Test("Leases have their full time after a restart of the controller")
    func restart() async throws {
        let store = MemoryRunStore()
        let first = try await EngineFixture(store: store, noticesPauses: true)
        try first.workflow("w", .noop("a"))
        try await first.submit("w")
        let job = try #require(try await first.lease().first)
        first.clock.advance(.seconds(300))
        let second = try await EngineFixture(store: store, clock: first.clock, noticesPauses: true)
        try await second.engine.tick()
        #expect(try await second.report(job) == .accepted)
    }
}
