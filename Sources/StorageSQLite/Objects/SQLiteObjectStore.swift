import Foundation
import GRDB
public import Storage
import Synchronization

/// The object store in a SQLite file: the objects, each in its place, and a bounded history of what changed.
///
/// Writes queue up for the database's one writer. It takes all that wait into one transaction, so that many
/// share the cost of the sync that makes them durable.
public final class SQLiteObjectStore: ObjectStore {
    /// How many writes share a transaction at most. Bounds how long the first of them waits for the last.
    private static let batchLimit = 256
    /// Objects of common sizes fill pages of this size well; a page is what changing an object writes.
    private static let pageSize = 16384

    private struct Pending: Sendable {
        var write: ObjectWrite
        var continuation: CheckedContinuation<Result<ObjectChange, ObjectStoreError>, Never>
    }

    private struct State {
        var pending: [Pending] = []
        var isDraining = false
        var isClosed = false
        /// Changed by the writer only.
        var ledger: ObjectLedger
        var log: WriteAheadLog
        var observer: (@Sendable ([ObjectChange]) -> Void)?
    }

    private let pool: DatabasePool
    private let path: String
    private let acknowledged: AcknowledgedRevision
    private let state: Mutex<State>

    /// Opens the store in that file, creating it if it does not exist, and checks whether every row is as it was written.
    ///
    /// - Throws: `ObjectStoreError`, `corrupt` if the file is damaged.
    public init(path: String) throws {
        self.path = path
        do {
            pool = try SQLiteDatabase.open(path: path, pageSize: Self.pageSize, migrator: ObjectTables.migrator)
            let ledger = try pool.writeWithoutTransaction { try ObjectVerification.ledger($0) }
            acknowledged = try AcknowledgedRevision(database: path)
            if let promised = acknowledged.value, promised > ledger.revision {
                throw ObjectStoreError(
                    .corrupt,
                    "\(path) ends at revision \(ledger.revision), but revision \(promised) was acknowledged: it was "
                        + "put back to an older state, or its write-ahead log is damaged; restore it from a backup, or "
                        + "delete \(acknowledged.path) to continue without the writes that are missing"
                )
            }
            acknowledged.record(ledger.revision)
            state = Mutex(State(ledger: ledger, log: WriteAheadLog(database: path)))
        } catch {
            throw Self.storeError(error, path: path)
        }
    }

    public var revision: Int64 { state.withLock { $0.ledger.revision } }
    public var compactedRevision: Int64 { state.withLock { $0.ledger.compacted } }

    /// The bytes of all documents that are stored now.
    public var liveBytes: Int { state.withLock { $0.ledger.live } }

    public func observe(_ observer: @escaping @Sendable ([ObjectChange]) -> Void) {
        state.withLock { $0.observer = observer }
    }

