public import APIMachinery
import Storage
import Synchronization

/// The container of a runner was killed because it used up its memory.
public struct MemoryKill: Sendable, Hashable {
    /// When it ended, to the second (rounded down).
    public var at: Timestamp
    /// The memory that it had, such as `512Mi`; empty where it is not known.
    public var limit: String
    /// What the node says about it. A job whose id stands in it used most of the memory.
    public var message: String

    /// A kill at that time.
    public init(at: Timestamp, limit: String = "", message: String = "") {
        self.at = at
        self.limit = limit
        self.message = message
    }
}

/// Knows how the containers of runners ended: whoever sees their Pods.
public protocol RunnerEndings: Sendable {
    /// The last time that a container of the runner's Pod was killed for its memory; `nil` if none was, or if it is not
    /// known.
    ///
    /// - Parameter podUID: the uid of the Pod, or an empty text where it is not known.
    func memoryKill(namespace: String, runner: String, podUID: String) async -> MemoryKill?
}

/// A job that was killed because the memory of its runner's container was used up.
public struct JobOutOfMemory: Sendable, Hashable {
    public var at: Timestamp
    public var runner: String
    /// Run, step and attempt, for people.
    public var job: String
    public var message: String

    /// A job that was killed then.
    public init(at: Timestamp, runner: String, job: String, message: String) {
        self.at = at
        self.runner = runner
        self.job = job
        self.message = message
    }
}

/// Which of a runner's jobs is charged with the end of its container, and which only were beside it. Pure.
struct OutOfMemoryVerdict: Sendable {
    /// The reason of a step that was killed so.
    static let reason = "OOMKilled"

    let kill: MemoryKill
    /// Jobs that the runner had at that time.
    let concerned: Set<JobID>
    /// The job that used most of the memory; `nil` if it cannot be told.
    let culprit: JobID?

    /// Judges the jobs that the runner had. `nil` if it had none of them when its container was killed.
    init?(_ kill: MemoryKill, _ held: [JobID: RunnerRegistry.Held]) {
        // The time of the kill is rounded down. A job that was leased later belongs to the process after it.
        let end = kill.at.advanced(by: .seconds(1))
        let held = held.filter { $0.value.leasedAt < end }
        guard !held.isEmpty else { return nil }
        self.kill = kill
        concerned = Set(held.keys)
        let words = Set(kill.message.split { !($0.isNumber || $0 == ".") }.map(String.init))
        if let named = held.keys.first(where: { words.contains($0.description) }) {
            culprit = named
        } else if let largest = held.filter({ $0.value.memoryMB > 0 }).max(by: {
            ($0.value.memoryMB, $0.key.description) < ($1.value.memoryMB, $1.key.description)
        }) {
            culprit = largest.key
        } else {
            culprit = held.count == 1 ? held.keys.first : nil
        }
    }

    /// What the culprit's step says.
    func message(runner: String) -> String {
        let said = kill.message.isEmpty ? "" : ": \(kill.message)"
        return "\(lossReason(runner: runner)), most of which this job used\(said). Raise limits.memory in the pool's"
            + " template, lower the pool's concurrency, or set with.limits.memory"
    }

    /// Why the runner was lost.
    func lossReason(runner: String) -> String {
        let limit = kill.limit.isEmpty ? "" : " of \(kill.limit)"
        return "runner \"\(runner)\" was killed because its container used up its memory\(limit)"
    }
}

/// The last job of each queue that was killed for its runner's memory.
final class LastOutOfMemory: Sendable {
    /// Queues that are remembered.
    private static let limit = 4096

    private let last = Mutex<[QueueName: JobOutOfMemory]>([:])

    func record(_ job: JobOutOfMemory, _ queue: QueueName) {
        last.withLock { last in
            if last.count >= Self.limit, last[queue] == nil { last = [:] }
            last[queue] = job
        }
    }

    func last(_ queue: QueueName) -> JobOutOfMemory? { last.withLock { $0[queue] } }
}

extension RunEngine {
    /// Asks these from now on how runners ended that are lost.
    public func setRunnerEndings(_ endings: any RunnerEndings) { self.endings.withLock { $0 = endings } }

    /// Whether the runner with these jobs was lost because its memory was used up, and who did that.
    func judgeLoss(_ held: [JobID: RunnerRegistry.Held], of runner: NamespacedName) async -> OutOfMemoryVerdict? {
        guard let endings = endings.withLock({ $0 }) else { return nil }
        let uid = registry.podUID(runner)
        let kill = await endings.memoryKill(namespace: runner.namespace, runner: runner.name, podUID: uid)
        return kill.flatMap { OutOfMemoryVerdict($0, held) }
    }

    /// Ends the attempt of the job that used up its runner's memory, as if the runner had reported it.
    func finishOutOfMemory(
        _ job: JobRecord,
        _ lease: JobLease,
        _ verdict: OutOfMemoryVerdict,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws {
        guard let run = try transaction.run(id: job.step.run), !run.phase.isFinal, run.stop == .none else {
            return try requeue(job, isLost: false, reason: "", transaction, &effects)
        }
        var transition = try transition(run, transaction, now: clock.now)
        var report = JobReport(job: job.id, token: lease.token, outcome: .failed)
        report.failure = StepFailure(
            reason: OutOfMemoryVerdict.reason,
            message: verdict.message(runner: lease.runner)
        )
        try finishAttempt(job, lease, report, &transition, transaction)
        try transition.advance(transaction)
        try transition.save(transaction)
        effects.append(transition.effects)
    }

    public func lastOutOfMemory(namespace: String, pool: String) -> JobOutOfMemory? {
        lastKills.last(QueueName(namespace: namespace, pool: pool))
    }
}
