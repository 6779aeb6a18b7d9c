import APIMachinery
@testable import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

/// The machine's clock is set, forward and back, while runs are active.
@Suite("Clocks that are set")
struct ClockTests {
    static let jumps: [Duration] = [.seconds(3600), .seconds(-3600), .seconds(86400 * 400), .seconds(-86400 * 400)]

    private func heartbeat(_ f: EngineFixture, _ job: LeasedJob) async throws -> HeartbeatAnswer {
        try await f.engine.heartbeat(
            EngineFixture.runner(),
            jobs: [(id: job.id, token: job.token)],
            load: RunnerLoad()
        )
    }

    @Test("Leases, silence and time limits do not follow the calendar", arguments: jumps)
    func leases(jump: Duration) async throws {
        let f = try await EngineFixture(noticesPauses: true)
        try f.workflow("w", policy: RunPolicy(timeoutSeconds: 100), .noop("a", timeout: 50))
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        for back in [jump, .zero - jump] {
            f.clock.setCalendar(by: back)
            for _ in 0..<5 {
                f.clock.advance(.seconds(1))
                try await f.engine.tick()
            }
            #expect(try await heartbeat(f, job).lost == [])
            #expect(f.engine.runners(namespace: "default", pool: "default").map(\.lastSeen) == [f.clock.now])
        }
        #expect(try await f.report(job) == .accepted)
        #expect(try await f.state(name) == "succeeded: a=succeeded")
    }

    @Test("A silent runner is lost after the same time when the clock was set", arguments: jumps)
    func silence(jump: Duration) async throws {
        let f = try await EngineFixture(noticesPauses: true)
        try f.workflow("w", .noop("a"))
        try await f.submit("w")
        let job = try #require(try await f.lease().first)
        f.clock.setCalendar(by: jump)
        _ = try await heartbeat(f, job)
        f.clock.setCalendar(by: .zero - jump)
        for _ in 0..<11 {
            f.clock.advance(.seconds(1))
            try await f.engine.tick()
        }
        #expect(f.engine.runners(namespace: "default", pool: "default") == [])
    }

    @Test("The wait before a retry is not changed", arguments: jumps)
    func timers(jump: Duration) async throws {
        let f = try await EngineFixture(noticesPauses: true)
        try f.workflow("w", .noop("a", retry: RetryPolicy(maxAttempts: 2, initialIntervalSeconds: 10)))
        try await f.submit("w")
        try await f.report(try #require(try await f.lease().first), .failed)
        f.clock.setCalendar(by: jump)
        f.clock.advance(.seconds(9))
        #expect(try await f.lease() == [])
        f.clock.advance(.seconds(4))
        #expect(try await f.lease().count == 1)
    }

    @Test("Nothing finishes before it started, or starts before it was created", arguments: jumps)
    func shownTimes(jump: Duration) async throws {
        let f = try await EngineFixture(noticesPauses: true)
        try f.workflow("w", .noop("a"), .noop("b", after: ["a"]))
        let name = try await f.submit("w")
        for _ in 0..<2 {
            f.clock.setCalendar(by: jump)
            let job = try #require(try await f.lease().first)
            f.clock.setCalendar(by: jump)
            f.clock.advance(.seconds(1))
            try await f.report(job)
        }
        let (run, steps) = (try await f.run(name).run, try await f.run(name).steps)
        let started = try #require(run.startedAt)
        #expect(run.createdAt <= started)
        for step in steps {
            let (begin, end) = (try #require(step.startedAt), try #require(step.finishedAt))
            #expect(begin <= end && run.createdAt <= begin)
            #expect(end <= (try #require(run.finishedAt)))
        }
        // People see the calendar.
        if jump > .zero { #expect(run.finishedAt == f.clock.now) }
    }

    @Test("Timers and deadlines continue over a restart", arguments: jumps)
    func restart(jump: Duration) async throws {
        let store = MemoryRunStore()
        let first = try await EngineFixture(store: store)
        try first.workflow("retried", .noop("a", retry: RetryPolicy(maxAttempts: 2, initialIntervalSeconds: 10)))
        try first.workflow("limited", policy: RunPolicy(timeoutSeconds: 60), .noop("a"))
        try await first.submit("retried")
        try await first.report(try #require(try await first.lease().first), .failed)
        let limited = try await first.submit("limited")
        let job = try #require(try await first.lease().first)
        first.clock.setCalendar(by: jump)
        try await first.engine.tick()

        let second = try await EngineFixture(store: store, clock: first.clock, catalog: first.catalog)
        try await second.engine.tick()
        #expect(try await second.state(limited) == "running: a=running")
        #expect(try await second.lease() == [])
        #expect(try await heartbeat(second, job).lost == [])
        first.clock.advance(.seconds(13))
        #expect(try await second.lease().count == 1)
        _ = try await heartbeat(second, job)
        first.clock.advance(.seconds(48))
        _ = try await heartbeat(second, job)
        try await second.engine.tick()
        #expect(try await second.run(limited).run.stop == .deadlineExceeded)
    }
}
