public import APIMachinery

/// A runner's use of its machine, as of its last heartbeat.
public struct RunnerLoad: Sendable, Hashable {
    /// Processor use of the runner and its jobs, in thousandths of a core.
    public var cpuMillicores: Int
    /// Resident memory of the runner and its jobs, in mebibytes.
    public var memoryMB: Double
    /// Job slots in use, as the runner itself counts them.
    public var slotsBusy: Int

    /// A load of those figures.
    public init(cpuMillicores: Int = 0, memoryMB: Double = 0, slotsBusy: Int = 0) {
        self.cpuMillicores = cpuMillicores
        self.memoryMB = memoryMB
        self.slotsBusy = slotsBusy
    }
}

/// The state of one runner as the engine observes it. Rebuilt from heartbeats after a restart; never a source of truth.
public struct RunnerState: Sendable, Hashable {
    /// The namespace of the runner's Pod.
    public var namespace: String
    /// The worker pool the runner belongs to.
    public var pool: String
    /// The runner's name, which is its Pod's name.
    public var name: String
    /// The Pod's uid; empty until the runner has registered.
    public var podUID: String
    /// Jobs the runner works on at once.
    public var concurrency: Int
    /// Jobs leased to the runner and not yet reported.
    public var leasedJobs: Int
    /// Machine use, as of the last heartbeat.
    public var load: RunnerLoad
    /// When the load was reported; `nil` before the first heartbeat.
    public var loadReportedAt: Timestamp?
    /// When the runner last called.
    public var lastSeen: Timestamp
    /// Whether the runner is leased no new jobs.
    public var draining: Bool

    /// Whether the runner holds no job, so that stopping it interrupts nothing.
    public var isIdle: Bool { leasedJobs == 0 }

    /// A runner in that state.
    public init(
        namespace: String,
        pool: String,
        name: String,
        podUID: String = "",
        concurrency: Int = 0,
        leasedJobs: Int = 0,
        load: RunnerLoad = RunnerLoad(),
        loadReportedAt: Timestamp? = nil,
        lastSeen: Timestamp,
        draining: Bool = false
    ) {
        self.namespace = namespace
        self.pool = pool
        self.name = name
        self.podUID = podUID
        self.concurrency = concurrency
        self.leasedJobs = leasedJobs
        self.load = load
        self.loadReportedAt = loadReportedAt
        self.lastSeen = lastSeen
        self.draining = draining
    }
}

/// The runners that are alive, for the worker pool's reconciler, which decides which of them stay.
public protocol RunnerDirectory: Sendable {
    /// The pool's live runners, by name. A runner that stopped sending heartbeats is not among them.
    func runners(namespace: String, pool: String) -> [RunnerState]

    /// Starts or stops draining a runner: it is leased no new jobs, and finishes those it has.
    ///
    /// Also takes effect for a runner that has not called yet.
    func setDraining(_ draining: Bool, namespace: String, runner: String)

    /// Revokes every lease of a runner whose Pod is gone. Its jobs are ready at once, and later reports of it are
    /// stale.
    ///
    /// - Returns: how many leases were revoked.
    func releaseLeases(namespace: String, runner: String) async throws -> Int
}
