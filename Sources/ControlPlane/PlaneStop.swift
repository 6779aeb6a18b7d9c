import Logging
import RunEngine
import ServiceLifecycle
import Synchronization
import UnixSignals

/// How the plane stops.
///
/// ```
/// SIGTERM ─► not ready, no jobs are handed out ─► controllers stop ─► runners drain, as long as their pools say
///        ─► what is left is handed back, counted and recorded ─► watches end, servers stop ─► exit
/// ```
///
/// A second SIGTERM (or SIGINT) ends the draining: runners are killed, their jobs handed back. After the draining the
/// process is gone within `finishBound`, whatever its clients do.
final class PlaneStop: Sendable {
    /// How long the plane has for what comes after the draining.
    static let finishBound = Duration.seconds(30)

    private struct State {
        var signals = 0
        var hurry: @Sendable () -> Void = {}
    }

    private let state = Mutex(State())
    private let drained: AsyncStream<Void>
    private let noteDrained: AsyncStream<Void>.Continuation
    private let readiness: PlaneReadiness
    private let engine: RunEngine
    private let logger: Logger

    init(readiness: PlaneReadiness, engine: RunEngine, logger: Logger) {
        self.readiness = readiness
        self.engine = engine
        self.logger = logger
        (drained, noteDrained) = AsyncStream.makeStream()
    }

    /// What ends the draining at once.
    func onHurry(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.hurry = action
            return state.signals > 1
        }
        if isLate { action() }
    }

    /// A signal to stop came.
    ///
    /// - Returns: whether it is the first.
    func signalled() -> Bool {
        let (count, hurry) = state.withLock { state in
            state.signals += 1
            return (state.signals, state.hurry)
        }
        if count > 1 {
            logger.notice("stopping at once; running jobs are handed back")
            hurry()
            return false
        }
        logger.notice("stopping: runners finish their jobs; a second signal ends them at once")
        readiness.stop()
        engine.stopLeasing()
        return true
    }

    /// No runner of the plane is left; the rest is bounded.
    func didDrain() {
        noteDrained.finish()
    }

    private enum Outcome {
        case ended
        case failed(any Error)
        case overdue
    }

    /// Runs the services until they have ended, or until what comes after the draining has taken too long.
    ///
    /// - Returns: whether they have ended.
    /// - Throws: what ended the services.
    func run(_ group: ServiceGroup) async throws -> Bool {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let (outcomes, outcome) = AsyncStream<Outcome>.makeStream()
        // No child of this task: a service that does not end is not to be waited for.
        Task {
            do {
                try await group.run()
                outcome.yield(.ended)
            } catch {
                outcome.yield(.failed(error))
            }
        }
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for await _ in signals where self.signalled() { await group.triggerGracefulShutdown() }
            }
            tasks.addTask {
                for await _ in self.drained {}
                try await Task.sleep(for: Self.finishBound)
                outcome.yield(.overdue)
            }
            defer { tasks.cancelAll() }
            for await outcome in outcomes {
                switch outcome {
                case .ended: return true
                case .failed(let error): throw error
                case .overdue: return false
                }
            }
            return true
        }
    }
}
