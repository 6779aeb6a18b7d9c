import APIMachinery
import Storage
import Synchronization
import TestSupport
import Testing

@testable import RunEngine

/// What the engine keeps in memory of queues and runners.
@Suite struct EngineBooksTests {
    private static let queue = QueueName(namespace: "default", pool: "p")
    private static let now = Timestamp(seconds: 1000)

    private static func job(_ run: Int64, _ queue: QueueName = queue) -> JobRecord {
        let step = StepKey(run: run, index: 0)
        return JobRecord(step: step, attempt: 1, queue: queue, enqueuedAt: now, readyAt: now, payload: [])
    }

    private static func lease(_ token: Int64, _ runner: String = "r") -> JobLease {
        JobLease(token: token, runner: runner, leasedAt: now, expiresAt: now.advanced(bySeconds: 30))
    }

    private static func departure(
        _ kind: EngineEffects.Departure.Kind,
        seconds: Double = 0,
        token: Int64 = 1
    ) -> EngineEffects.Departure {
        EngineEffects.Departure(job: job(1), lease: lease(token), kind: kind, executionSeconds: seconds)
    }

    private static func arrivals(_ count: Int, readyAt: Timestamp = now) -> EngineEffects {
        var effects = EngineEffects()
        effects.arrivals = Array(repeating: .init(queue: queue, readyAt: readyAt, isRequeue: false), count: count)
        return effects
    }

    private final class Counter: Sendable {
        private let state = Mutex(0)
        var sum: Int { state.withLock { $0 } }
        func add(_ count: Int) { state.withLock { $0 += count } }
    }

    // MARK: Queues

    @Test("Room is promised up to the bound, counting what waits and what is being written")
    func reservations() {
        let counters = QueueCounters()
        counters.apply(Self.arrivals(3), now: Self.now)
        #expect(counters.reserve(Self.queue, count: 4, maxDepth: 8) == nil)
        #expect(counters.reserve(Self.queue, count: 2, maxDepth: 8) == 7)
        #expect(counters.reserve(Self.queue, count: 1, maxDepth: 8) == nil)
        counters.unreserve(Self.queue, count: 4)
        #expect(counters.reserve(Self.queue, count: 4, maxDepth: 8) == nil)
    }

