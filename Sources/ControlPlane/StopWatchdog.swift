import Dispatch
import Glibc
import Synchronization

/// Takes the signals to stop, and ends the process when the stop exceeds its bound, on a queue of its own.
///
/// Tasks share as many threads as there are processors, and requests that compute for long may occupy all of them. Then
/// no task gets to see a signal or that a bound has passed; this queue does.
final class StopWatchdog: Sendable {
    private struct State {
        /// When everything is to be over, once that is known.
        var deadline: ContinuousClock.Instant?
        /// Whether a task was started that only says that tasks run, and has not run yet.
        var isAsking = false
        /// How often in a row it had not. Counted, so that a pause of the whole process is no such silence.
        var silences = 0
    }

    private static let signals = [SIGTERM, SIGINT]
    private static let interval = Duration.seconds(1)

    private let queue = DispatchQueue(label: "martinet.stop", qos: .userInitiated)
    private let bound: Duration
    private let state = Mutex(State())
    // lint: set once by `start`, and from then on used on the queue only.
    private nonisolated(unsafe) var sources: [any DispatchSourceProtocol] = []
    private let onOverdue: @Sendable () -> Void

    /// - Parameters:
    ///   - bound: how long what comes after the draining may take, and how long no task may get to run.
    ///   - onOverdue: ends the process.
    init(bound: Duration, onOverdue: @escaping @Sendable () -> Void) {
        self.bound = bound
        self.onOverdue = onOverdue
    }

    /// Calls the closure on the queue for every SIGTERM and SIGINT; it must not wait. From the first one on the bounds
    /// are watched.
    func start(_ onSignal: @escaping @Sendable () -> Void) {
        queue.sync {
            for number in Self.signals {
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { [weak self] in
                    onSignal()
                    self?.watch()
                }
                source.resume()
                sources.append(source)
            }
        }
    }

    /// What is left to do is bounded from now on.
    func limit() {
        let deadline = ContinuousClock.now + bound
        state.withLock { $0.deadline = $0.deadline ?? deadline }
        queue.async { self.watch() }
    }

    /// Everything has ended.
    func stop() {
        queue.async { [self] in
            for source in sources { source.cancel() }
            sources = []
        }
    }

    private func watch() {
        // Besides the signals the timer is the only source. Without signals there is nothing to watch any more.
        guard sources.count == Self.signals.count else { return }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler { [weak self] in self?.look() }
        timer.schedule(deadline: .now(), repeating: Double(Self.interval.components.seconds))
        timer.resume()
        sources.append(timer)
    }

    private func look() {
        let now = ContinuousClock.now
        let (isOverdue, mustAsk) = state.withLock { state -> (Bool, Bool) in
            if let deadline = state.deadline, deadline <= now { return (true, false) }
            guard state.isAsking else {
                state.isAsking = true
                state.silences = 0
                return (false, true)
            }
            state.silences += 1
            return (Self.interval * state.silences >= bound, false)
        }
        if isOverdue { return onOverdue() }
        // lint: whether tasks still run is what this task shows.
        if mustAsk { Task { [weak self] in self?.state.withLock { $0.isAsking = false } } }
    }
}
