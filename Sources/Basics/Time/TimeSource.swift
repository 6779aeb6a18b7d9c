/// Where code that waits or measures gets its time from, so that a test or a simulation can supply its own.
///
/// `instant` never jumps: durations, timeouts and leases are measured with it. `now` is the calendar time that goes into
/// objects; people and other machines set it, so it may jump forward and back.
public protocol TimeSource: Sendable {
    /// Time since an arbitrary but fixed moment. It never decreases, and goes on while the machine is suspended.
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
