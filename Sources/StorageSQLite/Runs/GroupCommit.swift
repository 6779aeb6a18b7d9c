import Dispatch
import GRDB
import Storage
import Synchronization

/// Commits transactions that wait at the same time together.
///
/// A commit costs one disk flush, whatever is in it. One thread takes all transactions that arrived while the last
/// commit was written, runs each in its own savepoint, commits once, and then answers them:
///
///     submit ──▶ waiting ──▶ SAVEPOINT, run, RELEASE ──▶ COMMIT ──▶ answered
///                              │ throws                    │ fails
///                              ▼                           ▼
///                            rolled back alone           the whole batch fails
final class GroupCommit: Sendable {
    /// A transaction that waits.
    struct Work: Sendable {
        /// Runs the transaction; returns the answer to send once the commit is durable.
        var run: @Sendable (SQLiteRunTransaction) throws -> @Sendable () -> Void
        var fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [Work] = []
        var isScheduled = false
    }

    /// The most transactions of one commit, so that the first does not wait for too many others.
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
        var remaining = batch[...]
        var answers: [@Sendable () -> Void] = []
        // Transactions that have run and fail if the commit does.
        var uncommitted: [Work] = []
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
            while let work = remaining.popFirst() {
                let changesBefore = transaction.pending.count
                uncommitted.append(work)
                try transaction.savepoint(.begin)
                do {
                    let answer = try work.run(transaction)
                    try transaction.savepoint(.release)
                    answers.append(answer)
                } catch {
                    // On a full disk SQLite rolls the whole transaction back; then no savepoint is left.
                    guard database.isInsideTransaction else { throw error }
                    try transaction.savepoint(.rollback)
                    try transaction.savepoint(.release)
                    transaction.forgetChanges(after: changesBefore)
                    uncommitted.removeLast()
                    work.fail(explain(error))
                }
            }
            try transaction.prepareCommit()
            try database.commit()
            changes.append(transaction.takePending(), revision: transaction.sequence)
            for answer in answers { answer() }
        } catch {
            // The first error is reported; SQLite has rolled back, or does so before the next transaction.
            if database.isInsideTransaction { try? database.rollback() }
            writer.transaction?.forgetChanges(after: 0)
            for work in uncommitted + remaining { work.fail(explain(error)) }
        }
    }

    /// The error for a caller: its own unchanged, SQLite's as a `RunStoreError`.
    func explain(_ error: any Error) -> any Error {
        guard error is DatabaseError else { return error }
        let (isCorrupt, message) = SQLiteDatabase.explain(error, path: path)
        return RunStoreError(isCorrupt ? .corrupt : .unavailable, message)
    }
}
