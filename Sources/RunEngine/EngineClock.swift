public import APIMachinery

/// Where the engine gets its time from; a simulation brings its own.
public protocol EngineClock: Sendable {
    /// The calendar time.
    var now: Timestamp { get }
    /// Waits; throws `CancellationError` when the task is cancelled meanwhile.
    func sleep(for duration: Duration) async throws
}

/// The machine's clock.
public struct SystemEngineClock: EngineClock {
    /// The machine's clock.
    public init() {}

    public var now: Timestamp { Timestamp.now() }

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

    /// The duration in milliseconds, with fraction.
    var inMilliseconds: Double { inSeconds * 1000 }
}
