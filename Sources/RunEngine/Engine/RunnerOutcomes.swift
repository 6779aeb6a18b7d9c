import APIMachinery
import Synchronization

/// What the jobs of each runner came to, of runners that are gone as well: in a pool of one runner, a rollout compares
/// the new runner with one that has left.
///
/// Bounded: of very many runners the ones first heard of are forgotten first.
final class RunnerOutcomes: Sendable {
    /// Runners of which outcomes are kept.
    static let limit = 8192

    private struct State {
        var outcomes: [NamespacedName: JobOutcomes] = [:]
        /// The runners of `outcomes` in the order in which they came; `head` is the first that is still there.
        var order: [NamespacedName] = []
        var head = 0
    }

    private let state = Mutex(State())

    /// Counts a job that a runner no longer has.
    func record(_ kind: EngineEffects.Departure.Kind, of runner: NamespacedName) {
        state.withLock { state in
            if state.outcomes[runner] == nil {
                state.order.append(runner)
                if state.order.count - state.head > Self.limit { Self.forgetFirst(&state) }
            }
            var outcomes = state.outcomes[runner] ?? JobOutcomes()
            switch kind {
            case .succeeded: outcomes.succeeded += 1
            case .failed, .timedOut: outcomes.failed += 1
            case .lost: outcomes.lost += 1
            case .cancelled, .released: break
            }
            state.outcomes[runner] = outcomes
        }
    }

    /// A new process has that name: what the old one did is no longer counted.
    func reset(_ runner: NamespacedName) {
        state.withLock { if $0.outcomes[runner] != nil { $0.outcomes[runner] = JobOutcomes() } }
    }

    /// What the runner's jobs came to; nothing where it is not known.
    func outcomes(of runner: NamespacedName) -> JobOutcomes { state.withLock { $0.outcomes[runner] } ?? JobOutcomes() }

    private static func forgetFirst(_ state: inout State) {
        state.outcomes[state.order[state.head]] = nil
        state.head += 1
        if state.head > limit {
            state.order.removeFirst(state.head)
            state.head = 0
        }
    }
}
