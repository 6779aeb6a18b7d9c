public import APIMachinery

/// The durable store of runs, their steps and their jobs.
///
/// Transactions are serialized: each sees all earlier ones, and happens as a whole or not at all. Many may share one
/// commit; a transaction returns only when it is durable.
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

/// Reads of one consistent state of the store.
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
    /// Active runs that cannot proceed: without a job, or with a queued or running step that has no job. Suspended runs
    /// are left out. Only a store that was edited, restored, or written by a faulty version has such runs.
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

    /// How far the calendar is ahead of the engine's time; zero unless the clock was set while a controller ran.
    func clockSkew() throws -> Duration

    /// The specification with that hash, as JSON.
    func workflowRevision(_ hash: String) throws -> [UInt8]?
}

/// Changes of runs and steps. Valid only inside the closure it is handed to.
public protocol RunTransaction: RunReader, JobQueueTransaction {
    /// A number greater than all earlier ones, also over restarts.
    func nextSequence() throws -> Int64

    /// Stores the clock skew, in microseconds.
    func setClockSkew(_ skew: Duration) throws

    /// Stores a specification under its hash, unless one is stored already.
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
    /// Stores an attempt's log, in place of the same attempt's, and deletes the oldest ones beyond `AttemptLog.kept`.
    func setLog(_ key: StepKey, _ log: AttemptLog) throws
}
