import APIMachinery
import ControllerRuntime
import KubeClient
import KubeTestSupport
import ServiceLifecycleTestKit
import Synchronization
import Testing

struct LeaderElectionStateTests {
    private let now = Timestamp(seconds: 1000)

    private func record(_ holder: String, _ renewed: Int64 = 0) -> LeaseRecord {
        LeaseRecord(
            holder: holder,
            duration: .seconds(15),
            acquireTime: MicroTime(Timestamp(seconds: 1)),
            renewTime: MicroTime(Timestamp(seconds: renewed)),
            transitions: 3
        )
    }

    private func written(_ action: LeaderElectionState.Action) -> LeaseRecord? {
        if case .write(let record) = action { record } else { nil }
    }

    @Test func aLeaseThatDoesNotExistIsTaken() {
        var state = LeaderElectionState(identity: "me", duration: .seconds(15))
        let record = written(state.decide(nil, now: now, instant: .zero))
        #expect(record?.holder == "me")
        #expect(record?.transitions == 0)
    }

    @Test func othersAreFollowedUntilTheyAreSeenSilent() {
        var state = LeaderElectionState(identity: "me", duration: .seconds(15))
        // However old the lease looks by its own clock, it counts from when it was first seen.
        #expect(state.decide(record("other"), now: now, instant: .seconds(100)) == .follow(leader: "other"))
        #expect(state.decide(record("other"), now: now, instant: .seconds(114)) == .follow(leader: "other"))
        #expect(state.decide(record("other", 5), now: now, instant: .seconds(114)) == .follow(leader: "other"))
        #expect(state.decide(record("other", 5), now: now, instant: .seconds(128)) == .follow(leader: "other"))
        let taken = written(state.decide(record("other", 5), now: now, instant: .seconds(129)))
        #expect(taken?.holder == "me")
        #expect(taken?.transitions == 4)
    }

    @Test func releasedLeasesAreTakenAtOnce() {
        var state = LeaderElectionState(identity: "me", duration: .seconds(15))
        #expect(written(state.decide(record(""), now: now, instant: .zero))?.transitions == 4)
    }

    @Test func ownLeasesAreRenewed() {
        var state = LeaderElectionState(identity: "me", duration: .seconds(15))
        let renewed = written(state.decide(record("me"), now: now, instant: .zero))
        #expect(renewed?.transitions == 3)
        #expect(renewed?.acquireTime == MicroTime(Timestamp(seconds: 1)))
        #expect(renewed?.renewTime == MicroTime(now))
    }

    @Test func recordsSurviveTheObject() {
        var lease = Unstructured([:])
        record("x", 7).write(to: &lease)
        #expect(LeaseRecord(lease) == record("x", 7))
    }
}

struct LeaderElectorTests {
    /// An elector whose body says when it runs and when it has ended.
    private final class Candidate: Sendable {
        let elector: LeaderElector
        let started = Notifier()

        init(_ identity: String, _ api: MemoryAPI, _ time: ManualTime, _ running: Mutexed) {
            let started = started
            elector = LeaderElector(
                client: api.client(),
                options: .init(namespace: "n", name: "lock", identity: identity),
                time: time,
                random: { 0 }
            ) {
                running.change(+1)
                started.notify()
                let forever = Notifier()
                while !Task.isCancelled { await forever.wait() }
                running.change(-1)
            }
        }
    }

    /// How many bodies run now, and at most.
    private final class Mutexed: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { state.withLock { $0.most } }

        func change(_ by: Int) {
            state.withLock { state in
                state.now += by
                state.most = max(state.most, state.now)
            }
        }
    }

    @Test func oneLeadsAndAnotherTakesOver() async throws {
        let time = ManualTime()
        let api = MemoryAPI(time: time)
        let running = Mutexed()
        let first = Candidate("first", api, time, running)
        let second = Candidate("second", api, time, running)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await first.elector.run() }
            await first.started.wait()
            group.addTask { try await second.elector.run() }
            for _ in 0..<20 {
                // Both sleep until their next attempt; the longer sleeps of time-outs do not count.
                while time.remaining.filter({ $0 <= .seconds(2) }).count < 2 { await Task.yield() }
                time.advance(by: .seconds(2))
            }
            #expect(first.elector.isLeader)
            #expect(!second.elector.isLeader)
            #expect(second.elector.leader == "first")
            // The leader is cut off: it must stop before the other one starts.
            api.setFault { _ in Status.serviceUnavailable("cut off") }
            while first.elector.isLeader {
                await time.waitForSleepers()
                time.advance(by: .seconds(1))
                await Task.yield()
            }
            await #expect(throws: LeaderElector.LeadershipLost.self) { try await group.next() }
            api.setFault(nil)
            while !second.elector.isLeader {
                await time.waitForSleepers()
                time.advance(by: .seconds(1))
                await Task.yield()
            }
            await second.started.wait()
            group.cancelAll()
        }
        #expect(running.most == 1)
    }

    @Test func stoppingReleasesTheLease() async throws {
        let time = ManualTime()
        let api = MemoryAPI(time: time)
        let ended = Notifier()
        let elector = LeaderElector(
            client: api.client(),
            options: .init(namespace: "n", name: "lock", identity: "me"),
            time: time
        ) { await ended.wait() }
        ended.notify()
        try await elector.run()
        let leases = GroupVersionResource(group: "coordination.k8s.io", version: "v1", resource: "leases")
        let lease = try await api.client().get(leases, namespace: "n", name: "lock")
        #expect(LeaseRecord(lease).holder == "")
        #expect(!elector.isLeader)
    }

    @Test func waitingForLeadershipEndsOnShutdown() async throws {
        let time = ManualTime()
        let api = MemoryAPI(time: time)
        let running = Mutexed()
        let first = Candidate("first", api, time, running)
        let second = Candidate("second", api, time, running)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await first.elector.run() }
                await first.started.wait()
                group.addTask { try await second.elector.run() }
                await time.waitForSleepers(2)
                trigger.triggerGracefulShutdown()
                try await group.next()
                group.cancelAll()
            }
        }
        #expect(running.most == 1)
    }
}
