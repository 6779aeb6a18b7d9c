import APIMachinery
import Storage
import Testing

@testable import RunEngine

/// Which runners are known, drain, hold jobs and are lost.
@Suite("Runner registry")
struct RunnerRegistryTests {
    private static let runner = RunnerReference(namespace: "default", pool: "p", name: "r")

    @Test("A request for jobs becomes invalid when its runner departs, registers again, or drains")
    func requests() throws {
        let registry = RunnerRegistry()
        #expect(registry.request(Self.runner.key) == nil, "unknown")
        registry.touch(Self.runner, now: EngineRecords.now)
        let first = try #require(registry.request(Self.runner.key))
        #expect(registry.mayLease(first))
        registry.setDraining(true, Self.runner.key)
        #expect(!registry.mayLease(first))
        registry.setDraining(false, Self.runner.key)
        #expect(registry.mayLease(first))
        registry.arrive(Self.runner.key)
        #expect(!registry.mayLease(first))
        let second = try #require(registry.request(Self.runner.key))
        registry.depart(Self.runner.key)
        #expect(!registry.mayLease(second) && registry.request(Self.runner.key) == nil)
        registry.remove(Self.runner.key)
        #expect(registry.touch(Self.runner, now: EngineRecords.now), "a departed runner drains, and stays unknown")
        #expect(!registry.contains(Self.runner.key))
        registry.arrive(Self.runner.key)
        #expect(!registry.touch(Self.runner, now: EngineRecords.now))
    }

    @Test("The end of a lease counts once, and only for the job's current lease")
    func leases() {
        let registry = RunnerRegistry()
        registry.touch(Self.runner, now: EngineRecords.now)
        registry.recordLease(EngineRecords.job(1), EngineRecords.lease(1), at: EngineRecords.now)
        registry.recordLease(EngineRecords.job(1), EngineRecords.lease(2), at: EngineRecords.now)
        #expect(registry.runners(EngineRecords.queue).map(\.leasedJobs) == [1])
        #expect(!registry.recordDeparture(EngineRecords.departure(.succeeded, token: 1)), "an older lease")
        #expect(registry.recordDeparture(EngineRecords.departure(.succeeded, token: 2)))
        #expect(!registry.recordDeparture(EngineRecords.departure(.succeeded, token: 2)))
        #expect(registry.runners(EngineRecords.queue).map(\.leasedJobs) == [0])
    }

    @Test("A silent runner is forgotten unless it calls in between; its draining mark stays")
    func silence() {
        let registry = RunnerRegistry()
        let later = EngineRecords.now.advanced(bySeconds: 10)
        registry.touch(Self.runner, now: EngineRecords.now)
        registry.setDraining(true, Self.runner.key)
        #expect(registry.lost(before: later) == [Self.runner.key])
        registry.touch(Self.runner, now: later)
        #expect(!registry.forget(Self.runner.key, ifLostBefore: later))
        // A clock that goes back makes no runner silent.
        registry.touch(Self.runner, now: EngineRecords.now)
        #expect(registry.lost(before: later) == [])
        #expect(registry.forget(Self.runner.key, ifLostBefore: later.advanced(bySeconds: 1)))
        #expect(registry.touch(Self.runner, now: later))
        registry.remove(Self.runner.key)
        #expect(!registry.touch(Self.runner, now: later))
    }

    @Test("A runner is busy while a transaction may lease jobs to it")
    func pending() throws {
        let registry = RunnerRegistry()
        registry.touch(Self.runner, now: EngineRecords.now)
        let request = try #require(registry.request(Self.runner.key))
        registry.openLease(request)
        registry.openLease(request)
        registry.closeLease(request)
        #expect(registry.runners(EngineRecords.queue).map(\.leasedJobs) == [1])
        registry.closeLease(request)
        registry.closeLease(request)
        #expect(registry.runners(EngineRecords.queue).map(\.leasedJobs) == [0])
    }

    @Test("While all of several runners are silent they are lost later; a single silent one, or one of several, is not")
    func disruption() {
        let settings = RunEngineSettings()
        let registry = RunnerRegistry()
        func patience(_ now: Timestamp) -> Duration { now.since(registry.silenceBound(now: now, settings)) }
        let start = EngineRecords.now
        registry.touch(Self.runner, now: start)
        let later = start.advanced(by: settings.heartbeatInterval * 2)
        #expect(patience(later) == settings.runnerLostAfter, "the only one")
        let second = RunnerReference(namespace: "default", pool: "p", name: "s")
        registry.touch(second, now: start)
        #expect(patience(start) == settings.runnerLostAfter, "both are heard")
        #expect(patience(later) == settings.disruptionPatience, "both are silent")
        registry.touch(second, now: later)
        #expect(patience(later) == settings.runnerLostAfter, "one of them is silent")
    }

    @Test("A lease that the store has makes its runner known, but not one that has departed")
    func restoredLease() {
        let registry = RunnerRegistry()
        registry.recordLease(EngineRecords.job(1), EngineRecords.lease(1), at: EngineRecords.now)
        #expect(registry.contains(Self.runner.key) && registry.held(Self.runner.key).count == 1)
        registry.recordMemory(Self.runner.key, [EngineRecords.job(1).id: 5, EngineRecords.job(2).id: 7])
        #expect(registry.held(Self.runner.key).values.map(\.memoryMB) == [5])
        registry.forgetHeld()
        #expect(registry.held(Self.runner.key).isEmpty)
        registry.depart(Self.runner.key)
        registry.remove(Self.runner.key)
        registry.recordLease(EngineRecords.job(1), EngineRecords.lease(2), at: EngineRecords.now)
        #expect(!registry.contains(Self.runner.key))
    }

    @Test("Jobs are dropped only under the lease that was read")
    func drop() {
        let registry = RunnerRegistry()
        registry.recordLease(EngineRecords.job(1), EngineRecords.lease(1), at: EngineRecords.now)
        let read = Array(registry.held(Self.runner.key))
        registry.recordLease(EngineRecords.job(1), EngineRecords.lease(2), at: EngineRecords.now)
        registry.drop(read, of: Self.runner.key)
        #expect(registry.held(Self.runner.key).values.map(\.token) == [2])
        registry.drop(Array(registry.held(Self.runner.key)), of: Self.runner.key)
        #expect(registry.held(Self.runner.key).isEmpty)
    }
}
