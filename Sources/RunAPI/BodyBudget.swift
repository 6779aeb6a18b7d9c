import Synchronization

/// The bytes of request bodies that are in memory at a time, over all routes that share the budget.
///
/// Only what has come counts, so that nobody can reserve memory by announcing a body.
public final class BodyBudget: Sendable {
    private let limit: Int
    private let taken = Mutex(0)

    /// A budget of that many bytes.
    public init(bytes: Int = 64 << 20) { limit = bytes }

    /// The bytes in memory now.
    public var used: Int { taken.withLock { $0 } }

    /// Takes some; false if there are not so many left.
    func take(_ count: Int) -> Bool {
        taken.withLock { taken in
            guard count <= limit - taken else { return false }
            taken += count
            return true
        }
    }

    /// Puts some back.
    func give(_ count: Int) { taken.withLock { $0 -= count } }
}
