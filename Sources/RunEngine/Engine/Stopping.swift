public import APIMachinery
import Logging
import Storage
import Synchronization

/// A job that the stop of the plane ended before it was done. It is in its queue again.
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

/// How far the engine is with stopping, and who wants to hear of interrupted jobs.
struct StoppingState {
    var isStopping = false
    var handlers: [@Sendable (InterruptedJob) -> Void] = []
}

extension RunEngine {
    /// From now on hands out no jobs. Reports, heartbeats and submissions are taken as before, so that runners can
    /// finish what they have; what is submitted runs after the next start.
    public func stopLeasing() {
        stopping.withLock { $0.isStopping = true }
        waiters.wakeAll()
    }

    var isStopping: Bool { stopping.withLock { $0.isStopping } }

    /// Puts the jobs of runners that the plane has ended back into their queues. That is no delivery: the jobs did not
    /// end their runners.
    ///
    /// - Throws: `RunStoreError`; the leases run out by themselves then, after the next start.
    public func interrupt(_ runners: [NamespacedName]) async throws {
        for runner in runners {
            registry.depart(runner)
            _ = try await revokeAll(of: runner, isLost: false)
            registry.remove(runner)
        }
    }

    /// Calls the handler with every job that is handed back while the plane stops, once that is durable. It must be
    /// quick.
    public func onInterruption(_ handler: @escaping @Sendable (InterruptedJob) -> Void) {
        stopping.withLock { $0.handlers.append(handler) }
    }

    /// Records which jobs the stop has interrupted.
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
