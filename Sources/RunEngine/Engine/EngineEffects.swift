import APIMachinery
import Storage

/// What a transaction did, for counters, metrics, waiting runners and the journal. Collected inside the transaction and
/// published after its commit, so that nothing is published that was rolled back.
struct EngineEffects: Sendable {
    /// A job that was enqueued or requeued.
    struct Arrival: Sendable {
        var queue: QueueName
        var readyAt: Timestamp
        /// Whether the job was leased before.
        var isRequeue: Bool
    }

    /// A lease that has ended.
    struct Departure: Sendable {
        enum Kind: Sendable, Hashable, CaseIterable {
            case succeeded
            case failed
            case timedOut
            case cancelled
            /// The runner released it, or it never reached the runner.
            case released
            /// The runner was lost, or the lease expired.
            case lost
        }

        var job: JobRecord
        var lease: JobLease
        var kind: Kind
        var executionSeconds: Double
    }

    struct FinishedRun: Sendable {
        var namespace: String
        var name: String
        var uid: String
        var workflow: String
        var phase: RunRecord.Phase
        var seconds: Double
        var reason: String
        var message: String
    }

    /// An attempt that did not succeed.
    struct FailedJob: Sendable {
        var namespace: String
        var run: String
        var step: String
        var attempt: Int
        var runner: String
        var failure: StepFailure
        /// Whether another attempt follows.
        var isRetried: Bool
    }

    var arrivals: [Arrival] = []
    /// Queues from which a job was removed without being leased, once for each job.
    var withdrawals: [QueueName] = []
    var leased: [JobRecord] = []
    var departures: [Departure] = []
    var finished: [FinishedRun] = []
    var failedJobs: [FailedJob] = []
    var deadLetters: [QueueName] = []
    /// Jobs that were killed because the memory of their runner's container was used up.
    var outOfMemory: [(queue: QueueName, job: JobOutOfMemory)] = []
    var interrupted: [InterruptedJob] = []
    /// Reports that changed nothing, by result.
    var staleReports = 0
    var duplicateReports = 0
    /// Stalled runs that were planned again.
    var repairedRuns = 0
}

extension EngineEffects {
    /// Adds the effects of a part of the transaction.
    mutating func append(_ other: EngineEffects) {
        arrivals += other.arrivals
        withdrawals += other.withdrawals
        leased += other.leased
        departures += other.departures
        finished += other.finished
        failedJobs += other.failedJobs
        deadLetters += other.deadLetters
        outOfMemory += other.outOfMemory
        interrupted += other.interrupted
        staleReports += other.staleReports
        duplicateReports += other.duplicateReports
        repairedRuns += other.repairedRuns
    }
}