    @Test("Many submissions at once never get more room than there is")
    func race() async {
        let counters = QueueCounters()
        let granted = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let count = 1 + number % 3
                    guard counters.reserve(Self.queue, count: count, maxDepth: 100) == nil else { return }
                    granted.add(count)
                    counters.apply(Self.arrivals(count), now: Self.now)
                    counters.unreserve(Self.queue, count: count)
                }
            }
        }
        let sum = granted.sum
        #expect(sum <= 100 && sum > 97)
        #expect(counters.waiting(Self.queue) == sum)
    }

    @Test("A count of rows is taken over only if nothing came or went meanwhile")
    func correction() throws {
        let counters = QueueCounters()
        counters.apply(Self.arrivals(2), now: Self.now)
        let old = try #require(counters.changeCounts[Self.queue])
        var effects = EngineEffects()
        effects.leased = [Self.job(1)]
        counters.apply(effects, now: Self.now)
        counters.correct(Self.queue, waiting: 7, nextDue: nil, unlessChangedSince: old)
        #expect(counters.waiting(Self.queue) == 1)
        #expect(counters.turn(Self.queue) == 1)
        counters.correct(
            Self.queue,
            waiting: 7,
            nextDue: nil,
            unlessChangedSince: try #require(counters.changeCounts[Self.queue])
        )
        #expect(counters.waiting(Self.queue) == 7)
    }

    @Test("Delayed jobs are due once, the earliest first, and the next time is told")
    func due() {
        let counters = QueueCounters()
        let (soon, later) = (Self.now.advanced(bySeconds: 5), Self.now.advanced(bySeconds: 9))
        counters.apply(Self.arrivals(1, readyAt: later), now: Self.now)
        counters.apply(Self.arrivals(1, readyAt: soon), now: Self.now)
        counters.apply(Self.arrivals(1), now: Self.now)
        #expect(counters.due(now: Self.now).ready == [])
        #expect(counters.due(now: Self.now).next == soon)
        #expect(counters.due(now: soon).ready == [Self.queue])
        #expect(counters.due(now: soon).ready == [], "told once")
        counters.recordDue(Self.queue, later)
        counters.recordDue(Self.queue, later.advanced(bySeconds: 1))
        #expect(counters.due(now: soon).next == later)
    }

    @Test("The mean follows what jobs took, and only of those that ran")
    func mean() {
        let counters = QueueCounters()
        var effects = EngineEffects()
        effects.departures = [Self.departure(.released, seconds: 100), Self.departure(.lost, seconds: 100)]
        counters.apply(effects, now: Self.now)
        var statistics = QueueStatistics()
        counters.fill(&statistics, Self.queue)
        #expect(statistics.meanExecutionSeconds == nil && statistics.completedTotal == 0)
        effects.departures =
            [Self.departure(.succeeded, seconds: 2)] + (0..<200).map { _ in Self.departure(.failed, seconds: 4) }
        counters.apply(effects, now: Self.now)
        counters.fill(&statistics, Self.queue)
        #expect(statistics.completedTotal == 201)
        #expect(abs((statistics.meanExecutionSeconds ?? 0) - 4) < 0.01)
    }

    // MARK: Outcomes

    @Test("Outcomes are counted by kind, and begin anew with a new process")
    func outcomes() {
        let counters = RunnerOutcomes()
        let runner = NamespacedName(namespace: "default", name: "r")
        for kind in EngineEffects.Departure.Kind.allCases { counters.record(kind, of: runner) }
        let counted = counters.outcomes(of: runner)
        #expect(counted.succeeded == 1 && counted.failed == 2 && counted.lost == 1)
        counters.reset(runner)
        #expect(counters.outcomes(of: runner) == JobOutcomes())
        #expect(counters.outcomes(of: NamespacedName(namespace: "other", name: "r")) == JobOutcomes())
    }

    @Test("Of very many runners the first are forgotten, again and again, and nobody else")
    func bound() {
        let counters = RunnerOutcomes()
        func runner(_ number: Int) -> NamespacedName { NamespacedName(namespace: "default", name: "r\(number)") }
        let count = RunnerOutcomes.limit * 3
        for number in 0..<count {
            counters.record(.succeeded, of: runner(number))
            if number >= RunnerOutcomes.limit {
                #expect(counters.outcomes(of: runner(number - RunnerOutcomes.limit)).succeeded == 0)
            }
        }
        #expect((count - RunnerOutcomes.limit..<count).allSatisfy { counters.outcomes(of: runner($0)).succeeded == 1 })
    }

    // MARK: Observers

    @Test("Every observer hears once of each queue that a transaction touched")
    func observers() {
        let observers = QueueObservers()
        let heard = Mutex<[String]>([])
        for number in 0..<2 {
            observers.add { namespace, pool in heard.withLock { $0.append("\(number) \(namespace)/\(pool)") } }
        }
        func queue(_ pool: String) -> QueueName { QueueName(namespace: "n", pool: pool) }
        var effects = EngineEffects()
        effects.arrivals = [
            .init(queue: queue("a"), readyAt: Self.now, isRequeue: false),
            .init(queue: queue("a"), readyAt: Self.now, isRequeue: true),
        ]
        effects.withdrawals = [queue("a"), queue("b")]
        effects.leased = [Self.job(1, queue("c"))]
        effects.departures = [
            EngineEffects.Departure(
                job: Self.job(2, queue("d")),
                lease: Self.lease(1),
                kind: .lost,
                executionSeconds: 0
            )
        ]
        effects.deadLetters = [queue("e"), queue("d")]
        observers.notify(effects)
        let expected = ["a", "b", "c", "d", "e"].flatMap { ["0 n/\($0)", "1 n/\($0)"] }
        #expect(heard.withLock { $0 }.sorted() == expected.sorted())
        heard.withLock { $0 = [] }
        observers.notify(EngineEffects())
        #expect(heard.withLock { $0 }.isEmpty)
    }

    // MARK: Runners

    private static let runner = RunnerReference(namespace: "default", pool: "p", name: "r")

    @Test("A request for jobs is void once its runner has left, begun anew, or is told to drain")
    func requests() throws {
        let registry = RunnerRegistry()
        #expect(registry.request(Self.runner.key) == nil, "nobody knows it")
        registry.touch(Self.runner, now: Self.now)
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
        #expect(registry.touch(Self.runner, now: Self.now), "one that has left drains, and stays unknown")
        #expect(!registry.contains(Self.runner.key))
        registry.arrive(Self.runner.key)
        #expect(!registry.touch(Self.runner, now: Self.now))
    }

    @Test("A job's departure counts once, for the lease that it had")
    func leases() {
        let registry = RunnerRegistry()
        registry.touch(Self.runner, now: Self.now)
        registry.recordLease(Self.job(1), Self.lease(1), at: Self.now)
        registry.recordLease(Self.job(1), Self.lease(2), at: Self.now)
        #expect(registry.runners(Self.queue).map(\.leasedJobs) == [1])
        #expect(!registry.recordDeparture(Self.departure(.succeeded, token: 1)), "an older lease")
        #expect(registry.recordDeparture(Self.departure(.succeeded, token: 2)))
        #expect(!registry.recordDeparture(Self.departure(.succeeded, token: 2)))
        #expect(registry.runners(Self.queue).map(\.leasedJobs) == [0])
    }

    @Test("Who is silent is forgotten, unless it is heard of meanwhile; its draining mark stays")
    func silence() {
        let registry = RunnerRegistry()
        let later = Self.now.advanced(bySeconds: 10)
        registry.touch(Self.runner, now: Self.now)
        registry.setDraining(true, Self.runner.key)
        #expect(registry.lost(before: later) == [Self.runner.key])
        registry.touch(Self.runner, now: later)
        #expect(!registry.forget(Self.runner.key, ifLostBefore: later))
        // A clock that goes back makes nobody silent.
        registry.touch(Self.runner, now: Self.now)
        #expect(registry.lost(before: later) == [])
        #expect(registry.forget(Self.runner.key, ifLostBefore: later.advanced(bySeconds: 1)))
        #expect(registry.touch(Self.runner, now: later))
        registry.remove(Self.runner.key)
        #expect(!registry.touch(Self.runner, now: later))
    }

    @Test("A runner that may just be getting a job is busy until the transaction is over")
    func pending() throws {
        let registry = RunnerRegistry()
        registry.touch(Self.runner, now: Self.now)
        let request = try #require(registry.request(Self.runner.key))
        registry.openLease(request)
        registry.openLease(request)
        registry.closeLease(request)
        #expect(registry.runners(Self.queue).map(\.leasedJobs) == [1])
        registry.closeLease(request)
        registry.closeLease(request)
        #expect(registry.runners(Self.queue).map(\.leasedJobs) == [0])
    }
}
