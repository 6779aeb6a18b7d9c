/// Exponential waiting times with jitter: `base`, twice that, four times that, never more than `cap`.
///
/// Pure: the caller supplies the random number, so that sequences can be tested.
public struct Backoff: Sendable, Hashable {
    /// The first waiting time.
    public var base: Duration
    /// The longest waiting time, before jitter.
    public var cap: Duration
    /// What each waiting time is multiplied with to get the next.
    public var factor: Double
    /// How much may be added at random, as a share of the waiting time.
    public var jitter: Double
    /// How many waiting times have been handed out since the last reset.
    public private(set) var attempts = 0

    /// A sequence of waiting times that starts at `base`.
    public init(base: Duration, cap: Duration, factor: Double = 2, jitter: Double = 0) {
        self.base = base
        self.cap = cap
        self.factor = factor
        self.jitter = jitter
    }

    /// The waiting time without jitter that follows that many others: `base` after none.
    public func delay(after attempts: Int) -> Duration {
        var delay = base
        var remaining = attempts
        // Multiplying step by step stops at the cap, where a power could overflow.
        while remaining > 0, delay < cap {
            delay = delay * factor
            remaining -= 1
        }
        return min(delay, cap)
    }

    /// The next waiting time, with jitter; `random` is in 0..<1.
    public mutating func next(random: Double) -> Duration {
        let delay = delay(after: attempts)
        attempts += 1
        return delay + delay * (jitter * random)
    }

    /// Starts again at `base`: something has succeeded.
    public mutating func reset() { attempts = 0 }
}
