import APIMachinery
import Synchronization

/// The three times of the engine.
///
/// - `now` is what leases, timers and deadlines are counted in. It begins at the calendar time and then only runs on,
///   so that setting the machine's clock moves none of them. By how much the calendar has left it behind is the *skew*;
///   the store keeps it, so that a restart continues the same count.
/// - `calendar` is what people see: when runs and steps were created, started and finished. Nothing is decided by it.
/// - `attention` is `now` without the pauses in which this process stood still (a suspended machine, SIGSTOP, a disk that
///   did not answer). How long a runner was silent is counted in it: in a pause nobody could have been heard.
final class EngineTime: Sendable {
    private struct State {
        /// What `now` was when `uptime` was zero.
        var origin: Timestamp
        var isResumed = false
        /// The uptime when the engine last showed that it was working.
        var lastBeat: Duration
        /// The time counted as attention up to then.
        var attention: Duration
    }

    private let source: any EngineClock
    /// A longer time between two beats is a pause.
    private let longestBeat: Duration
    private let state: Mutex<State>

    init(_ source: any EngineClock, settings: RunEngineSettings) {
        self.source = source
        longestBeat = settings.tickInterval + settings.pauseTolerance
        let uptime = source.uptime
        state = Mutex(
            State(origin: source.calendar.advanced(by: .zero - uptime), lastBeat: uptime, attention: uptime)
        )
    }

    /// The calendar time.
    var calendar: Timestamp { source.calendar }

    /// The time that leases, timers and deadlines are counted in.
    var now: Timestamp { state.withLock { $0.origin }.advanced(by: source.uptime) }

    /// The time without pauses that silence is counted in. The pause that goes on at this moment, if any, is left out
    /// too.
    var attention: Timestamp {
        let uptime = source.uptime
        return state.withLock { state in
            state.origin.advanced(by: state.attention + max(.zero, min(uptime - state.lastBeat, longestBeat)))
        }
    }

    /// By how much the calendar is ahead of `now`.
    var skew: Duration { calendar.since(now) }

    /// What people are shown for a time counted as `now`.
    func shown(_ time: Timestamp) -> Timestamp { time.advanced(by: skew) }

    /// The largest skew that is believed: ten years.
    private static let maximumSkew = Duration.seconds(3650 * 86400)

    /// Goes on counting where the process before this one, which had that skew, left off. Counts only once.
    func resume(skew: Duration) {
        state.withLock { state in
            guard !state.isResumed else { return }
            state.isResumed = true
            guard abs(skew.inSeconds) <= Self.maximumSkew.inSeconds else { return }
            state.origin = state.origin.advanced(by: .zero - skew)
        }
    }

    /// To be called in every turn of the engine's loop, before anything is judged.
    ///
    /// - Returns: how long this process stood still since the last turn, if it did.
    func beat() -> Duration? {
        let uptime = source.uptime
        return state.withLock { state in
            let passed = max(.zero, uptime - state.lastBeat)
            state.attention += min(passed, longestBeat)
            state.lastBeat = max(state.lastBeat, uptime)
            return passed > longestBeat ? passed : nil
        }
    }

    func sleep(for duration: Duration) async throws { try await source.sleep(for: duration) }
}
