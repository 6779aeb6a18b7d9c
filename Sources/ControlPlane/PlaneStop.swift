import Glibc
import Logging
import RunEngine
import ServiceLifecycle
import Synchronization

/// How the plane stops.
///
/// ```
/// SIGTERM ─► not ready, no jobs are handed out ─► controllers stop ─► runners drain, as long as their pools say
///        ─► what is left is handed back, counted and recorded ─► watches end, servers stop ─► exit
/// ```
///
/// A second SIGTERM (or SIGINT) ends the draining: runners are killed, their jobs handed back. After the draining the
/// process is gone within `finishBound`, whatever its clients do; also if for that long no task gets to run, as all
/// threads are occupied (see `StopWatchdog`).
final class PlaneStop: Sendable {
    /// How long the plane has for what comes after the draining.
    static let finishBound = Duration.seconds(30)

    private struct State {
        var signals = 0
        var hurry: @Sendable () -> Void = {}
    }

    private let state = Mutex(State())
    private let watchdog: StopWatchdog
    private let readiness: PlaneReadiness
    private let engine: RunEngine
    private let logger: Logger

    /// - Parameter onOverdue: what happens when the bound is exceeded; ends the process unless a test does otherwise.
    init(
        readiness: PlaneReadiness,
        engine: RunEngine,
        logger: Logger,
        finishBound: Duration = PlaneStop.finishBound,
        onOverdue: @escaping @Sendable () -> Void = { _exit(1) }
    ) {
        self.readiness = readiness
        self.engine = engine
        self.logger = logger
        watchdog = StopWatchdog(bound: finishBound) {
            // What was answered is durable.
            logger.error(
                "the plane did not stop in time and ends as it is",
                metadata: ["bound": "\(finishBound)"]
            )
            onOverdue()
        }
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
    func didDrain() { watchdog.limit() }

    /// Runs the services until they have ended; the watchdog ends the process if that takes too long after a signal.
    ///
    /// - Throws: what ended the services.
    func run(_ group: ServiceGroup) async throws {
        watchdog.start { [self] in
            // lint: a signal arrives outside of any task; the group that is asked to stop is awaited below.
            if signalled() { Task { await group.triggerGracefulShutdown() } }
        }
        defer { watchdog.stop() }
        try await group.run()
    }
}
