public import APIMachinery

/// Where runs, their steps and their jobs are kept. It survives restarts; what was answered is durable.
///
/// Everything that belongs together changes in one transaction. An implementation may let many transactions share
/// one commit, but each sees those before it, either happens as a whole or not at all, and is answered only when it
/// is durable.
public protocol RunStore: Sendable {
    /// Runs the closure alone among all writers.
    ///
    /// The closure must not block and must not keep the transaction. It may be run only once.
    ///
    /// - Throws: what the closure throws (then nothing has changed), or a `RunStoreError`.
    func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction) throws -> Result
    ) async throws -> Result

    /// Runs the closure over one consistent state, beside writers.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any RunReader) throws -> Result
    ) async throws -> Result

    /// What changed lately, in the order of the commits.
    var changes: RunChangeFeed { get }
}

/// Why the run store could not do something.
public struct RunStoreError: Error, Sendable, CustomStringConvertible {
    /// What the caller can do about it.
    public enum Code: Sendable, Hashable {
        /// A run of that name, or with that idempotency key, is there already.
        case alreadyExists
        case notFound
        /// The changes after the given revision are no longer known; read everything again.
        case expired
        /// The disk is full, read-only or broken. Nothing was changed.
        case unavailable
        /// The file is damaged.
        case corrupt
    }

    public var code: Code
    public var message: String

    /// An error of that kind.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// Questions to one consistent state of the store.
public protocol RunReader: JobQueueReader {
    /// The sequence number of the last change in this state.
    func revision() throws -> Int64

    func run(id: Int64) throws -> RunRecord?
    func run(namespace: String, name: String) throws -> RunRecord?
    func run(namespace: String, workflow: String, idempotencyKey: String) throws -> RunRecord?
    /// The runs that the query asks for, in its order.
    func runs(_ query: RunQuery) throws -> [RunRecord]
    /// How many runs the query's filters match, not counting beyond the limit.
    func count(_ query: RunQuery) throws -> Int
    /// How many runs of each workflow there are, by phase. Reads every run; phases without runs are left out.
    func phaseCounts() throws -> [NamespacedName: [RunRecord.Phase: Int]]

    /// Runs that have not ended, by id, from after the given one on.
    func activeRuns(after id: Int64, limit: Int) throws -> [RunRecord]
    /// Active runs that nothing would move on: that have no job at all, or a step that is said to have one and has
    /// none. Suspended runs are not among them. There are none unless the store was edited, restored, or written by a faulty version.
    func stalledRuns(limit: Int) throws -> [Int64]
    /// Runs that have not ended although their deadline is past.
    func overdueRuns(now: Timestamp, limit: Int) throws -> [RunRecord]
    /// Runs that ended before that time, the oldest first.
    func finishedRuns(before: Timestamp, limit: Int) throws -> [RunRecord]

    /// The run's steps in the order of the workflow.
    func steps(run: Int64) throws -> [StepRecord]
    /// A run's steps without their outputs, which may be a megabyte each.
    func briefSteps(run: Int64) throws -> [StepRecord]
    func step(_ key: StepKey) throws -> StepRecord?
    /// The logs of the step's attempts that have ended, the oldest first. Attempts that wrote nothing and did not fail
    /// have none.
    func logs(_ key: StepKey) throws -> [AttemptLog]

    /// By how much the calendar was ahead of the time that leases, timers and deadlines are counted in; zero unless the
    /// clock was set while a controller ran.
    func clockSkew() throws -> Duration

    /// The specification with that hash, as JSON.
    func workflowRevision(_ hash: String) throws -> [UInt8]?
}

/// Changes of runs and steps. Valid only inside the closure it is handed to.
public protocol RunTransaction: RunReader, JobQueueTransaction {
    /// A number greater than every one given out before, in this process or an earlier one.
    func nextSequence() throws -> Int64

    /// Keeps by how much the calendar is ahead. Parts of a microsecond are lost.
    func setClockSkew(_ skew: Duration) throws

    /// Keeps a specification under its hash; one that is there already stays.
    func insertWorkflowRevision(_ hash: String, spec: [UInt8]) throws

    /// Adds a run; sets its `id` and `resourceVersion`.
    ///
    /// - Throws: `RunStoreError` with `alreadyExists`.
    func insert(_ run: inout RunRecord) throws
    /// Stores a run's changed fields; sets its `resourceVersion`. Namespace, name, uid and id never change.
    func update(_ run: inout RunRecord) throws
    /// Removes a run with its steps, logs, jobs and dead letters.
    func delete(_ run: RunRecord) throws

    func insert(_ steps: [StepRecord]) throws
    func update(_ step: StepRecord) throws
    /// Keeps an attempt's log, in place of one of the same attempt, and lets go of the oldest ones.
    func setLog(_ key: StepKey, _ log: AttemptLog) throws
}
