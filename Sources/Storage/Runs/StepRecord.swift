public import APIMachinery

/// Names a step of a run by numbers: the run's id and the step's place in the workflow.
public struct StepKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// No run has more steps; the bound lets a run and a place share one 64-bit row number.
    public static let maximumStepsPerRun = 1 << 20

    public var run: Int64
    public var index: Int

    /// The step at that place of that run.
    public init(run: Int64, index: Int) {
        self.run = run
        self.index = index
    }

    /// Both numbers in one, ordered by run first.
    public var rowID: Int64 { run << 20 | Int64(index) }

    /// The inverse of `rowID`.
    public init(rowID: Int64) {
        run = rowID >> 20
        index = Int(rowID & 0xFFFFF)
    }

    public var description: String { "\(run).\(index)" }

    public static func < (lhs: StepKey, rhs: StepKey) -> Bool { lhs.rowID < rhs.rowID }
}

/// Why a step failed or was skipped.
public struct StepFailure: Sendable, Hashable {
    /// For programs: one word in camel case.
    public var reason: String
    /// For people.
    public var message: String
    /// The exit code of the step's process, where it had one.
    public var exitCode: Int?

    /// A failure of that reason.
    public init(reason: String, message: String, exitCode: Int? = nil) {
        self.reason = reason
        self.message = message
        self.exitCode = exitCode
    }
}

/// One step of a run, as it is stored.
public struct StepRecord: Sendable, Hashable {
    /// How far a step is.
    public enum Phase: Int64, Sendable, CaseIterable {
        /// Waits for the steps before it, or for the bound on parallelism.
        case pending = 0
        /// Its job is queued, perhaps delayed.
        case queued
        /// Its job is leased.
        case running
        case succeeded
        case failed
        case skipped
        case cancelled

        /// Whether the step has ended.
        public var isFinal: Bool { rawValue >= Phase.succeeded.rawValue }
        /// Whether the step must have a job.
        public var hasJob: Bool { self == .queued || self == .running }
    }

    public var key: StepKey
    /// The step's id in the workflow.
    public var id: String
    public var phase = Phase.pending
    /// Attempts so far; the number of the current one.
    public var attempts = 0
    /// How often the step's job was leased, over all attempts. More than the attempts if runners were lost or released
    /// the job.
    public var deliveries = 0
    /// Attempts that no longer count against the retry policy, because someone asked for a retry afterwards.
    public var forgivenAttempts = 0
    /// The token of the last accepted report, by which a repeated one is recognized; 0 before.
    public var acceptedToken: Int64 = 0
    /// The runner of the last attempt; empty before.
    public var runner = ""
    /// When the last attempt started.
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// The output: one JSON value, or nothing.
    public var output: [UInt8] = []
    public var failure: StepFailure?
    /// The runner's measurements: one JSON object of numbers, or nothing.
    public var metrics: [UInt8] = []

    /// A pending step.
    public init(key: StepKey, id: String) {
        self.key = key
        self.id = id
    }
}

/// What one attempt of a step wrote, and how it ended.
public struct AttemptLog: Sendable, Hashable {
    /// The number of the attempt, from 1.
    public var attempt: Int
    public var runner: String
    public var finishedAt: Timestamp
    /// Why the attempt failed; `nil` if it did not.
    public var failure: StepFailure?
    /// The end of its log.
    public var log: [UInt8]
    /// How many bytes the attempt wrote in all; `log` holds the last of them.
    public var end: Int

    /// A log that is complete.
    public init(
        attempt: Int,
        runner: String,
        finishedAt: Timestamp,
        failure: StepFailure? = nil,
        log: [UInt8],
        end: Int? = nil
    ) {
        self.attempt = attempt
        self.runner = runner
        self.finishedAt = finishedAt
        self.failure = failure
        self.log = log
        self.end = max(end ?? 0, log.count)
    }

    /// The logs of this many attempts are kept for each step, the latest.
    public static let kept = 10
}
