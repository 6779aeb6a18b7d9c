/// Bounds and intervals of the run engine. The defaults hold the promises of the documentation: a lost runner's
/// jobs are with another one within 15 seconds.
public struct RunEngineSettings: Sendable {
    /// How often runners are told to send a heartbeat.
    public var heartbeatInterval: Duration = .seconds(3)
    /// A runner not heard of for so long is lost; its jobs go to others.
    public var runnerLostAfter: Duration = .seconds(10)
    /// While none of several runners is heard of, each of them is lost only after so long: it is more likely that they
    /// cannot reach the controller than that all of them died at once.
    public var disruptionPatience: Duration = .seconds(30)
    /// How much longer than a tick's interval two ticks may be apart. A longer time is a pause of this process, which is
    /// the fault of no runner and no job: leases get their full time again.
    public var pauseTolerance: Duration = .seconds(3)
    /// How long after a pause attempts and runs that are over their time are let be: what their runners reported may
    /// still be on its way.
    public var pauseGrace: Duration = .seconds(15)
    /// How long runners are told to wait for jobs in one call.
    public var pollSeconds = 20
    /// How long a job's runner gets to stop when its run is cancelled; then the job is dropped.
    public var stopGrace: Duration = .seconds(30)
    /// How much longer than its timeout an attempt may take before the engine itself ends it. Normally the runner
    /// does that in time.
    public var attemptGrace: Duration = .seconds(15)
    /// How often leases, deadlines and waiting runners are looked at.
    public var tickInterval: Duration = .milliseconds(500)
    /// How often every active run is looked at for one in which nothing happens any more.
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
