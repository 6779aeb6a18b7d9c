import APIMachinery
import Storage
import Synchronization

/// Running figures of every queue, so that a submission need not count rows. Corrected from the store now and then.
final class QueueCounters: Sendable {
    private struct Entry {
        /// Jobs in the queue and not at a runner, delayed ones included.
        var waiting = 0
        /// Room promised to submissions that are being written.
        var reserved = 0
        /// Jobs handed out so far: whose turn it is.
        var turn = 0
        var enqueued = 0
        var completed = 0
        var meanExecution: Double?
        /// When delayed jobs become ready; the earliest known.
        var nextDue: Timestamp?
        /// Counts changes, so that a count of rows made meanwhile is known to be old.
        var changes = 0
    }

    /// The weight of the latest job in the mean execution time.
    private static let meanWeight = 0.05

    private let entries: Mutex<[QueueName: Entry]> = Mutex([:])

    /// Promises room for so many jobs, unless that would exceed the bound.
    ///
    /// - Returns: the depth now, if there is no room.
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

    /// The next turns of a lease for so many jobs; the caller says afterwards how many it got.
    func turn(_ queue: QueueName) -> Int { entries.withLock { $0[queue]?.turn ?? 0 } }

    /// How often each queue's figures have changed.
    var changeCounts: [QueueName: Int] { entries.withLock { $0.mapValues(\.changes) } }

    /// Takes counted figures over, unless jobs came or went while they were counted.
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

    /// Every queue heard of.
    var queues: [QueueName] { entries.withLock { $0.keys.sorted() } }

    /// Jobs that wait, as far as known.
    func waiting(_ queue: QueueName) -> Int { entries.withLock { $0[queue]?.waiting ?? 0 } }
}
