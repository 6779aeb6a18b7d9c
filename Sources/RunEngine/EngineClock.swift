public import APIMachinery

/// Where the engine gets its time from; a simulation brings its own.
public protocol EngineClock: Sendable {
    /// The calendar time. It is set by people and by other machines, so that it may jump forward and back.
    var calendar: Timestamp { get }
    /// How much time has passed since some moment. It never jumps, and goes on while the machine sleeps.
    var uptime: Duration { get }
    /// Waits; throws `CancellationError` when the task is cancelled meanwhile.
    func sleep(for duration: Duration) async throws
}

/// The machine's clocks.
public struct SystemEngineClock: EngineClock {
    private let start = ContinuousClock.now

    /// The machine's clocks.
    public init() {}

    public var calendar: Timestamp { Timestamp.now() }

    public var uptime: Duration { ContinuousClock.now - start }

    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: max(duration, Duration.zero), clock: .continuous)
    }
}

extension Timestamp {
    /// That many seconds later.
    func advanced(bySeconds seconds: Int) -> Timestamp { advanced(by: .seconds(seconds)) }
}

extension Duration {
    /// The duration in seconds, with fraction.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