    public func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        let result = await withCheckedContinuation { continuation in
            let mustStart: Bool? = state.withLock { state in
                guard !state.isClosed else { return nil }
                state.pending.append(Pending(write: write, continuation: continuation))
                defer { state.isDraining = true }
                return !state.isDraining
            }
            switch mustStart {
            case nil: continuation.resume(returning: .failure(closedError))
            case true?: pool.asyncWriteWithoutTransaction { database in self.drain(database) }
            case false?: break
            }
        }
        return try result.get()
    }

    /// Commits batch after batch until nothing waits and nothing is left to tidy. Runs on the writer's queue.
    private func drain(_ database: Database) {
        var isUntidy = false
        while true {
            let batch = state.withLock { state -> [Pending]? in
                let batch = Array(state.pending.prefix(Self.batchLimit))
                state.pending.removeFirst(batch.count)
                guard batch.isEmpty, !isUntidy else { return batch }
                state.isDraining = false
                return nil
            }
            guard let batch else { return }
            if batch.isEmpty {
                isUntidy = tidyOnce(database)
            } else {
                isUntidy = commit(batch, in: database)
            }
        }
    }

    /// Makes what the closure does durable, and then the ledger that it leaves behind the store's.
    private func write<Value>(in database: Database, _ body: (inout ObjectLedger) throws -> Value) throws -> Value {
        let start = state.withLock { $0.ledger }
        var ledger = start
        var value: Value?
        try database.inTransaction(.immediate) {
            let result = try body(&ledger)
            if ledger.seal != start.seal { try ObjectTables.save(ledger, in: database) }
            value = result
            return .commit
        }
        guard let value else { throw closedError }
        acknowledged.record(ledger.revision)
        var log = state.withLock { $0.log }
        // The commit stands; if the log cannot be shortened now, the next commit tries again.
        try? log.didCommit(in: database)
        state.withLock { state in
            state.log = log
            // The writers get their answers after the observer has seen the changes.
            let revision = state.ledger.revision
            state.ledger = ledger
            state.ledger.revision = revision
        }
        return value
    }

    /// Tells whether there is upkeep left to do.
    private func commit(_ batch: [Pending], in database: Database) -> Bool {
        let results: [Result<ObjectChange, ObjectStoreError>]
        let isUntidy: Bool
        do {
            (results, isUntidy) = try write(in: database) { ledger in
                let results = try batch.map { try ObjectTables.apply($0.write, &ledger, database) }
                guard ledger.churn >= ObjectUpkeep.interval else { return (results, false) }
                // Upkeep looks once more when no writer waits.
                _ = try ObjectUpkeep.run(&ledger, in: database)
                return (results, true)
            }
        } catch {
            // The transaction is rolled back: no write of the batch happened, whatever its own result was.
            let failure = Self.storeError(error, path: path)
            for pending in batch { pending.continuation.resume(returning: .failure(failure)) }
            return false
        }
        // Writers get the errors of theirs below.
        announce(results.compactMap { try? $0.get() })
        for (pending, result) in zip(batch, results) { pending.continuation.resume(returning: result) }
        return isUntidy
    }

    /// The observer first: who reads the new revision must find its changes applied.
    private func announce(_ changes: [ObjectChange]) {
        guard let last = changes.last else { return }
        state.withLock { $0.observer }?(changes)
        state.withLock { $0.ledger.revision = last.revision }
    }

    public func load(resource: String) async throws(ObjectStoreError) -> ObjectSnapshot {
        try await reading { database, ledger in
            var objects: [StoredObject] = []
            try ObjectQueries.forEach(resource: resource, in: database) { _, object in
                objects.append(object)
                return true
            }
            return ObjectSnapshot(objects: objects, revision: ledger.revision)
        }
    }

    public func changes(resource: String, after revision: Int64) async throws(ObjectStoreError) -> [ObjectChange] {
        try await reading { database, ledger in
            guard revision >= ledger.compacted else {
                throw ObjectStoreError.expired(revision, compacted: ledger.compacted)
            }
            return try ObjectQueries.changes(of: resource, after: revision, in: database)
        }
    }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectReader) throws -> Value
    ) async throws(ObjectStoreError) -> Value {
        try await reading { database, ledger in try body(SQLiteObjectTransaction(database, ledger)) }
    }

    public func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectTransaction) throws -> Value
    ) async throws(ObjectStoreError) -> Value {
        try await writing { database in
            let (value, changes) = try self.write(in: database) { ledger in
                let transaction = SQLiteObjectTransaction(database, ledger)
                let value = try body(transaction)
                ledger = transaction.ledger
                return (value, transaction.changes)
            }
            self.announce(changes)
            self.tidy(database)
            return value
        }
    }

    public func compact(upTo revision: Int64) async throws(ObjectStoreError) {
        let bound = min(revision, self.revision)
        guard bound > compactedRevision else { return }
        try await writing { database in
            try self.write(in: database) { try ObjectUpkeep.forget(upTo: bound, &$0, database) }
            self.tidy(database)
        }
    }

    /// Does all upkeep there is.
    private func tidy(_ database: Database) { while tidyOnce(database) {} }

    /// Does a step of upkeep; returns whether there is more. What fails is tried again after later writes.
    private func tidyOnce(_ database: Database) -> Bool {
        // As said above; a disk that fails for good fails the writes, which are answered with the reason.
        guard let isUntidy = try? write(in: database, { try ObjectUpkeep.run(&$0, in: database) }) else { return false }
        // As above.
        if !isUntidy { try? ObjectUpkeep.shorten(state.withLock { $0.log }, in: database) }
        return isUntidy
    }

    public func close() async {
        state.withLock { $0.isClosed = true }
        // Waits its turn behind the writes that were accepted, then empties the write-ahead log into the file.
        try? await pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        // The process ends; the next start reads the log.
        try? pool.close()
    }

    private func reading<Value: Sendable>(
        _ body: @escaping @Sendable (Database, ObjectLedger) throws -> Value
    ) async throws(ObjectStoreError) -> Value {
        do {
            return try await pool.read { database in try body(database, try ObjectTables.ledger(database)) }
        } catch {
            throw Self.storeError(error, path: path)
        }
    }

    private func writing<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(ObjectStoreError) -> Value {
        guard !state.withLock({ $0.isClosed }) else { throw closedError }
        do {
            return try await pool.writeWithoutTransaction(body)
        } catch {
            throw Self.storeError(error, path: path)
        }
    }

    private var closedError: ObjectStoreError {
        ObjectStoreError(.unavailable, "the store is closed; the server is stopping")
    }

    private static func storeError(_ error: any Error, path: String) -> ObjectStoreError {
        if let error = error as? ObjectStoreError { return error }
        let (isCorrupt, message) = SQLiteDatabase.explain(error, path: path)
        return ObjectStoreError(isCorrupt ? .corrupt : .unavailable, message)
    }
}
