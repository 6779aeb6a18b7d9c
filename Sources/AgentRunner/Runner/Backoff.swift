/// Growing pauses between attempts at something that fails. Pure: the randomness comes in.
struct Backoff: Sendable {
    private let first: Duration
    private let most: Duration
    private var failures = 0

    init(first: Duration = .milliseconds(100), most: Duration = .seconds(2)) {
        self.first = first
        self.most = most
    }

    /// Whether failing has become usual: reported once and then now and again.
    var isRepeating: Bool { failures % 16 != 0 }

    /// Forgets the failures.
    mutating func succeeded() { failures = 0 }

    /// The pause before the next attempt: doubled each time, less a random part of up to a half, so that many
    /// runners do not come back in step after a controller's restart.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let doubled = first * (1 << min(failures, 16))
        failures += 1
        return min(doubled, most) * Double.random(in: 0.5...1, using: &generator)
    }

    /// The next pause, or what the other side asked for if that is longer (at most a minute).
    mutating func next(atLeast asked: Duration?) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return max(next(using: &generator), min(asked ?? .zero, .seconds(60)))
    }
}
