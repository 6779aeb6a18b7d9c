import Synchronization

/// The run store in memory: the reference that defines what the others do, and what tests and simulations use.
/// Nothing survives it.
public final class MemoryRunStore: RunStore {
    private let state: Mutex<MemoryRunState>
    public let changes: RunChangeFeed

    /// An empty store.
    public init(feedCapacity: Int = 32768) {
        state = Mutex(MemoryRunState())
        changes = RunChangeFeed(revision: 0, capacity: feedCapacity)
    }

    public func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction) throws -> Result
    ) async throws -> Result {
        try state.withLock { state in
            let transaction = MemoryRunTransaction(state)
            // The transaction holds the only copy from here on, so that changes are made in place.
            state = MemoryRunState()
            defer { state = transaction.state }
            do {
                let result = try body(transaction)
                changes.append(transaction.pending, revision: transaction.state.sequence)
                return result
            } catch {
                transaction.rollBack()
                throw error
            }
        }
    }

    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any RunReader) throws -> Result
    ) async throws -> Result {
        let snapshot = state.withLock { $0 }
        return try body(MemoryRunTransaction(snapshot))
    }
}

/// Everything the memory store holds, as a value: a copy is a snapshot.
struct MemoryRunState: Sendable {
    var sequence: Int64 = 0
    var revisions: [String: [UInt8]] = [:]
    var runs: [Int64: RunRecord] = [:]
    var runIDs: [String: Int64] = [:]
    var idempotencyKeys: [String: Int64] = [:]
    var steps: [Int64: [StepRecord]] = [:]
    var logs: [StepKey: [AttemptLog]] = [:]
    var jobs: [StepKey: JobRecord] = [:]
    var deadLetters: [StepKey: DeadLetter] = [:]
    var queues: Set<QueueName> = []
    var clockSkew = Duration.zero

    static func key(_ parts: String...) -> String { parts.joined(separator: "\u{0}") }
}

/// A transaction, or a reader, over a `MemoryRunState`. Undoes its changes one by one if it is rolled back, because
/// copying everything first would cost more than the change.
final class MemoryRunTransaction: RunTransaction {
    var state: MemoryRunState
    var pending: [RunChange] = []
    private var undo: [(inout MemoryRunState) -> Void] = []

    init(_ state: MemoryRunState) { self.state = state }

    func rollBack() {
        for step in undo.reversed() { step(&state) }
        undo = []
        pending = []
    }

    /// Changes one entry and remembers what it was.
    func set<Key: Hashable, Value>(
        _ path: WritableKeyPath<MemoryRunState, [Key: Value]>,
        _ key: Key,
        _ value: Value?
    ) {
        let old = state[keyPath: path][key]
        undo.append { $0[keyPath: path][key] = old }
        state[keyPath: path][key] = value
    }

    func nextSequence() throws -> Int64 {
        // Not undone: a number that was given out once is never given out again.
        state.sequence += 1
        return state.sequence
    }

    func clockSkew() throws -> Duration { state.clockSkew }

    func setClockSkew(_ skew: Duration) throws {
        let old = state.clockSkew
        undo.append { $0.clockSkew = old }
        state.clockSkew = skew
    }

    func insertWorkflowRevision(_ hash: String, spec: [UInt8]) throws {
        if state.revisions[hash] == nil { set(\.revisions, hash, spec) }
    }

    func insert(_ run: inout RunRecord) throws {
        let name = MemoryRunState.key(run.namespace, run.name)
        guard state.runIDs[name] == nil else {
            throw RunStoreError(.alreadyExists, "run \"\(run.name)\" exists already in namespace \"\(run.namespace)\"")
        }
        let idempotency = run.idempotencyKey.map { MemoryRunState.key(run.namespace, run.workflow, $0) }
        if let idempotency, state.idempotencyKeys[idempotency] != nil {
            throw RunStoreError(
                .alreadyExists,
                "a run of workflow \"\(run.workflow)\" with that idempotency key exists"
            )
        }
        run.id = try nextSequence()
        run.resourceVersion = run.id
        set(\.runs, run.id, run)
        set(\.runIDs, name, run.id)
        if let idempotency { set(\.idempotencyKeys, idempotency, run.id) }
        record(run, .added)
    }

    func update(_ run: inout RunRecord) throws {
        guard state.runs[run.id] != nil else {
            throw RunStoreError(.notFound, "run \"\(run.name)\" is not stored")
        }
        run.resourceVersion = try nextSequence()
        set(\.runs, run.id, run)
        record(run, .modified)
    }

    func delete(_ run: RunRecord) throws {
        guard var last = state.runs[run.id] else { return }
        for step in state.steps[run.id] ?? [] {
            set(\.logs, step.key, nil)
            set(\.jobs, step.key, nil)
            set(\.deadLetters, step.key, nil)
        }
        set(\.steps, run.id, nil)
        set(\.runs, run.id, nil)
        set(\.runIDs, MemoryRunState.key(last.namespace, last.name), nil)
        if let key = last.idempotencyKey {
            set(\.idempotencyKeys, MemoryRunState.key(last.namespace, last.workflow, key), nil)
        }
        last.resourceVersion = try nextSequence()
        record(last, .deleted(last))
    }

    func insert(_ steps: [StepRecord]) throws {
        guard let run = steps.first?.key.run else { return }
        set(\.steps, run, (state.steps[run] ?? []) + steps)
    }

    func update(_ step: StepRecord) throws {
        guard var steps = state.steps[step.key.run], steps.indices.contains(step.key.index) else {
            throw RunStoreError(.notFound, "step \(step.key) is not stored")
        }
        steps[step.key.index] = step
        set(\.steps, step.key.run, steps)
    }

    func setLog(_ key: StepKey, _ log: AttemptLog) throws {
        var logs = (state.logs[key] ?? []).filter { $0.attempt != log.attempt } + [log]
        logs.sort { $0.attempt < $1.attempt }
        set(\.logs, key, logs.filter { $0.attempt > log.attempt - AttemptLog.kept })
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
