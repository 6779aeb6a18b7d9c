import APIMachinery
import Storage
import Testing

@testable import RunEngine

/// The counters by which submissions are limited and delayed jobs are woken.
@Suite("Queue counters")
struct QueueCountersTests {
    @Test("Room is reserved up to the limit, counting waiting jobs and earlier reservations")
    func reservations() {
        let counters = QueueCounters()
        counters.apply(EngineRecords.arrivals(3), now: EngineRecords.now)
        #expect(counters.reserve(EngineRecords.queue, count: 4, maxDepth: 8) == nil)
        #expect(counters.reserve(EngineRecords.queue, count: 2, maxDepth: 8) == 7)
        #expect(counters.reserve(EngineRecords.queue, count: 1, maxDepth: 8) == nil)
        counters.unreserve(EngineRecords.queue, count: 4)
        #expect(counters.reserve(EngineRecords.queue, count: 4, maxDepth: 8) == nil)
    }

    @Test("Concurrent submissions never reserve more room than the limit")
    func race() async {
        let counters = QueueCounters()
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let count = 1 + number % 3
                    guard counters.reserve(EngineRecords.queue, count: count, maxDepth: 100) == nil else { return 0 }
                    counters.apply(EngineRecords.arrivals(count), now: EngineRecords.now)
                    counters.unreserve(EngineRecords.queue, count: count)
                    return count
                }
            }
            return await group.reduce(0, +)
        }
        #expect(sum <= 100 && sum > 97)
        #expect(counters.waiting(EngineRecords.queue) == sum)
    }

    @Test("A count of rows replaces the counter only if no job came or went since")
    func correction() throws {
        let counters = QueueCounters()
        counters.apply(EngineRecords.arrivals(2), now: EngineRecords.now)
        let old = try #require(counters.changeCounts[EngineRecords.queue])
        var effects = EngineEffects()
        effects.leased = [EngineRecords.job(1)]
        counters.apply(effects, now: EngineRecords.now)
        counters.correct(EngineRecords.queue, waiting: 7, nextDue: nil, unlessChangedSince: old)
        #expect(counters.waiting(EngineRecords.queue) == 1)
        #expect(counters.turn(EngineRecords.queue) == 1)
        counters.correct(
            EngineRecords.queue,
            waiting: 7,
            nextDue: nil,
            unlessChangedSince: try #require(counters.changeCounts[EngineRecords.queue])
        )
        #expect(counters.waiting(EngineRecords.queue) == 7)
    }

    @Test("A queue with a delayed job is due once, and `next` is when the following one is")
    func due() {
        let counters = QueueCounters()
        let (soon, later) = (EngineRecords.now.advanced(bySeconds: 5), EngineRecords.now.advanced(bySeconds: 9))
        counters.apply(EngineRecords.arrivals(1, readyAt: later), now: EngineRecords.now)
        counters.apply(EngineRecords.arrivals(1, readyAt: soon), now: EngineRecords.now)
        counters.apply(EngineRecords.arrivals(1), now: EngineRecords.now)
        #expect(counters.due(now: EngineRecords.now).ready == [])
        #expect(counters.due(now: EngineRecords.now).next == soon)
        #expect(counters.due(now: soon).ready == [EngineRecords.queue])
        #expect(counters.due(now: soon).ready == [], "reported once")
        counters.recordDue(EngineRecords.queue, later)
        counters.recordDue(EngineRecords.queue, later.advanced(bySeconds: 1))
        #expect(counters.due(now: soon).next == later)
    }

    @Test("The mean execution time follows finished jobs, and not released or lost ones")
    func mean() {
        let counters = QueueCounters()
        var effects = EngineEffects()
        effects.departures = [
            EngineRecords.departure(.released, seconds: 100), EngineRecords.departure(.lost, seconds: 100),
        ]
        counters.apply(effects, now: EngineRecords.now)
        var statistics = QueueStatistics()
        counters.fill(&statistics, EngineRecords.queue)
        #expect(statistics.meanExecutionSeconds == nil && statistics.completedTotal == 0)
        effects.departures =
            [EngineRecords.departure(.succeeded, seconds: 2)]
            + (0..<200).map { _ in EngineRecords.departure(.failed, seconds: 4) }
        counters.apply(effects, now: EngineRecords.now)
        counters.fill(&statistics, EngineRecords.queue)
        #expect(statistics.completedTotal == 201)
        #expect(abs((statistics.meanExecutionSeconds ?? 0) - 4) < 0.01)
    }

    @Test("A leased job leaves the counter and a requeued one comes back, without counting as enqueued again")
    func requeue() {
        let counters = QueueCounters()
        counters.apply(EngineRecords.arrivals(2), now: EngineRecords.now)
        var effects = EngineEffects()
        effects.leased = [EngineRecords.job(1)]
        effects.withdrawals = [EngineRecords.queue]
        counters.apply(effects, now: EngineRecords.now)
        #expect(counters.waiting(EngineRecords.queue) == 0 && counters.turn(EngineRecords.queue) == 1)
        counters.apply(EngineRecords.arrivals(1, isRequeue: true), now: EngineRecords.now)
        #expect(counters.waiting(EngineRecords.queue) == 1)
        var statistics = QueueStatistics()
        counters.fill(&statistics, EngineRecords.queue)
        #expect(statistics.enqueuedTotal == 2)
    }

    @Test("Queues are counted separately, and an unknown queue is empty")
    func separate() {
        let counters = QueueCounters()
        let other = QueueName(namespace: "default", pool: "other")
        counters.apply(EngineRecords.arrivals(1), now: EngineRecords.now)
        counters.setWaiting(other, 5, nextDue: nil)
        #expect(counters.waiting(EngineRecords.queue) == 1 && counters.waiting(other) == 5)
        #expect(counters.queues == [other, EngineRecords.queue].sorted())
        let unknown = QueueName(namespace: "n", pool: "p")
        #expect(counters.waiting(unknown) == 0 && counters.turn(unknown) == 0)
        #expect(counters.reserve(unknown, count: 1, maxDepth: 1) == nil)
    }
}
