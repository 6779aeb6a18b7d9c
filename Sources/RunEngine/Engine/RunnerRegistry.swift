import APIMachinery
import Storage
import Synchronization

/// What is known of the runners: from their calls, and after a restart from the leases in the store.
///
/// Its times are those of `EngineTime.attention`: a pause of the controller is no silence of a runner.
final class RunnerRegistry: Sendable {
    struct Held: Sendable, Hashable {
        var token: Int64
        /// In the time that silence is counted in.
        var leasedAt: Timestamp
        /// Resident memory of the job's processes in mebibytes, as of the last heartbeat; 0 where it is not known.
        var memoryMB: Double = 0
    }

    /// A call of a runner that asks for jobs. It is void once the runner has handed jobs back or left, or a new process
    /// has its name: nobody waits for the answer any more, and a job in it would be lost for a while.
    struct LeaseRequest: Sendable {
        fileprivate var runner: NamespacedName
        fileprivate var generation: UInt64
    }

    private struct Entry {
        var state: RunnerState
        var held: [JobID: Held] = [:]
        /// Rises whenever the runner's open requests become void.
        var generation: UInt64
        /// Transactions under way that may give the runner jobs.
        var pendingLeases = 0
    }

    private struct State {
        var runners: [NamespacedName: Entry] = [:]
        /// Runners that shall get no jobs, whether known or not.
        var draining: Set<NamespacedName> = []
        /// Runners that have left. They get no jobs before they register anew: a call of theirs may still be on its way.
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

    /// More departures than this are not remembered; the calls they concern are long over.
    private static let maximumDeparted = 4096

    private let state = Mutex(State())

    /// Notes that the runner was heard of. One that has left stays unknown until it registers.
    ///
    /// - Returns: whether it shall drain.
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

    /// Marks a runner as gone: it gets no jobs before it registers anew.
    func depart(_ runner: NamespacedName) {
        state.withLock { state in
            state.invalidate(runner)
            if state.departed.count >= Self.maximumDeparted { state.departed = [] }
            state.departed.insert(runner)
        }
    }

    /// Forgets a runner that has left, with its draining mark: its Pod does not come back.
    func remove(_ runner: NamespacedName) {
        state.withLock { state in
            state.runners[runner] = nil
            state.draining.remove(runner)
        }
    }

    /// A new process under that name has begun, or one is back that had lost touch: neither waits for an older answer.
    func arrive(_ runner: NamespacedName) {
        state.withLock { state in
            state.departed.remove(runner)
            state.invalidate(runner)
        }
    }

    /// The runner's open requests for jobs are not to be answered with any.
    func invalidateRequests(_ runner: NamespacedName) { state.withLock { $0.invalidate(runner) } }

    /// The mark of a call that asks for jobs, to be taken when the call comes in; `nil` for a runner that is not known
    /// or has left.
    func request(_ runner: NamespacedName) -> LeaseRequest? {
        state.withLock { state in
            guard !state.departed.contains(runner), let entry = state.runners[runner] else { return nil }
            return LeaseRequest(runner: runner, generation: entry.generation)
        }
    }

    /// Whether the request may be answered with jobs. To be asked inside the transaction that leases them: only then is
    /// it certain that nothing which makes the request void came before.
    func mayLease(_ request: LeaseRequest) -> Bool {
        state.withLock { state in
            !state.departed.contains(request.runner) && !state.draining.contains(request.runner)
                && state.runners[request.runner]?.generation == request.generation
        }
    }

    /// A transaction that may give the runner jobs begins. Until it is over the runner counts as busy, so that nobody
    /// who has marked it as draining finds it idle and then sees it with a job.
    func openLease(_ request: LeaseRequest) {
        state.withLock { $0.runners[request.runner]?.pendingLeases += 1 }
    }

    /// The transaction is over, and what it gave the runner is noted.
    func closeLease(_ request: LeaseRequest) {
        state.withLock { state in
            guard let pending = state.runners[request.runner]?.pendingLeases, pending > 0 else { return }
            state.runners[request.runner]?.pendingLeases = pending - 1
        }
    }

    /// Whether the runner was heard of since that time.
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

    /// A runner no longer has a job.
    ///
    /// - Returns: whether it had it.
    func recordDeparture(_ departure: EngineEffects.Departure) -> Bool {
        let key = NamespacedName(namespace: departure.job.queue.namespace, name: departure.lease.runner)
        return state.withLock { state in
            guard state.runners[key]?.held[departure.job.id]?.token == departure.lease.token else { return false }
            state.runners[key]?.held[departure.job.id] = nil
            return true
        }
    }

    /// The jobs that the store says the runner has.
    func held(_ runner: NamespacedName) -> [JobID: Held] { state.withLock { $0.runners[runner]?.held ?? [:] } }

    /// Notes that the runner no longer has these jobs, whatever order the news of them came in.
    func drop(_ jobs: [(key: JobID, value: Held)], of runner: NamespacedName) {
        state.withLock { state in
            for (id, held) in jobs where state.runners[runner]?.held[id]?.token == held.token {
                state.runners[runner]?.held[id] = nil
            }
        }
    }

    /// Takes what the runner says of the memory of its jobs.
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

    /// Forgets which jobs runners have; the leases in the store say it anew.
    func forgetHeld() {
        state.withLock { state in
            for key in state.runners.keys { state.runners[key]?.held = [:] }
        }
    }

    /// A runner not heard of since that time is lost.
    ///
    /// While none of several runners is heard of, the controller rather than all of them is cut off, and more patience is
    /// due; as the node controller of Kubernetes evicts nobody while a whole zone is silent. Runners that are really
    /// dead are found when that patience is over, or when another one is heard of.
    func silenceBound(now: Timestamp, _ settings: RunEngineSettings) -> Timestamp {
        // A runner that lives is heard of in every interval; a half more is for the way.
        let recently = now.advanced(by: .zero - settings.heartbeatInterval * 3 / 2)
        let isCutOff = state.withLock { state in
            state.runners.count > 1 && state.runners.values.allSatisfy { $0.state.lastSeen < recently }
        }
        return now.advanced(by: .zero - (isCutOff ? settings.disruptionPatience : settings.runnerLostAfter))
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
                    result.leasedJobs = max(entry.held.count, entry.pendingLeases > 0 ? 1 : 0)
                    result.draining = state.draining.contains(
                        NamespacedName(namespace: result.namespace, name: result.name)
                    )
                    return result
                }
        }.sorted { $0.name < $1.name }
    }
}

/// Who calls: the runner as it names itself in every call.
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
