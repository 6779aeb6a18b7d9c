/// How long a container that ended waits before it is started again: not at all the first time, then 10 s, 20 s, 40 s,
/// … up to 5 minutes; after 10 minutes without an end it begins anew (kubelet's `MaxContainerBackOff`).
struct RestartBackoff: Sendable, Hashable {
    /// The first waiting time that is not zero.
    let base: Duration
    /// The longest waiting time.
    let cap: Duration
    private var current: Duration = .zero
    private var lastStart: Duration?

    init(base: Duration = .seconds(10), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The waiting time after an end at that instant.
    mutating func delay(after end: Duration) -> Duration {
        if let lastStart, end - lastStart > cap * 2 { current = .zero }
        let delay = current
        current = current == .zero ? base : min(current * 2, cap)
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
