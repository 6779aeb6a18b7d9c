import APIMachinery
import GRDB
import Storage

/// The writer's view of the run store: one for the life of the connection, used by one thread at a time.
final class SQLiteRunTransaction: SQLiteRunReader, RunTransaction {
    /// The last sequence number. Written to the database once in every commit.
    private(set) var sequence: Int64 = 0
    private var storedSequence: Int64 = 0
    /// The changes since the last commit.
    private(set) var pending: [RunChange] = []

    override init(_ database: Database) {
        super.init(database)
    }

    /// Reads the stored sequence number.
    func load() throws {
        sequence = try super.revision()
        storedSequence = sequence
    }

    override func revision() throws -> Int64 { sequence }

    func nextSequence() throws -> Int64 {
        sequence += 1
        return sequence
    }

    // MARK: The writer's own calls

    /// Writes the sequence, as the last thing before a commit.
    func prepareCommit() throws {
        guard sequence != storedSequence else { return }
        var statement = try prepare("UPDATE run_sequence SET value = ?")
        statement.bind(sequence)
        try statement.run()
    }

    /// Takes the changes of a commit, after it.
    func takePending() -> [RunChange] {
        storedSequence = sequence
        defer { pending = [] }
        return pending
    }

    /// Forgets the changes after the first `count`, which a rollback has undone. Sequence numbers are not used again.
    func forgetChanges(after count: Int) {
        pending.removeSubrange(count...)
        queueNumbers = [:]
        queueNames = nil
    }

    func savepoint(_ command: SavepointCommand) throws { try prepare(command.rawValue).run() }

    enum SavepointCommand: String {
        case begin = "SAVEPOINT work"
        case release = "RELEASE work"
        case rollback = "ROLLBACK TO work"
    }

    // MARK: Runs and steps

    func setClockSkew(_ skew: Duration) throws {
        let (seconds, attoseconds) = skew.components
        var statement = try prepare("UPDATE run_clock SET skew = ?")
        statement.bind(seconds.saturatingMultiply(1_000_000).saturatingAdd(attoseconds / 1_000_000_000_000))
        try statement.run()
    }

    func insertWorkflowRevision(_ hash: String, spec: [UInt8]) throws {
        var statement = try prepare("INSERT OR IGNORE INTO workflow_revisions (hash, spec) VALUES (?, ?)")
        statement.bind(hash)
        statement.bind(spec)
        try statement.run()
    }

