/// Bounds and intervals of the run engine. With the defaults, a lost runner's jobs are leased to another runner within
/// 15 seconds, as documented.
public struct RunEngineSettings: Sendable {
    /// How often runners send a heartbeat.
    public var heartbeatInterval: Duration = .seconds(3)
    /// A runner that has not called for this long is lost, and its jobs are requeued.
    public var runnerLostAfter: Duration = .seconds(10)
    /// The same, while several runners are known and all of them are silent: it is more likely that they cannot reach
    /// the controller than that all of them died at once.
    public var disruptionPatience: Duration = .seconds(30)
    /// How much longer than a tick's interval two ticks may be apart. A longer time is a pause of this process, after
    /// which leases are renewed.
    public var pauseTolerance: Duration = .seconds(3)
    /// How long after a pause attempts and runs over their time are not ended, because reports may still arrive.
    public var pauseGrace: Duration = .seconds(15)
    /// How long runners wait for jobs in one call, in seconds.
    public var pollSeconds = 20
    /// How long runners have to stop the jobs of a cancelled run; then the jobs are dropped.
    public var stopGrace: Duration = .seconds(30)
    /// How much longer than its time-out an attempt may take before the engine ends it. Normally the runner does.
    public var attemptGrace: Duration = .seconds(15)
    /// The interval of the housekeeping tick.
    public var tickInterval: Duration = .milliseconds(500)
    /// The interval of the sweep over active runs.
    public var sweepInterval: Duration = .seconds(15)
    /// Runs in one submission.
    public var maximumBatch = 1000
    /// Jobs in one lease or report.
    public var maximumLease = 256
    /// Bytes of the inputs of all jobs in one answer. A job with a larger input comes alone.
    public var maximumLeaseBytes = 16 << 20
    /// Bytes of a step's output.
    public var maximumOutputBytes = 1 << 20
    /// Bytes kept of the end of a job's log.
    public var maximumLogBytes = 64 << 10

    /// The defaults.
    public init() {}
}
