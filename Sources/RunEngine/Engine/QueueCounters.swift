import APIMachinery
import Storage
import Synchronization

/// Counters of every queue, so that submissions and leases need not count rows.
///
/// Updated after each commit from its effects, and corrected from the store by every sweep, unless the counter has
/// changed since the rows were counted. Depth limits are therefore checked against `waiting` plus the room that is
/// reserved for submissions whose transaction has not ended.
final class QueueCounters: Sendable {
    private struct Entry {
        /// Jobs that are not leased, delayed ones included.
        var waiting = 0
        /// Room reserved for submissions that are being written.
        var reserved = 0
        /// Jobs leased so far; decides which lane is next.
        var turn = 0
        var enqueued = 0
        var completed = 0
        var meanExecution: Double?
        /// When the next delayed job becomes ready, if one is known.
        var nextDue: Timestamp?
        /// Counts changes of `waiting`, by which a count of rows is known to be outdated.
        var changes = 0
    }

    /// The weight of the latest job in the mean execution time.
    private static let meanWeight = 0.05

    private let entries: Mutex<[QueueName: Entry]> = Mutex([:])

    /// Reserves room for `count` jobs, unless that would exceed the limit.
    ///
    /// - Returns: `nil`, or the depth if there is not enough room.
    func reserve(_ queue: QueueName, count: Int, maxDepth: Int) -> Int? {
        entries.withLock { entries in
            let entry = entries[queue, default: Entry()]
            let depth = entry.waiting + entry.reserved
            guard depth + count <= maxDepth else { return depth }
            entries[queue, default: Entry()].reserved += count
            return nil
        }
    }

    func unreserve(_ queue: QueueName, count: Int) {
        entries.withLock { $0[queue]?.reserved -= count }
    }

    /// How many jobs of the queue were leased so far.
    func turn(_ queue: QueueName) -> Int { entries.withLock { $0[queue]?.turn ?? 0 } }

    /// The change count of every queue.
    var changeCounts: [QueueName: Int] { entries.withLock { $0.mapValues(\.changes) } }

    /// Replaces counters by counts of the store, unless jobs came or went while the rows were counted.
    func correct(_ queue: QueueName, waiting: Int, nextDue: Timestamp?, unlessChangedSince count: Int) {
        entries.withLock { entries in
            guard entries[queue, default: Entry()].changes == count else { return }
            entries[queue, default: Entry()].waiting = waiting
            entries[queue, default: Entry()].nextDue = nextDue
        }
    }

    func setWaiting(_ queue: QueueName, _ count: Int, nextDue: Timestamp?) {
        entries.withLock { entries in
            entries[queue, default: Entry()].waiting = count
            entries[queue, default: Entry()].nextDue = nextDue
        }
    }

    func apply(_ effects: EngineEffects, now: Timestamp) {
        entries.withLock { entries in
            for arrival in effects.arrivals {
                entries[arrival.queue, default: Entry()].waiting += 1
                entries[arrival.queue, default: Entry()].changes += 1
                if !arrival.isRequeue { entries[arrival.queue, default: Entry()].enqueued += 1 }
                if arrival.readyAt > now {
                    let due = entries[arrival.queue, default: Entry()].nextDue
                    entries[arrival.queue, default: Entry()].nextDue = min(due ?? arrival.readyAt, arrival.readyAt)
                }
            }
            for queue in effects.withdrawals {
                entries[queue, default: Entry()].waiting -= 1
                entries[queue, default: Entry()].changes += 1
            }
            for job in effects.leased {
                entries[job.queue, default: Entry()].waiting -= 1
                entries[job.queue, default: Entry()].changes += 1
                entries[job.queue, default: Entry()].turn += 1
            }
            for departure in effects.departures {
                switch departure.kind {
                case .succeeded, .failed, .timedOut:
                    var entry = entries[departure.job.queue, default: Entry()]
                    entry.completed += 1
                    let seconds = departure.executionSeconds
                    entry.meanExecution = entry.meanExecution.map { $0 + Self.meanWeight * (seconds - $0) } ?? seconds
                    entries[departure.job.queue] = entry
                case .cancelled, .released, .lost:
                    break
                }
            }
        }
    }

    /// Queues in which delayed jobs may have become ready, and when the next one does in any other.
    func due(now: Timestamp) -> (ready: [QueueName], next: Timestamp?) {
        entries.withLock { entries in
            var ready: [QueueName] = []
            var next: Timestamp?
            for (queue, entry) in entries {
                guard let due = entry.nextDue else { continue }
                if due <= now {
                    ready.append(queue)
                    entries[queue]?.nextDue = nil
                } else {
                    next = min(next ?? due, due)
                }
            }
            return (ready, next)
        }
    }

    func recordDue(_ queue: QueueName, _ time: Timestamp) {
        entries.withLock { entries in
            let due = entries[queue, default: Entry()].nextDue
            entries[queue, default: Entry()].nextDue = min(due ?? time, time)
        }
    }

    func fill(_ statistics: inout QueueStatistics, _ queue: QueueName) {
        let entry = entries.withLock { $0[queue] } ?? Entry()
        statistics.enqueuedTotal = entry.enqueued
        statistics.completedTotal = entry.completed
        statistics.meanExecutionSeconds = entry.meanExecution
    }

    /// Every queue with counters.
    var queues: [QueueName] { entries.withLock { $0.keys.sorted() } }

    /// Jobs that are not leased.
    func waiting(_ queue: QueueName) -> Int { entries.withLock { $0[queue]?.waiting ?? 0 } }
}
