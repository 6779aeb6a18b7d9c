/// How full a pool's queue is, at one moment.
public struct QueueStatistics: Sendable, Hashable {
    /// Jobs of the normal lane that a runner could lease now.
    public var ready: Int
    /// Jobs of the express lane that a runner could lease now.
    public var express: Int
    /// Jobs that wait for their time (a retry's back-off).
    public var delayed: Int
    /// Jobs at a runner.
    public var leased: Int
    /// Dead letters: jobs that were delivered too often without a report.
    public var dead: Int
    /// Age of the oldest job that a runner could lease now; zero without one.
    public var oldestAgeSeconds: Double
    /// Jobs put into the queue since the process started (redeliveries not counted).
    public var enqueuedTotal: Int
    /// Jobs that left the queue with a report since the process started.
    public var completedTotal: Int
    /// Mean execution time of recent jobs, exponentially weighted; `nil` before the first report.
    public var meanExecutionSeconds: Double?

    /// Jobs that wait for a runner now, in both lanes.
    public var backlog: Int { ready + express }

    /// Jobs that are waiting or being worked on: what a pool must have slots for.
    public var outstanding: Int { ready + express + leased }

    /// Statistics of those figures.
    public init(
        ready: Int = 0,
        express: Int = 0,
        delayed: Int = 0,
        leased: Int = 0,
        dead: Int = 0,
        oldestAgeSeconds: Double = 0,
        enqueuedTotal: Int = 0,
        completedTotal: Int = 0,
        meanExecutionSeconds: Double? = nil
    ) {
        self.ready = ready
        self.express = express
        self.delayed = delayed
        self.leased = leased
        self.dead = dead
        self.oldestAgeSeconds = oldestAgeSeconds
        self.enqueuedTotal = enqueuedTotal
        self.completedTotal = completedTotal
        self.meanExecutionSeconds = meanExecutionSeconds
    }
}

/// The outcomes of jobs, by which a rollout judges a revision.
public struct JobOutcomes: Sendable, Hashable {
    /// Jobs reported as succeeded.
    public var succeeded: Int
    /// Jobs reported as failed or timed out.
    public var failed: Int
    /// Jobs whose runner was lost while it worked on them.
    public var lost: Int

    /// Outcomes of those counts.
    public init(succeeded: Int = 0, failed: Int = 0, lost: Int = 0) {
        self.succeeded = succeeded
        self.failed = failed
        self.lost = lost
    }
}

/// The state of queues, by which pools are scaled.
public protocol QueueObserver: Sendable {
    /// The statistics of a pool's queue; all zero for a queue that never held a job.
    func statistics(namespace: String, pool: String) async throws -> QueueStatistics

    /// The outcomes of the jobs one runner worked on since it registered, also when it is gone.
    ///
    /// Summing over a revision's Pods gives the revision's failure rate.
    func outcomes(namespace: String, runner: String) -> JobOutcomes

    /// The last job of the pool that was killed because the memory of its runner's container was used up.
    func lastOutOfMemory(namespace: String, pool: String) -> JobOutOfMemory?

    /// Calls the handler whenever jobs of a pool are enqueued, leased or removed, and when its runners change, so that
    /// observers need not poll. It is called often, from any thread, and must not block.
    func observe(_ handler: @escaping @Sendable (_ namespace: String, _ pool: String) -> Void)
}
