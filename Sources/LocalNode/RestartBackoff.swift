import Basics

/// How long a container that ended waits before it is started again: not at all the first time, then 10 s, 20 s, 40 s,
/// … up to 5 minutes; after 10 minutes without an end it starts anew (kubelet's `MaxContainerBackOff`).
struct RestartBackoff: Sendable, Hashable {
    private let backoff: Backoff
    /// Ends since the container last ran for long.
    private var ends = 0
    private var lastStart: Duration?

    /// - Parameters:
    ///   - base: the first waiting time that is not zero.
    ///   - cap: the longest waiting time.
    init(base: Duration = .seconds(10), cap: Duration = .seconds(300)) { backoff = Backoff(base: base, cap: cap) }

    /// The first waiting time that is not zero.
    var base: Duration { backoff.base }

    /// The waiting time after an end at that instant.
    mutating func delay(after end: Duration) -> Duration {
        if let lastStart, end - lastStart > backoff.cap * 2 { ends = 0 }
        let delay = ends == 0 ? .zero : backoff.delay(after: ends - 1)
        ends += 1
        lastStart = end + delay
        return delay
    }
}

/// A waiting time as kubelet's messages have it: `10s`, `2m40s`, `5m0s`.
func describe(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    if seconds == 0 { return "\(duration.components.attoseconds / 1_000_000_000_000_000)ms" }
    return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
}
