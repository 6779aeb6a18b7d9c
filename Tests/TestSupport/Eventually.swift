/// A condition that did not come true.
public struct NeverHappened: Error, CustomStringConvertible {
    public var description: String
}

/// Asks again and again until there is an answer.
///
/// The bound is no assertion about speed: it only ends a test whose condition never comes true, and is far above
/// what any machine needs.
public func eventually<Value>(
    _ what: String,
    within bound: Duration = .seconds(180),
    every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Value?
) async throws -> Value {
    let clock = ContinuousClock()
    let deadline = clock.now + bound
    var lastError: (any Error)?
    while true {
        do {
            if let value = try await condition() { return value }
            lastError = nil
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            lastError = error
        }
        if clock.now > deadline {
            throw NeverHappened(
                description: "never came true: \(what)\(lastError.map { "; last error: \($0)" } ?? "")"
            )
        }
        // lint: the pause between two questions, not a guess at how long something takes
        try await clock.sleep(for: interval)
    }
}

/// Asks again and again until the condition holds.
public func eventually(
    _ what: String,
    within bound: Duration = .seconds(180),
    every interval: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async throws {
    _ = try await eventually(what, within: bound, every: interval) { try await condition() ? () : nil } as Void
}
