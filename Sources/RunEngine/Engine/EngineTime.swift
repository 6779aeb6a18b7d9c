import APIMachinery
import Synchronization

/// The three times of the engine.
///
/// - `now` counts leases, timers and deadlines. It starts at the calendar time and then follows the uptime, so setting
///   the machine's clock moves none of them. The *skew* is how far the calendar is ahead of it; the store keeps the
///   skew, so that `now` continues over a restart.
/// - `calendar` is shown to users: when runs and steps were created, started and finished. Nothing is decided by it.
/// - `attention` is `now` without the pauses of this process (a suspended machine, SIGSTOP, a disk that did not
///   answer). The silence of runners is measured in it, because calls could not be received during a pause.
final class EngineTime: Sendable {
    private struct State {
        /// What `now` was when `uptime` was zero.
        var origin: Timestamp
        var isResumed = false
        /// The uptime at the last beat.
        var lastBeat: Duration
        /// The attention counted up to then.
        var attention: Duration
    }

    let source: any TimeSource
    /// A longer time between two beats is a pause.
    private let longestBeat: Duration
    private let state: Mutex<State>

    init(_ source: any TimeSource, settings: RunEngineSettings) {
        self.source = source
        longestBeat = settings.tickInterval + settings.pauseTolerance
        let uptime = source.instant
        state = Mutex(
            State(origin: source.now.advanced(by: .zero - uptime), lastBeat: uptime, attention: uptime)
        )
    }

    /// The calendar time.
    var calendar: Timestamp { source.now }

    /// The time that leases, timers and deadlines are counted in.
    var now: Timestamp { state.withLock { $0.origin }.advanced(by: source.instant) }

    /// The time without pauses, in which silence is measured. A pause that has not ended yet is also left out.
    var attention: Timestamp {
        let uptime = source.instant
        return state.withLock { state in
            state.origin.advanced(by: state.attention + max(.zero, min(uptime - state.lastBeat, longestBeat)))
        }
    }

    /// By how much the calendar is ahead of `now`.
    var skew: Duration { calendar.since(now) }

    /// The calendar time to show for a time counted as `now`.
    func shown(_ time: Timestamp) -> Timestamp { time.advanced(by: skew) }

    /// The largest skew that is taken over from the store: ten years.
    private static let maximumSkew = Duration.seconds(3650 * 86400)

    /// Continues the count of an earlier process that had stored this skew. Only the first call has an effect.
    func resume(skew: Duration) {
        state.withLock { state in
            guard !state.isResumed else { return }
            state.isResumed = true
            guard abs(skew.inSeconds) <= Self.maximumSkew.inSeconds else { return }
            state.origin = state.origin.advanced(by: .zero - skew)
        }
    }

    /// Records that the engine is working. Called in every tick, before anything is judged by its age.
    ///
    /// - Returns: how long this process paused since the last beat, if it did.
    func beat() -> Duration? {
        let uptime = source.instant
        return state.withLock { state in
            let passed = max(.zero, uptime - state.lastBeat)
            state.attention += min(passed, longestBeat)
            state.lastBeat = max(state.lastBeat, uptime)
            return passed > longestBeat ? passed : nil
        }
    }

    func sleep(for duration: Duration) async throws { try await source.sleep(for: duration) }
}
