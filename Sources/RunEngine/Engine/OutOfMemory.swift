public import APIMachinery
import Storage
import Synchronization

/// The container of a runner was killed because it used up its memory.
public struct MemoryKill: Sendable, Hashable {
    /// When the container ended, rounded down to the second.
    public var at: Timestamp
    /// The container's memory limit, such as `512Mi`; empty if unknown.
    public var limit: String
    /// The node's message. If it names a job's id, that job used most of the memory.
    public var message: String

    /// A kill at that time.
    public init(at: Timestamp, limit: String = "", message: String = "") {
        self.at = at
        self.limit = limit
        self.message = message
    }
}

/// Answers how the containers of runners ended. Implemented by the part that watches their Pods.
public protocol RunnerEndings: Sendable {
    /// The last time that a container of the runner's Pod was killed for its memory; `nil` if that did not happen or is
    /// unknown.
    ///
    /// - Parameter podUID: the uid of the Pod; empty if unknown.
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

/// Decides which of a runner's jobs used up its container's memory. That job's attempt fails with `OOMKilled`; the
/// others are requeued, and the delivery does not count.
///
/// The job is the one that the node's message names; else the one with the largest reported memory; else the only one.
/// If that does not decide it, all jobs are lost and each has one more delivery.
struct OutOfMemoryVerdict: Sendable {
    /// The failure reason of such a step.
    static let reason = "OOMKilled"

    let kill: MemoryKill
    /// Jobs that the runner held at that time.
    let concerned: Set<JobID>
    /// The job that used most of the memory; `nil` if unknown.
    let culprit: JobID?

    /// Judges the jobs that the runner held; `nil` if all of them were leased after its container was killed.
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

    /// The failure message of the culprit's step.
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
    /// Queues that are kept.
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
    /// Sets who answers how lost runners ended.
    public func setRunnerEndings(_ endings: any RunnerEndings) { self.endings.withLock { $0 = endings } }

    /// Whether a lost runner was killed for its memory, and by which of these jobs.
    func judgeLoss(_ held: [JobID: RunnerRegistry.Held], of runner: NamespacedName) async -> OutOfMemoryVerdict? {
        guard let endings = endings.withLock({ $0 }) else { return nil }
        let uid = registry.podUID(runner)
        let kill = await endings.memoryKill(namespace: runner.namespace, runner: runner.name, podUID: uid)
        return kill.flatMap { OutOfMemoryVerdict($0, held) }
    }

    /// Finishes the attempt that used up its runner's memory, as if the runner had reported it.
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
