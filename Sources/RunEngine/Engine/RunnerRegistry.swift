import APIMachinery
import Storage
import Synchronization

/// The runners that are alive, and the jobs that each of them holds.
///
///                any call            silent for runnerLostAfter
///     unknown ─────────────▶ known ─────────────────────────────▶ unknown: its jobs are requeued as lost
///        ▲                     │
///        │ register            │ depart: it deregistered, its Pod is gone, or the plane has stopped it
///        │                     ▼
///        └────────────────  departed: its calls are answered with `drain` and lease nothing
///
/// A cache: it is rebuilt from the runners' calls and, after a restart, from the leases in the store, which decides in
/// every case of doubt. Draining is a mark beside these states. It is kept when a runner is lost, so that a runner that
/// comes back does not lease jobs, and removed when the runner departs.
///
/// Times are those of `EngineTime.attention`, in which a pause of the controller does not count as silence of a runner.
final class RunnerRegistry: Sendable {
    struct Held: Sendable, Hashable {
        var token: Int64
        /// In `EngineTime.attention`.
        var leasedAt: Timestamp
        /// Resident memory of the job's processes in mebibytes, as of the last heartbeat; 0 if unknown.
        var memoryMB: Double = 0
    }

    /// The permission of one call to lease jobs. It becomes invalid when the runner releases jobs, departs, or
    /// registers again: the process that made the call no longer reads the answer, and a job in it would wait for its
    /// lease to expire.
    struct LeaseRequest: Sendable {
        fileprivate var runner: NamespacedName
        fileprivate var generation: UInt64
    }

    private struct Entry {
        var state: RunnerState
        var held: [JobID: Held] = [:]
        /// Rises whenever the runner's open requests become invalid.
        var generation: UInt64
        /// Transactions in progress that may lease jobs to the runner.
        var pendingLeases = 0
    }

    private struct State {
        var runners: [NamespacedName: Entry] = [:]
        /// Runners that must not lease jobs, whether known or not.
        var draining: Set<NamespacedName> = []
        /// Runners that have departed. Calls that they made before are answered without jobs until they register again.
        var departed: Set<NamespacedName> = []
        var lastGeneration: UInt64 = 0

        mutating func nextGeneration() -> UInt64 {
            lastGeneration += 1
            return lastGeneration
        }

        mutating func invalidate(_ runner: NamespacedName) {
            let generation = nextGeneration()
            runners[runner]?.generation = generation
        }
    }

    /// Departures that are remembered. With more, all are forgotten: the calls they concern ended long ago.
    private static let maximumDeparted = 4096

    private let state = Mutex(State())

