import Basics

/// The growing pauses between attempts at a call to the controller that fails. Pure: the randomness comes in.
struct RetryPauses: Sendable {
    private var backoff: Backoff

    init(first: Duration = .milliseconds(100), longest: Duration = .seconds(2)) {
        backoff = Backoff(base: first, cap: longest)
    }

    /// Whether failing has become usual: it is reported the first time and at every sixteenth.
    var isRepeating: Bool { backoff.attempts % 16 != 0 }

    /// Forgets the failures.
    mutating func reset() { backoff.reset() }

    /// The pause before the next attempt: doubled each time, less a random part of up to a half, so that many
    /// runners do not come back in step after a controller's restart.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        backoff.next(random: 0) * Double.random(in: 0.5...1, using: &generator)
    }

    /// The next pause, or what the other side asked for if that is longer (at most a minute).
    mutating func next(atLeast asked: Duration?) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return max(next(using: &generator), min(asked ?? .zero, .seconds(60)))
    }
}
