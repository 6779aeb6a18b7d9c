import APIMachinery
import Storage
import Synchronization

/// The calls of runners that wait for jobs. A job that arrives wakes the call that has waited longest, so that no
/// runner has to poll.
///
/// A caller reads `signals`, looks for jobs, and waits with the number that it read: a signal between looking and
/// waiting ends the wait at once. Each wait ends exactly once, by a signal, by its deadline, by its runner's name, or
/// by the cancellation of its task. A woken caller that may not lease passes the signal on.
final class LeaseWaiters: Sendable {
    private struct Waiter {
        var runner: NamespacedName
        var deadline: Timestamp
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Queue {
        /// Counts signals.
        var signals: UInt64 = 0
        /// In the order of arrival.
        var waiters: [(id: UInt64, waiter: Waiter)] = []
    }

    private struct State {
        var queues: [QueueName: Queue] = [:]
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// How often the queue was signalled; to be read before looking for jobs.
    func signals(_ queue: QueueName) -> UInt64 { state.withLock { $0.queues[queue]?.signals ?? 0 } }

    /// Waits until the queue is signalled more often than `seen`, the deadline is past, or the task is cancelled.
    func wait(_ queue: QueueName, runner: NamespacedName, seen: UInt64, until deadline: Timestamp) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    let queueState = state.queues[queue, default: Queue()]
                    guard queueState.signals == seen, !Task.isCancelled else { return false }
                    state.queues[queue, default: Queue()].waiters.append(
                        (id, Waiter(runner: runner, deadline: deadline, continuation: continuation))
                    )
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            wake { _, waiterID, _ in waiterID == id }
        }
    }

    /// Wakes as many waiting runners as there are new jobs.
    func signal(_ queue: QueueName, count: Int) {
        let woken = state.withLock { state in
            state.queues[queue, default: Queue()].signals += 1
            guard let waiting = state.queues[queue]?.waiters, !waiting.isEmpty else { return [Waiter]() }
            let number = min(count, waiting.count)
            state.queues[queue]?.waiters.removeFirst(number)
            return waiting.prefix(number).map(\.waiter)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Wakes a runner's calls, for an answer without jobs.
    func wake(_ runner: NamespacedName) { wake { _, _, waiter in waiter.runner == runner } }

    /// Wakes calls past their deadline.
    func expire(now: Timestamp) { wake { _, _, waiter in waiter.deadline <= now } }

    /// Wakes all calls, when the engine stops.
    func wakeAll() { wake { _, _, _ in true } }

    /// How many calls wait for jobs of the queue.
    func count(_ queue: QueueName) -> Int { state.withLock { $0.queues[queue]?.waiters.count ?? 0 } }

    private func wake(where matches: (QueueName, UInt64, Waiter) -> Bool) {
        let woken = state.withLock { state in
            var woken: [Waiter] = []
            for (name, queue) in state.queues where queue.waiters.contains(where: { matches(name, $0.id, $0.waiter) }) {
                woken += queue.waiters.filter { matches(name, $0.id, $0.waiter) }.map(\.waiter)
                state.queues[name]?.waiters.removeAll { matches(name, $0.id, $0.waiter) }
            }
            return woken
        }
        for waiter in woken { waiter.continuation.resume() }
    }
}