    func insert(_ run: inout RunRecord) throws {
        let id = try nextSequence()
        var statement = try prepare(
            """
            INSERT INTO runs (\(Self.runColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        statement.bind(id)
        statement.bind(run.uid)
        statement.bind(run.namespace)
        statement.bind(run.name)
        statement.bind(id)
        statement.bind(run.workflow)
        statement.bind(run.revision)
        statement.bind(run.priority)
        statement.bind(run.params)
        statement.bind(Self.encodeLabels(run.labels))
        statement.bind(run.metadata)
        statement.bind(run.phase.rawValue)
        statement.bind(run.stop.rawValue)
        statement.bind(run.reason)
        statement.bind(run.message)
        statement.bind(run.createdAt)
        statement.bind(run.startedAt)
        statement.bind(run.finishedAt)
        statement.bind(run.deadline)
        statement.bind(run.idempotencyKey)
        statement.bind(run.submitter)
        do {
            try statement.run()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw RunStoreError(
                .alreadyExists,
                "run \"\(run.name)\" exists already in namespace \"\(run.namespace)\", or its idempotency key does"
            )
        }
        run.id = id
        run.resourceVersion = id
        record(run, .added)
    }

    func update(_ run: inout RunRecord) throws {
        run.resourceVersion = try nextSequence()
        var statement = try prepare(
            """
            UPDATE runs SET resource_version = ?, priority = ?, params = ?, labels = ?, metadata = ?, phase = ?, \
            stop = ?, reason = ?, message = ?, started_at = ?, finished_at = ?, deadline = ? WHERE id = ?
            """
        )
        statement.bind(run.resourceVersion)
        statement.bind(run.priority)
        statement.bind(run.params)
        statement.bind(Self.encodeLabels(run.labels))
        statement.bind(run.metadata)
        statement.bind(run.phase.rawValue)
        statement.bind(run.stop.rawValue)
        statement.bind(run.reason)
        statement.bind(run.message)
        statement.bind(run.startedAt)
        statement.bind(run.finishedAt)
        statement.bind(run.deadline)
        statement.bind(run.id)
        try statement.run()
        guard database.changesCount > 0 else { throw RunStoreError(.notFound, "run \"\(run.name)\" is not stored") }
        record(run, .modified)
    }

    func delete(_ run: RunRecord) throws {
        guard var last = try self.run(id: run.id) else { return }
        let first = StepKey(run: run.id, index: 0).rowID
        let end = StepKey(run: run.id + 1, index: 0).rowID
        for table in ["steps", "attempt_logs", "jobs", "dead_letters"] {
            var statement = try prepare("DELETE FROM \(table) WHERE key >= ? AND key < ?")
            statement.bind(first)
            statement.bind(end)
            try statement.run()
        }
        var statement = try prepare("DELETE FROM runs WHERE id = ?")
        statement.bind(run.id)
        try statement.run()
        last.resourceVersion = try nextSequence()
        record(last, .deleted(last))
    }

    func insert(_ steps: [StepRecord]) throws {
        for step in steps {
            var statement = try prepare(
                "INSERT INTO steps (\(Self.stepColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            )
            statement.bind(step.key.rowID)
            statement.bind(step.id)
            bindState(of: step, to: &statement)
            try statement.run()
        }
    }

    func update(_ step: StepRecord) throws {
        var statement = try prepare(
            """
            UPDATE steps SET phase = ?, attempts = ?, forgiven_attempts = ?, accepted_token = ?, runner = ?, \
            started_at = ?, finished_at = ?, output = ?, failure_reason = ?, failure_message = ?, exit_code = ?, \
            metrics = ?, deliveries = ? WHERE key = ?
            """
        )
        bindState(of: step, to: &statement)
        statement.bind(step.key.rowID)
        try statement.run()
        guard database.changesCount > 0 else { throw RunStoreError(.notFound, "step \(step.key) is not stored") }
    }

    private func bindState(of step: StepRecord, to statement: inout PreparedStatement) {
        statement.bind(step.phase.rawValue)
        statement.bind(step.attempts)
        statement.bind(step.forgivenAttempts)
        statement.bind(step.acceptedToken)
        statement.bind(step.runner)
        statement.bind(step.startedAt)
        statement.bind(step.finishedAt)
        statement.bind(step.output)
        statement.bind(step.failure?.reason)
        statement.bind(step.failure?.message)
        statement.bind(step.failure?.exitCode)
        statement.bind(step.metrics)
        statement.bind(step.deliveries)
    }

    func setLog(_ key: StepKey, _ log: AttemptLog) throws {
        if log.attempt > AttemptLog.kept {
            var deletion = try prepare("DELETE FROM attempt_logs WHERE key = ? AND attempt <= ?")
            deletion.bind(key.rowID)
            deletion.bind(log.attempt - AttemptLog.kept)
            try deletion.run()
        }
        var statement = try prepare(
            """
            INSERT OR REPLACE INTO attempt_logs (key, attempt, runner, finished_at, failure_reason, failure_message, \
            exit_code, log, log_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        statement.bind(key.rowID)
        statement.bind(log.attempt)
        statement.bind(log.runner)
        statement.bind(log.finishedAt)
        statement.bind(log.failure?.reason)
        statement.bind(log.failure?.message)
        statement.bind(log.failure?.exitCode)
        statement.bind(log.log)
        statement.bind(log.end)
        try statement.run()
    }

    private func record(_ run: RunRecord, _ kind: RunChange.Kind) {
        pending.append(
            RunChange(
                revision: run.resourceVersion,
                run: run.id,
                namespace: run.namespace,
                name: run.name,
                kind: kind
            )
        )
    }
}
