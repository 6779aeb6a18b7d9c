import Dispatch
import GRDB
import Storage
import Synchronization

/// Lets the transactions that wait at the same time share one commit.
///
/// Making a commit durable costs a disk flush, whatever is in it. So one thread takes all transactions that have
/// come in while the last commit was being written, runs each in a savepoint of its own, commits once, and only then
/// answers. One that throws is undone alone; if the commit fails, all of them have failed.
final class GroupCommit: Sendable {
    /// A transaction that waits for its turn.
    struct Work: Sendable {
        /// Runs it; returns what to do once the commit is durable. What it throws has been answered for by `fail`.
        var run: @Sendable (SQLiteRunTransaction) throws -> @Sendable () -> Void
        var fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [Work] = []
        var isScheduled = false
    }

    /// A commit holds no more transactions than this, so that the first does not wait for too many others.
    private static let maximumBatch = 256

    private let pool: DatabasePool
    private let path: String
    private let changes: RunChangeFeed
    private let thread = DispatchQueue(label: "martinet.runs.writer", qos: .userInitiated)
    private let state = Mutex(State())
    private let writer = Writer()

    /// The transaction object, made with the first batch, that belongs to the pool's writing connection.
    ///
    /// Touched only inside `writeWithoutTransaction`, which lets one caller in at a time and orders them.
    // lint: unchecked, as the proof is the pool's
    private final class Writer: @unchecked Sendable {
        var transaction: SQLiteRunTransaction?
    }

    init(pool: DatabasePool, path: String, changes: RunChangeFeed) {
        self.pool = pool
        self.path = path
        self.changes = changes
    }

    func submit(_ work: Work) {
        let mustSchedule = state.withLock { state in
            state.waiting.append(work)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { thread.async { self.drain() } }
    }

    private func drain() {
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.maximumBatch))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isScheduled = false }
                return batch
            }
            if batch.isEmpty { return }
            pool.writeWithoutTransaction { commit(batch, $0) }
        }
    }

    private func commit(_ batch: [Work], _ database: Database) {
        var open = batch[...]
        var answers: [@Sendable () -> Void] = []
        // Work whose outcome hangs on the commit.
        var hanging: [Work] = []
        do {
            let transaction: SQLiteRunTransaction
            if let existing = writer.transaction {
                transaction = existing
            } else {
                transaction = SQLiteRunTransaction(database)
                try transaction.load()
                writer.transaction = transaction
            }
            try database.beginTransaction(.immediate)
            while let work = open.popFirst() {
                let changesBefore = transaction.pending.count
                hanging.append(work)
                try transaction.savepoint(.begin)
                do {
                    let answer = try work.run(transaction)
                    try transaction.savepoint(.release)
                    answers.append(answer)
                } catch {
                    // A full disk makes SQLite abandon the whole transaction; then there is nothing to go back to.
                    guard database.isInsideTransaction else { throw error }
                    try transaction.savepoint(.rollback)
                    try transaction.savepoint(.release)
                    transaction.forgetChanges(after: changesBefore)
                    hanging.removeLast()
                    work.fail(explain(error))
                }
            }
            try transaction.prepareCommit()
            try database.commit()
            changes.append(transaction.takePending(), revision: transaction.sequence)
            for answer in answers { answer() }
        } catch {
            // The error that led here is told; SQLite has rolled back, or does so when the next transaction begins.
            if database.isInsideTransaction { try? database.rollback() }
            writer.transaction?.forgetChanges(after: 0)
            for work in hanging + open { work.fail(explain(error)) }
        }
    }

    /// What a caller is told: its own error as it is, SQLite's in words.
    func explain(_ error: any Error) -> any Error {
        guard error is DatabaseError else { return error }
        let (isCorrupt, message) = SQLiteDatabase.explain(error, path: path)
        return RunStoreError(isCorrupt ? .corrupt : .unavailable, message)
    }
}
