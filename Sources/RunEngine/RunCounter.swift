public import APIMachinery
import Logging
import Storage
import Synchronization

/// Counts the runs of each workflow by phase, for `status.runs` of Workflows.
///
/// All runs are counted in one query, at most once a period and only if the store has changed since: an idle plane does
/// nothing, and a busy one a bounded amount of work.
public final class RunCounter: Sendable {
    private struct State {
        var counts: [NamespacedName: [String: Int64]] = [:]
        /// The revision of the run store that was counted; `nil` before the first count.
        var revision: Int64?
        var observers: [@Sendable (NamespacedName) -> Void] = []
    }

    private let engine: RunEngine
    private let period: Duration
    private let state = Mutex(State())

    /// A counter of an engine's runs.
    public init(engine: RunEngine, period: Duration = .seconds(10)) {
        self.engine = engine
        self.period = period
    }

    /// The runs of a workflow by phase, as last counted. Phases without runs are left out.
    public func counts(of workflow: NamespacedName) -> [String: Int64] {
        state.withLock { $0.counts[workflow] ?? [:] }
    }

    /// Calls the observer with every workflow whose counts have changed.
    public func observe(_ observer: @escaping @Sendable (NamespacedName) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    /// Counts until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                try await update()
            } catch {
                engine.logger.error("Counting runs failed; trying again", metadata: ["error": "\(error)"])
            }
            // The sleep only fails when the loop is cancelled, which ends it.
            guard (try? await engine.clock.sleep(for: period)) != nil else { return }
        }
    }

    /// Counts once, if the store has changed since the last count.
    func update() async throws {
        // Read first, so that the next count includes changes during this one.
        let revision = engine.store.changes.latest
        guard state.withLock({ $0.revision != revision }) else { return }
        let phases = try await engine.store.read { try $0.phaseCounts() }
        let counts = phases.mapValues { phases in
            Dictionary(uniqueKeysWithValues: phases.map { ($0.key.name, Int64($0.value)) })
        }
        let (changed, observers) = state.withLock { state in
            let names = Set(counts.keys).union(state.counts.keys)
            let changed = names.filter { counts[$0] != state.counts[$0] }
            state.counts = counts
            state.revision = revision
            return (changed.sorted(), state.observers)
        }
        for name in changed {
            for observer in observers { observer(name) }
        }
    }
}
