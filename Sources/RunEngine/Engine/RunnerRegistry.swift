import APIMachinery
import Storage
import Synchronization

/// What is known of the runners: from their calls, and after a restart from the leases in the store.
final class RunnerRegistry: Sendable {
    struct Held: Sendable, Hashable {
        var token: Int64
        var leasedAt: Timestamp
    }

    private struct Entry {
        var state: RunnerState
        var held: [JobID: Held] = [:]
    }

    private struct State {
        var runners: [NamespacedName: Entry] = [:]
        /// Runners that shall get no jobs, whether known or not.
        var draining: Set<NamespacedName> = []
        /// Runners that said farewell. A call of theirs that still waits must not get a job.
        var departed: Set<NamespacedName> = []
    }

    /// More farewells than this are not remembered; the calls they concern are long over.
    private static let maximumDeparted = 4096

    private let state = Mutex(State())

    /// Notes that the runner was heard of.
    ///
    /// - Returns: whether it shall drain.
    @discardableResult
    func touch(_ runner: RunnerIdentity, now: Timestamp, change: (inout RunnerState) -> Void = { _ in }) -> Bool {
        state.withLock { state in
            let key = runner.key
            var entry =
                state.runners[key]
                ?? Entry(
                    state: RunnerState(
                        namespace: runner.namespace,
                        pool: runner.pool,
                        name: runner.name,
                        lastSeen: now
                    )
                )
            entry.state.pool = runner.pool
            entry.state.lastSeen = max(entry.state.lastSeen, now)
            change(&entry.state)
            entry.state.concurrency = max(entry.state.concurrency, entry.held.count)
            state.runners[key] = entry
            return state.draining.contains(key)
        }
    }

    func isDraining(_ runner: NamespacedName) -> Bool { state.withLock { $0.draining.contains(runner) } }

    func setDraining(_ draining: Bool, _ runner: NamespacedName) {
        state.withLock { state in
            if draining { state.draining.insert(runner) } else { state.draining.remove(runner) }
        }
    }

    /// Forgets a runner, with its draining mark: its Pod does not come back.
    func remove(_ runner: NamespacedName) {
        state.withLock { state in
            state.runners[runner] = nil
            state.draining.remove(runner)
            if state.departed.count >= Self.maximumDeparted { state.departed = [] }
            state.departed.insert(runner)
        }
    }

    /// A new process under that name has begun.
    func arrive(_ runner: NamespacedName) { state.withLock { _ = $0.departed.remove(runner) } }

    /// Whether a runner that waited may be given jobs: it is there, was heard of lately, and does not drain.
    func mayLease(_ runner: NamespacedName, heardSince time: Timestamp) -> Bool {
        state.withLock { state in
            guard !state.departed.contains(runner), !state.draining.contains(runner) else { return false }
            return state.runners[runner].map { $0.state.lastSeen >= time } ?? false
        }
    }

    func noteLease(_ job: JobRecord, _ lease: JobLease) {
        let key = NamespacedName(namespace: job.queue.namespace, name: lease.runner)
        state.withLock { state in
            var entry =
                state.runners[key]
                ?? Entry(
                    state: RunnerState(
                        namespace: job.queue.namespace,
                        pool: job.queue.pool,
                        name: lease.runner,
                        lastSeen: lease.leasedAt
                    )
                )
            entry.held[job.id] = Held(token: lease.token, leasedAt: lease.leasedAt)
            state.runners[key] = entry
        }
    }

    /// A runner no longer has a job.
    ///
    /// - Returns: whether it had it.
    func noteDeparture(_ departure: EngineEffects.Departure) -> Bool {
        let key = NamespacedName(namespace: departure.job.queue.namespace, name: departure.lease.runner)
        return state.withLock { state in
            guard state.runners[key]?.held[departure.job.id]?.token == departure.lease.token else { return false }
            state.runners[key]?.held[departure.job.id] = nil
            return true
        }
    }

    /// The jobs that the store says the runner has.
    func held(_ runner: NamespacedName) -> [JobID: Held] { state.withLock { $0.runners[runner]?.held ?? [:] } }

    /// Forgets which jobs runners have; the leases in the store say it anew.
    func forgetHeld() {
        state.withLock { state in
            for key in state.runners.keys { state.runners[key]?.held = [:] }
        }
    }

    /// Runners last heard of before that time.
    func lost(before time: Timestamp) -> [NamespacedName] {
        state.withLock { state in state.runners.filter { $0.value.state.lastSeen < time }.map(\.key) }.sorted()
    }

    /// Whether the runner was last heard of before that time.
    func isLost(_ runner: NamespacedName, before time: Timestamp) -> Bool {
        state.withLock { $0.runners[runner].map { $0.state.lastSeen < time } ?? true }
    }

    /// Forgets a runner that was not heard of since that time, except for whether it drains: one that comes back must
    /// not get jobs it was not to get.
    ///
    /// - Returns: whether it is forgotten.
    func forget(_ runner: NamespacedName, ifLostBefore time: Timestamp) -> Bool {
        state.withLock { state in
            guard let entry = state.runners[runner], entry.state.lastSeen < time else { return false }
            state.runners[runner] = nil
            return true
        }
    }

    func contains(_ runner: NamespacedName) -> Bool { state.withLock { $0.runners[runner] != nil } }

    func runners(_ queue: QueueName) -> [RunnerState] {
        state.withLock { state in
            state.runners.values
                .filter { $0.state.namespace == queue.namespace && $0.state.pool == queue.pool }
                .map { entry in
                    var result = entry.state
                    result.leasedJobs = entry.held.count
                    result.draining = state.draining.contains(
                        NamespacedName(namespace: result.namespace, name: result.name)
                    )
                    return result
                }
        }.sorted { $0.name < $1.name }
    }
}

/// Who calls: the runner as it names itself in every call.
public struct RunnerIdentity: Sendable, Hashable {
    public var namespace: String
    public var pool: String
    /// The name of the runner's Pod.
    public var name: String

    /// The runner of that name.
    public init(namespace: String, pool: String, name: String) {
        self.namespace = namespace
        self.pool = pool
        self.name = name
    }

    var queue: QueueName { QueueName(namespace: namespace, pool: pool) }
    var key: NamespacedName { NamespacedName(namespace: namespace, name: name) }
}
