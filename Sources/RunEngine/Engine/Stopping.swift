public import APIMachinery
import Logging
import Storage
import Synchronization

/// A job that was interrupted because the plane stops. It is queued again.
public struct InterruptedJob: Sendable, Hashable {
    public var namespace: String
    public var pool: String
    /// The run's name.
    public var run: String
    /// The step's id.
    public var step: String
    public var attempt: Int
    public var runner: String
}

/// Whether the engine is stopping, and the handlers of interrupted jobs.
struct StoppingState {
    var isStopping = false
    var handlers: [@Sendable (InterruptedJob) -> Void] = []
}

extension RunEngine {
    /// Leases no more jobs. Reports, heartbeats and submissions are accepted as before, so that runners can finish
    /// their jobs; submitted runs start after the next start of the plane.
    public func stopLeasing() {
        stopping.withLock { $0.isStopping = true }
        waiters.wakeAll()
    }

    var isStopping: Bool { stopping.withLock { $0.isStopping } }

    /// Requeues the jobs of runners that the plane has stopped. The delivery does not count, because the jobs did not
    /// end their runners.
    ///
    /// - Throws: `RunStoreError`; the leases then expire after the next start.
    public func interrupt(_ runners: [NamespacedName]) async throws {
        for runner in runners {
            registry.depart(runner)
            _ = try await revokeAll(of: runner, isLost: false)
            registry.remove(runner)
        }
    }

    /// Calls the handler with every job that is requeued because the plane stops, after the commit. It must not block.
    public func onInterruption(_ handler: @escaping @Sendable (InterruptedJob) -> Void) {
        stopping.withLock { $0.handlers.append(handler) }
    }

    /// Logs interrupted jobs and calls the handlers.
    func record(interrupted jobs: [InterruptedJob]) {
        guard !jobs.isEmpty else { return }
        let handlers = stopping.withLock { $0.handlers }
        for job in jobs {
            logger.warning(
                "A job was interrupted by the stop of the plane; it runs again after the next start",
                metadata: [
                    "run": "\(job.namespace)/\(job.run)", "step": "\(job.step)", "attempt": "\(job.attempt)",
                    "pool": "\(job.pool)", "runner": "\(job.runner)",
                ]
            )
            for handler in handlers { handler(job) }
        }
    }
}
