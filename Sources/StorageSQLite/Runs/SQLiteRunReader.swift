import APIMachinery
import GRDB
import Storage

/// Reads runs and steps through one connection. Lives no longer than the access to the connection, except for the
/// writer's, which has the connection to itself.
class SQLiteRunReader: RunReader {
    let database: Database
    /// The queues' numbers, read when the first is needed. A number never changes its meaning.
    var queueNames: [Int64: QueueName]?
    var queueNumbers: [QueueName: Int64] = [:]

    init(_ database: Database) { self.database = database }

    func prepare(_ sql: String) throws -> PreparedStatement { try PreparedStatement(database, sql) }

    func revision() throws -> Int64 {
        try prepare("SELECT value FROM run_sequence").first { $0.integer() } ?? 0
    }

    static let runColumns = """
        id, uid, namespace, name, resource_version, workflow, revision, priority, params, labels, metadata, phase, \
        stop, reason, message, created_at, started_at, finished_at, deadline, idempotency_key, \
        submitter
        """

    static func readRun(_ columns: inout Columns) throws -> RunRecord {
        let id = columns.integer()
        let uid = columns.text()
        let namespace = columns.text()
        let name = columns.text()
        let resourceVersion = columns.integer()
        var run = RunRecord(
            uid: uid,
            namespace: namespace,
            name: name,
            workflow: columns.text(),
            revision: columns.text(),
            priority: columns.int(),
            params: columns.bytes(),
            createdAt: Timestamp(seconds: 0)
        )
        run.id = id
        run.resourceVersion = resourceVersion
        run.labels = decodeLabels(columns.bytes())
        run.metadata = columns.bytes()
        run.phase = try columns.value(RunRecord.Phase.self)
        run.stop = try columns.value(RunRecord.Stop.self)
        run.reason = columns.text()
        run.message = columns.text()
        run.createdAt = columns.timestamp()
        run.startedAt = columns.optionalTimestamp()
        run.finishedAt = columns.optionalTimestamp()
        run.deadline = columns.optionalTimestamp()
        run.idempotencyKey = columns.optionalText()
        run.submitter = columns.text()
        return run
    }

    static func encodeLabels(_ labels: [String: String]) -> [UInt8] {
        labels.isEmpty ? [] : JSONValue.object(JSONObject(labels.map { ($0.key, .string($0.value)) })).bytes
    }

    private static func decodeLabels(_ bytes: [UInt8]) -> [String: String] {
        // Labels only find runs: one whose labels are damaged is shown without them.
        guard !bytes.isEmpty, let object = try? JSONValue(parsing: bytes).objectValue else { return [:] }
        return Dictionary(object.map { ($0.key, $0.value.stringValue ?? "") }) { _, last in last }
    }

    func run(id: Int64) throws -> RunRecord? {
        var statement = try prepare("SELECT \(Self.runColumns) FROM runs WHERE id = ?")
        statement.bind(id)
        return try statement.first(Self.readRun)
    }

    func run(namespace: String, name: String) throws -> RunRecord? {
        var statement = try prepare("SELECT \(Self.runColumns) FROM runs WHERE namespace = ? AND name = ?")
        statement.bind(namespace)
        statement.bind(name)
        return try statement.first(Self.readRun)
    }

    func run(namespace: String, workflow: String, idempotencyKey: String) throws -> RunRecord? {
        var statement = try prepare(
            "SELECT \(Self.runColumns) FROM runs WHERE namespace = ? AND workflow = ? AND idempotency_key = ?"
        )
        statement.bind(namespace)
        statement.bind(workflow)
        statement.bind(idempotencyKey)
        return try statement.first(Self.readRun)
    }

    func activeRuns(after id: Int64, limit: Int) throws -> [RunRecord] {
        var statement = try prepare(
            "SELECT \(Self.runColumns) FROM runs WHERE finished_at IS NULL AND id > ? ORDER BY id LIMIT ?"
        )
        statement.bind(id)
        statement.bind(limit)
        return try statement.all(Self.readRun)
    }

    func stalledRuns(limit: Int) throws -> [Int64] {
        // A run's steps and jobs have keys from id * 2^20 on.
        var statement = try prepare(
            """
            SELECT id FROM runs WHERE finished_at IS NULL AND phase <> 2 AND ( \
            NOT EXISTS (SELECT 1 FROM jobs WHERE key >= runs.id << 20 AND key < (runs.id + 1) << 20) \
            OR EXISTS (SELECT 1 FROM steps WHERE key >= runs.id << 20 AND key < (runs.id + 1) << 20 \
            AND phase IN (1, 2) AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.key = steps.key))) \
            ORDER BY id LIMIT ?
            """
        )
        statement.bind(limit)
        return try statement.all { $0.integer() }
    }

