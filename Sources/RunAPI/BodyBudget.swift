import Synchronization

/// A limit of the bytes of request bodies that are in memory at a time, over all routes that share the budget.
///
/// Bytes count when they arrive, so a client cannot reserve memory by announcing a body.
public final class BodyBudget: Sendable {
    private let limit: Int
    private let taken = Mutex(0)

    /// A budget of that many bytes.
    public init(bytes: Int = 64 << 20) { limit = bytes }

    /// The bytes in memory now.
    public var used: Int { taken.withLock { $0 } }

    /// Takes bytes from the budget; false if there are not enough left.
    func take(_ count: Int) -> Bool {
        taken.withLock { taken in
            guard count <= limit - taken else { return false }
            taken += count
            return true
        }
    }

    /// Returns bytes to the budget.
    func give(_ count: Int) { taken.withLock { $0 -= count } }
}
