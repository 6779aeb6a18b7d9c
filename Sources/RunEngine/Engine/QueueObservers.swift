import APIMachinery
import Storage
import Synchronization

/// Observers of changes of a pool's queue or runners.
final class QueueObservers: Sendable {
    private let handlers = Mutex<[@Sendable (_ namespace: String, _ pool: String) -> Void]>([])

    func add(_ handler: @escaping @Sendable (_ namespace: String, _ pool: String) -> Void) {
        handlers.withLock { $0.append(handler) }
    }

    func notify(_ queue: QueueName) {
        for handler in handlers.withLock({ $0 }) { handler(queue.namespace, queue.pool) }
    }

    /// Notifies once for each queue that a transaction has changed.
    func notify(_ effects: EngineEffects) {
        var queues = Set(effects.arrivals.lazy.map(\.queue))
        queues.formUnion(effects.withdrawals)
        queues.formUnion(effects.leased.lazy.map(\.queue))
        queues.formUnion(effects.departures.lazy.map(\.job.queue))
        queues.formUnion(effects.deadLetters)
        for queue in queues { notify(queue) }
    }
}