    /// Records a call of the runner. A departed runner stays unknown until it registers.
    ///
    /// - Returns: whether the runner should drain.
    @discardableResult
    func touch(_ runner: RunnerReference, now: Timestamp, change: (inout RunnerState) -> Void = { _ in }) -> Bool {
        state.withLock { state in
            let key = runner.key
            if state.runners[key] == nil, state.departed.contains(key) { return true }
            var entry =
                state.runners[key]
                ?? Entry(
                    state: RunnerState(
                        namespace: runner.namespace,
                        pool: runner.pool,
                        name: runner.name,
                        lastSeen: now
                    ),
                    generation: state.nextGeneration()
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

    /// Marks a runner as departed: it leases no jobs until it registers again.
    func depart(_ runner: NamespacedName) {
        state.withLock { state in
            state.invalidate(runner)
            if state.departed.count >= Self.maximumDeparted { state.departed = [] }
            state.departed.insert(runner)
        }
    }

    /// Forgets a departed runner and its draining mark: its Pod does not come back.
    func remove(_ runner: NamespacedName) {
        state.withLock { state in
            state.runners[runner] = nil
            state.draining.remove(runner)
        }
    }

    /// Records a registration. Requests that an earlier process of that name made become invalid.
    func arrive(_ runner: NamespacedName) {
        state.withLock { state in
            state.departed.remove(runner)
            state.invalidate(runner)
        }
    }

    /// Invalidates the runner's open requests for jobs.
    func invalidateRequests(_ runner: NamespacedName) { state.withLock { $0.invalidate(runner) } }

    /// The permission to lease jobs, to be taken when the call arrives; `nil` for a runner that is unknown or departed.
    func request(_ runner: NamespacedName) -> LeaseRequest? {
        state.withLock { state in
            guard !state.departed.contains(runner), let entry = state.runners[runner] else { return nil }
            return LeaseRequest(runner: runner, generation: entry.generation)
        }
    }

    /// Whether the request may lease jobs. To be checked inside the transaction that leases them, so that a departure
    /// or a drain that was recorded earlier is always seen.
    func mayLease(_ request: LeaseRequest) -> Bool {
        state.withLock { state in
            !state.departed.contains(request.runner) && !state.draining.contains(request.runner)
                && state.runners[request.runner]?.generation == request.generation
        }
    }

    /// Opens a lease: the runner counts as busy until `closeLease`. Otherwise a controller that has marked it as
    /// draining could see it idle, delete its Pod, and lose the job that this transaction leases.
    func openLease(_ request: LeaseRequest) {
        state.withLock { $0.runners[request.runner]?.pendingLeases += 1 }
    }

    /// Closes a lease: the transaction has ended, and the jobs that it leased are recorded.
    func closeLease(_ request: LeaseRequest) {
        state.withLock { state in
            guard let pending = state.runners[request.runner]?.pendingLeases, pending > 0 else { return }
            state.runners[request.runner]?.pendingLeases = pending - 1
        }
    }

    /// Whether the runner has called since that time.
    func isHeard(_ runner: NamespacedName, since time: Timestamp) -> Bool {
        state.withLock { $0.runners[runner].map { $0.state.lastSeen >= time } ?? false }
    }

    func recordLease(_ job: JobRecord, _ lease: JobLease, at time: Timestamp) {
        let key = NamespacedName(namespace: job.queue.namespace, name: lease.runner)
        state.withLock { state in
            if state.runners[key] == nil, state.departed.contains(key) { return }
            var entry =
                state.runners[key]
                ?? Entry(
                    state: RunnerState(
                        namespace: job.queue.namespace,
                        pool: job.queue.pool,
                        name: lease.runner,
                        lastSeen: time
                    ),
                    generation: state.nextGeneration()
                )
            entry.held[job.id] = Held(token: lease.token, leasedAt: time)
            state.runners[key] = entry
        }
    }

    /// Records that a runner no longer holds a job.
    ///
    /// - Returns: whether it held the job under that lease.
    func recordDeparture(_ departure: EngineEffects.Departure) -> Bool {
        let key = NamespacedName(namespace: departure.job.queue.namespace, name: departure.lease.runner)
        return state.withLock { state in
            guard state.runners[key]?.held[departure.job.id]?.token == departure.lease.token else { return false }
            state.runners[key]?.held[departure.job.id] = nil
            return true
        }
    }

    /// The jobs that the runner holds.
    func held(_ runner: NamespacedName) -> [JobID: Held] { state.withLock { $0.runners[runner]?.held ?? [:] } }

    /// Removes jobs that the runner does not hold according to the store.
    func drop(_ jobs: [(key: JobID, value: Held)], of runner: NamespacedName) {
        state.withLock { state in
            for (id, held) in jobs where state.runners[runner]?.held[id]?.token == held.token {
                state.runners[runner]?.held[id] = nil
            }
        }
    }

    /// Records the memory of the runner's jobs.
    func recordMemory(_ runner: NamespacedName, _ memoryMB: [JobID: Double]) {
        guard !memoryMB.isEmpty else { return }
        state.withLock { state in
            for (id, value) in memoryMB { state.runners[runner]?.held[id]?.memoryMB = value }
        }
    }

    /// The uid of the runner's Pod; empty until it has registered.
    func podUID(_ runner: NamespacedName) -> String {
        state.withLock { $0.runners[runner]?.state.podUID ?? "" }
    }

    /// Forgets all held jobs, before they are read from the store again.
    func forgetHeld() {
        state.withLock { state in
            for key in state.runners.keys { state.runners[key]?.held = [:] }
        }
    }

    /// A runner that last called before this time is lost.
    ///
    /// While several runners are known and all of them are silent, the controller is more likely cut off than all of
    /// them dead, and they get `disruptionPatience`; in the same way Kubernetes' node controller evicts no Pods while a
    /// whole zone is silent. Runners that are dead are found when that time is over, or when another runner calls.
    func silenceBound(now: Timestamp, _ settings: RunEngineSettings) -> Timestamp {
        // A live runner calls once in every interval; another half allows for the network.
        let recently = now.advanced(by: .zero - settings.heartbeatInterval * 3 / 2)
        let isCutOff = state.withLock { state in
            state.runners.count > 1 && state.runners.values.allSatisfy { $0.state.lastSeen < recently }
        }
        return now.advanced(by: .zero - (isCutOff ? settings.disruptionPatience : settings.runnerLostAfter))
    }

    /// Runners that last called before that time.
    func lost(before time: Timestamp) -> [NamespacedName] {
        state.withLock { state in state.runners.filter { $0.value.state.lastSeen < time }.map(\.key) }.sorted()
    }

    /// Whether the runner last called before that time.
    func isLost(_ runner: NamespacedName, before time: Timestamp) -> Bool {
        state.withLock { $0.runners[runner].map { $0.state.lastSeen < time } ?? true }
    }

    /// Forgets a runner that has not called since that time. Its draining mark stays, in case it comes back.
    ///
    /// - Returns: whether it was forgotten.
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
                    result.leasedJobs = max(entry.held.count, entry.pendingLeases > 0 ? 1 : 0)
                    result.draining = state.draining.contains(
                        NamespacedName(namespace: result.namespace, name: result.name)
                    )
                    return result
                }
        }.sorted { $0.name < $1.name }
    }
}

/// Names a runner, as every call of it does.
public struct RunnerReference: Sendable, Hashable {
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