    func overdueRuns(now: Timestamp, limit: Int) throws -> [RunRecord] {
        var statement = try prepare(
            """
            SELECT \(Self.runColumns) FROM runs WHERE deadline <= ? AND deadline IS NOT NULL AND finished_at IS NULL \
            ORDER BY deadline, id LIMIT ?
            """
        )
        statement.bind(now)
        statement.bind(limit)
        return try statement.all(Self.readRun)
    }

    func finishedRuns(before: Timestamp, limit: Int) throws -> [RunRecord] {
        var statement = try prepare(
            """
            SELECT \(Self.runColumns) FROM runs WHERE finished_at < ? AND finished_at IS NOT NULL \
            ORDER BY finished_at LIMIT ?
            """
        )
        statement.bind(before)
        statement.bind(limit)
        return try statement.all(Self.readRun)
    }

    static let stepColumns = """
        key, id, phase, attempts, forgiven_attempts, accepted_token, runner, started_at, finished_at, output, \
        failure_reason, failure_message, exit_code, metrics, deliveries
        """

    static func readStep(_ columns: inout Columns) throws -> StepRecord {
        var step = StepRecord(key: StepKey(rowID: columns.integer()), id: columns.text())
        step.phase = try columns.value(StepRecord.Phase.self)
        step.attempts = columns.int()
        step.forgivenAttempts = columns.int()
        step.acceptedToken = columns.integer()
        step.runner = columns.text()
        step.startedAt = columns.optionalTimestamp()
        step.finishedAt = columns.optionalTimestamp()
        step.output = columns.bytes()
        step.failure = readFailure(&columns)
        step.metrics = columns.bytes()
        step.deliveries = columns.int()
        return step
    }

    func steps(run: Int64) throws -> [StepRecord] {
        var statement = try prepare("SELECT \(Self.stepColumns) FROM steps WHERE key >= ? AND key < ? ORDER BY key")
        statement.bind(StepKey(run: run, index: 0).rowID)
        statement.bind(StepKey(run: run + 1, index: 0).rowID)
        return try statement.all(Self.readStep)
    }

    func briefSteps(run: Int64) throws -> [StepRecord] {
        let columns = Self.stepColumns.replacing("output", with: "x''")
        var statement = try prepare("SELECT \(columns) FROM steps WHERE key >= ? AND key < ? ORDER BY key")
        statement.bind(StepKey(run: run, index: 0).rowID)
        statement.bind(StepKey(run: run + 1, index: 0).rowID)
        return try statement.all(Self.readStep)
    }

    func step(_ key: StepKey) throws -> StepRecord? {
        var statement = try prepare("SELECT \(Self.stepColumns) FROM steps WHERE key = ?")
        statement.bind(key.rowID)
        return try statement.first(Self.readStep)
    }

    func logs(_ key: StepKey) throws -> [AttemptLog] {
        var statement = try prepare(
            """
            SELECT attempt, runner, finished_at, failure_reason, failure_message, exit_code, log, log_end \
            FROM attempt_logs WHERE key = ? ORDER BY attempt
            """
        )
        statement.bind(key.rowID)
        return try statement.all { columns in
            let attempt = columns.int()
            let runner = columns.text()
            let finishedAt = columns.timestamp()
            let failure = Self.readFailure(&columns)
            return AttemptLog(
                attempt: attempt,
                runner: runner,
                finishedAt: finishedAt,
                failure: failure,
                log: columns.bytes(),
                end: columns.int()
            )
        }
    }

    private static func readFailure(_ columns: inout Columns) -> StepFailure? {
        let reason = columns.optionalText()
        let message = columns.text()
        let exitCode = columns.optionalInteger().map(Int.init)
        return reason.map { StepFailure(reason: $0, message: message, exitCode: exitCode) }
    }

    func clockSkew() throws -> Duration {
        .microseconds(try prepare("SELECT skew FROM run_clock").first { $0.integer() } ?? 0)
    }

    func workflowRevision(_ hash: String) throws -> [UInt8]? {
        var statement = try prepare("SELECT spec FROM workflow_revisions WHERE hash = ?")
        statement.bind(hash)
        return try statement.first { $0.bytes() }
    }
}
