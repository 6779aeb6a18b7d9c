import APIMachinery
import Storage

/// What a transaction did, as far as others must hear of it. Collected inside and acted upon after the commit, so
/// that nobody hears of something that did not happen.
struct EngineEffects: Sendable {
    /// Jobs that came into a queue, or back into it.
    struct Arrival: Sendable {
        var queue: QueueName
        var readyAt: Timestamp
        /// Whether the job has been in the queue before.
        var isRequeue: Bool
    }

    /// A job at a runner that is no longer there.
    struct Departure: Sendable {
        enum Kind: Sendable, Hashable, CaseIterable {
            case succeeded
            case failed
            case timedOut
            case cancelled
            /// The runner handed it back.
            case released
            /// The runner, or its answer, was lost.
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
    /// Jobs that were taken out of a queue without going to a runner.
    var withdrawals: [QueueName] = []
    var leased: [JobRecord] = []
    var departures: [Departure] = []
    var finished: [FinishedRun] = []
    var failedJobs: [FailedJob] = []
    var deadLetters: [QueueName] = []
    /// Jobs that were killed because the memory of their runner's container was used up.
    var outOfMemory: [(queue: QueueName, job: JobOutOfMemory)] = []
    var interrupted: [InterruptedJob] = []
    /// Reports that were refused or repeated, by result.
    var staleReports = 0
    var duplicateReports = 0
    /// Runs that the sweep had to mend.
    var repairedRuns = 0
}

extension EngineEffects {
    /// Adds what a part of the transaction did.
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
