public import APIMachinery

/// The clocks of the engine; simulations have their own.
public protocol EngineClock: Sendable {
    /// The calendar time. It can be set, and so may jump forward and back.
    var calendar: Timestamp { get }
    /// The time since some fixed moment. It never jumps, and continues while the machine is suspended.
    var uptime: Duration { get }
    /// Waits; throws `CancellationError` if the task is cancelled.
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
