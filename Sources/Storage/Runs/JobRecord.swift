public import APIMachinery

/// The queue of a worker pool.
public struct QueueName: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var namespace: String
    public var pool: String

    /// The queue of that pool.
    public init(namespace: String, pool: String) {
        self.namespace = namespace
        self.pool = pool
    }

    public var description: String { "\(namespace)/\(pool)" }

    public static func < (lhs: QueueName, rhs: QueueName) -> Bool {
        (lhs.namespace, lhs.pool) < (rhs.namespace, rhs.pool)
    }
}

/// A runner's right to work on a job until a time.
public struct JobLease: Sendable, Hashable {
    /// The fencing token, greater than every earlier one. Reports and renewals must have it.
    public var token: Int64
    public var runner: String
    public var leasedAt: Timestamp
    /// When the lease ends, unless the runner renews it.
    public var expiresAt: Timestamp
    /// Whether the runner should stop the job.
    public var cancelRequested = false

    /// A lease for that runner.
    public init(token: Int64, runner: String, leasedAt: Timestamp, expiresAt: Timestamp) {
        self.token = token
        self.runner = runner
        self.leasedAt = leasedAt
        self.expiresAt = expiresAt
    }
}

/// One attempt of a step, queued or leased. A step has at most one job.
public struct JobRecord: Sendable, Hashable {
    public var step: StepKey
    /// The number of the attempt, from 1.
    public var attempt: Int
    public var queue: QueueName
    /// Whether the job overtakes those of the normal lane.
    public var isExpress: Bool
    public var enqueuedAt: Timestamp
    /// From when on the job can be leased.
    public var readyAt: Timestamp
    /// How often the job was leased, without leases that were released.
    public var deliveries = 0
    /// Seconds the attempt may take.
    public var timeoutSeconds: Int?
    /// The part of the leased job that does not depend on the lease: the members of a JSON object without its braces.
    public var payload: [UInt8]
    public var lease: JobLease?

    /// A job that no runner has yet.
    public init(
        step: StepKey,
        attempt: Int,
        queue: QueueName,
        isExpress: Bool = false,
        enqueuedAt: Timestamp,
        readyAt: Timestamp,
        timeoutSeconds: Int? = nil,
        payload: [UInt8]
    ) {
        self.step = step
        self.attempt = attempt
        self.queue = queue
        self.isExpress = isExpress
        self.enqueuedAt = enqueuedAt
        self.readyAt = readyAt
        self.timeoutSeconds = timeoutSeconds
        self.payload = payload
    }

    /// The job's name in the runners' protocol.
    public var id: JobID { JobID(step: step, attempt: attempt) }
}

/// Names a job in the runners' protocol, `RUN.STEP.ATTEMPT`. It identifies the step even when the job is gone, which
/// distinguishes a repeated report from a stale one.
public struct JobID: Sendable, Hashable, CustomStringConvertible {
    public var step: StepKey
    public var attempt: Int

    /// The attempt of that number.
    public init(step: StepKey, attempt: Int) {
        self.step = step
        self.attempt = attempt
    }

    /// Reads what `description` writes.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let run = Int64(parts[0]), let index = Int(parts[1]), let attempt = Int(parts[2]),
            run > 0, run < 1 << 43, (0..<StepKey.maximumStepsPerRun).contains(index), attempt > 0
        else { return nil }
        self.init(step: StepKey(run: run, index: index), attempt: attempt)
    }

    public var description: String { "\(step).\(attempt)" }
}

/// A job that was delivered too often without a report, kept for an administrator to requeue or delete.
public struct DeadLetter: Sendable, Hashable {
    public var job: JobRecord
    public var reason: String
    public var diedAt: Timestamp

    /// A dead letter with its reason.
    public init(job: JobRecord, reason: String, diedAt: Timestamp) {
        self.job = job
        self.reason = reason
        self.diedAt = diedAt
    }
}

/// Jobs of one queue by state.
public struct QueueCounts: Sendable, Hashable {
    public var ready = 0
    public var express = 0
    public var delayed = 0
    public var leased = 0
    public var dead = 0
    /// Since when the oldest ready job waits.
    public var oldestReadyAt: Timestamp?

    /// Nothing in the queue.
    public init() {}

    /// Jobs that are not leased.
    public var waiting: Int { ready + express + delayed }
}
