import APIMachinery
import ControllerRuntime
import Logging

/// Runs one of the server's own controllers: workers take keys from its queue, never two of them the same one, and a
/// key that fails waits longer with each failure.
final class ControllerLoop<Key: Hashable & Sendable>: Sendable {
    /// Takes the next step with a key.
    typealias Reconcile = @Sendable (Key) async throws(Status) -> Reconciliation

    let queue: WorkQueue<Key>
    private let workers: Int
    private let logger: Logger

    /// - Parameter name: the controller's name in logs and metrics.
    init(name: String, workers: Int = 1, logger: Logger) {
        queue = WorkQueue(name: name)
        self.workers = workers
        var logger = logger
        logger[metadataKey: "controller"] = "\(name)"
        self.logger = logger
    }

    /// Works until the task is cancelled or the queue is shut down.
    func run(_ reconcile: @escaping Reconcile) async {
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.queue.run() }
                for _ in 0..<workers {
                    group.addTask { while let key = await self.queue.next() { await self.process(key, reconcile) } }
                }
            }
        } onCancel: {
            queue.shutDown()
        }
    }

    private func process(_ key: Key, _ reconcile: Reconcile) async {
        defer { queue.finish(key) }
        do throws(Status) {
            let next = try await reconcile(key)
            queue.forget(key)
            if case .requeue(let delay) = next { queue.add(key, after: delay) }
        } catch {
            queue.addRateLimited(key)
            logger.warning("reconciliation failed and is retried", metadata: ["key": "\(key)", "error": "\(error)"])
        }
    }
}
