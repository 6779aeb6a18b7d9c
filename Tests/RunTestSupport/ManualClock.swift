package import Basics
import Synchronization

/// Clocks that tests move.
package final class ManualClock: TimeSource {
    private struct Time {
        var calendar: Timestamp
        var uptime = Duration.seconds(1000)
    }

    private let time: Mutex<Time>

    package init(_ start: Timestamp = Timestamp(seconds: 1_800_000_000)) { time = Mutex(Time(calendar: start)) }

    package var now: Timestamp { time.withLock { $0.calendar } }
    package var instant: Duration { time.withLock { $0.uptime } }

    /// Time passes.
    package func advance(_ duration: Duration) {
        time.withLock { time in
            time.calendar = time.calendar.advanced(by: duration)
            time.uptime += duration
        }
    }

    /// Sets the calendar; no time passes.
    package func setCalendar(by duration: Duration) {
        time.withLock { $0.calendar = $0.calendar.advanced(by: duration) }
    }

    /// Nothing in these tests waits for time to pass.
    package func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
}
