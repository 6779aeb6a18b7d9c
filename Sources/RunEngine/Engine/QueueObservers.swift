import APIMachinery
import Storage
import Synchronization

/// Who wants to hear that a pool's queue or runners have changed.
final class QueueObservers: Sendable {
    private let handlers = Mutex<[@Sendable (_ namespace: String, _ pool: String) -> Void]>([])

    func add(_ handler: @escaping @Sendable (_ namespace: String, _ pool: String) -> Void) {
        handlers.withLock { $0.append(handler) }
    }

    func notify(_ queue: QueueName) {
        for handler in handlers.withLock({ $0 }) { handler(queue.namespace, queue.pool) }
    }

    /// Says so once for each queue that a transaction has touched.
    func notify(_ effects: EngineEffects) {
        var queues = Set(effects.arrivals.lazy.map(\.queue))
        queues.formUnion(effects.withdrawals)
        queues.formUnion(effects.leased.lazy.map(\.queue))
        queues.formUnion(effects.departures.lazy.map(\.job.queue))
        queues.formUnion(effects.deadLetters)
        for queue in queues { notify(queue) }
    }
}
