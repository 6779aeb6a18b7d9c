import APIMachinery
import Synchronization

/// The outcomes of each runner's jobs, also of runners that are gone: in a pool of one runner, a rollout compares the
/// new runner with one that has departed.
///
/// Bounded: beyond the limit, the runners that were recorded first are forgotten.
final class RunnerOutcomes: Sendable {
    /// Runners whose outcomes are kept.
    static let limit = 8192

    private struct State {
        var outcomes: [NamespacedName: JobOutcomes] = [:]
        /// The runners of `outcomes` in the order in which they came; `head` is the first that is still there.
        var order: [NamespacedName] = []
        var head = 0
    }

    private let state = Mutex(State())

    /// Counts the end of one lease of a runner.
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

    /// Starts the counts again, for a new process of that name.
    func reset(_ runner: NamespacedName) {
        state.withLock { if $0.outcomes[runner] != nil { $0.outcomes[runner] = JobOutcomes() } }
    }

    /// The outcomes of a runner's jobs; zero if unknown.
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
