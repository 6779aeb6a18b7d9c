public import APIMachinery

/// Where code that waits or measures gets its time from, so that a test or a simulation can supply its own.
///
/// `instant` never jumps and is what durations are measured with; `now` is the calendar time that goes into objects.
public protocol TimeSource: Sendable {
    /// Time since an arbitrary but fixed moment, never decreasing.
    var instant: Duration { get }
    /// The calendar time, as it is written to objects.
    var now: Timestamp { get }
    /// Waits; throws `CancellationError` when the task is cancelled meanwhile.
    func sleep(for duration: Duration) async throws
}

/// The machine's own clocks.
public struct SystemTime: TimeSource {
    private static let origin = ContinuousClock.now

    /// The machine's own clocks.
    public init() {}

    public var instant: Duration { Self.origin.duration(to: .now) }

    public var now: Timestamp { Timestamp.now() }

    public func sleep(for duration: Duration) async throws {
        guard duration > .zero else { return try Task.checkCancellation() }
        try await Task.sleep(for: duration, clock: .continuous)
    }
}

extension TimeSource where Self == SystemTime {
    /// The machine's own clocks.
    public static var system: SystemTime { SystemTime() }
}

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

    /// A sequence of waiting times that begins at `base`.
    public init(base: Duration, cap: Duration, factor: Double = 2, jitter: Double = 0) {
        self.base = base
        self.cap = cap
        self.factor = factor
        self.jitter = jitter
    }

    /// The next waiting time; `random` is in 0..<1.
    public mutating func next(random: Double) -> Duration {
        var delay = base
        // Multiplying step by step stops at the cap, where a power could overflow.
        for _ in 0..<attempts where delay < cap { delay = delay * factor }
        attempts += 1
        delay = min(delay, cap)
        return delay + delay * (jitter * random)
    }

    /// Begins again at `base`: something has succeeded.
    public mutating func reset() { attempts = 0 }
}
