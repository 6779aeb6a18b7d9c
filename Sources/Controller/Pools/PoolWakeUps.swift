import APIMachinery
import ControllerRuntime
import Synchronization

/// Decides when a pool is looked at because of its jobs: at once after a rest, and no more often than once in a period
/// while jobs come and go by the thousand.
final class PoolWakeUps: Sendable {
    /// What the jobs of one submission do comes together.
    static let gathering = Duration.milliseconds(50)

    private struct State {
        var pending: Set<Request> = []
        var lookedAt: [Request: Duration] = [:]
    }

    private let period: Duration
    private let state = Mutex(State())

    init(period: Duration) { self.period = period }

    /// Something has changed for the pool.
    ///
    /// - Returns: after how long to look at it; `nil` if that is arranged already.
    func notify(_ pool: Request, now: Duration) -> Duration? {
        state.withLock { state in
            guard state.pending.insert(pool).inserted else { return nil }
            guard let lookedAt = state.lookedAt[pool] else { return Self.gathering }
            return max(Self.gathering, lookedAt + period - now)
        }
    }

    /// The pool is being looked at: what changes from now on needs another look.
    func began(_ pool: Request, now: Duration) {
        state.withLock { state in
            state.pending.remove(pool)
            state.lookedAt[pool] = now
        }
    }

    /// The pool is gone.
    func forget(_ pool: Request) {
        state.withLock { state in
            state.pending.remove(pool)
            state.lookedAt[pool] = nil
        }
    }
}
