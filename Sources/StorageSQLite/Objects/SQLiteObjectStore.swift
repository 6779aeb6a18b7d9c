import Foundation
import GRDB
public import Storage
import Synchronization

/// The object store in a SQLite file: an append-only log of revisions, and an index of what is current.
///
/// Writes queue up for the database's one writer. It takes all that wait into one transaction, so that many
/// share the cost of the sync that makes them durable.
public final class SQLiteObjectStore: ObjectStore {
    /// How many writes share a transaction at most. Bounds how long the first of them waits for the last.
    private static let batchLimit = 256

    private struct Pending: Sendable {
        var write: ObjectWrite
        var continuation: CheckedContinuation<Result<ObjectChange, ObjectStoreError>, Never>
    }

    private struct State {
        var pending: [Pending] = []
        var isDraining = false
        var isClosed = false
        var revision: Int64
        var compacted: Int64
        var observer: (@Sendable ([ObjectChange]) -> Void)?
    }

    private let pool: DatabasePool
    private let path: String
    private let state: Mutex<State>

    /// Opens the store in that file, creating it if there is none.
    ///
    /// - Throws: `ObjectStoreError`, `corrupt` if the file is damaged.
    public init(path: String) throws {
        self.path = path
        do {
            pool = try SQLiteDatabase.open(path: path)
            try ObjectTables.migrate(pool)
            let (revision, compacted) = try pool.read { database in
                (try ObjectTables.revision(database), try ObjectTables.compactedRevision(database))
            }
            state = Mutex(State(revision: revision, compacted: compacted))
        } catch {
            throw Self.storeError(error, path: path)
        }
    }

    public var revision: Int64 { state.withLock { $0.revision } }
    public var compactedRevision: Int64 { state.withLock { $0.compacted } }

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

    /// Commits batch after batch until nothing waits. Runs on the writer's queue.
    private func drain(_ database: Database) {
        while true {
            let batch = state.withLock { state -> [Pending] in
                let batch = Array(state.pending.prefix(Self.batchLimit))
                state.pending.removeFirst(batch.count)
                if batch.isEmpty { state.isDraining = false }
                return batch
            }
            if batch.isEmpty { return }
            commit(batch, in: database)
        }
    }

    private func commit(_ batch: [Pending], in database: Database) {
        var results: [Result<ObjectChange, ObjectStoreError>] = []
        do {
            try database.inTransaction(.immediate) {
                for pending in batch {
                    results.append(try ObjectTables.apply(pending.write, to: database))
                }
                return .commit
            }
        } catch {
            // The transaction is rolled back: no write of the batch happened, whatever its own result was.
            let failure = Self.storeError(error, path: path)
            for pending in batch { pending.continuation.resume(returning: .failure(failure)) }
            return
        }
        let changes = results.compactMap { try? $0.get() }
        if let last = changes.last {
            // The observer first: who reads the new revision must find its changes applied.
            state.withLock { $0.observer }?(changes)
            state.withLock { $0.revision = last.revision }
        }
        for (pending, result) in zip(batch, results) { pending.continuation.resume(returning: result) }
    }

    public func load(resource: String) async throws(ObjectStoreError) -> ObjectSnapshot {
        try await reading { database in
            ObjectSnapshot(
                objects: try ObjectTables.current(of: resource, in: database),
                revision: try ObjectTables.revision(database)
            )
        }
    }

    public func changes(resource: String, after revision: Int64) async throws(ObjectStoreError) -> [ObjectChange] {
        try await reading { database in
            let compacted = try ObjectTables.compactedRevision(database)
            guard revision >= compacted else { throw ObjectStoreError.expired(revision, compacted: compacted) }
            return try ObjectTables.changes(of: resource, after: revision, in: database)
        }
    }

    public func compact(upTo revision: Int64) async throws(ObjectStoreError) {
        let bound = min(revision, self.revision)
        guard bound > compactedRevision else { return }
        do {
            try await pool.write { database in try ObjectTables.setCompactedRevision(bound, in: database) }
            state.withLock { $0.compacted = max($0.compacted, bound) }
            // In small transactions, so that writers wait for milliseconds only.
            while try await pool.write({ database in
                try ObjectTables.deleteHistory(upTo: bound, limit: 500, in: database)
            }) {}
            try await pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA incremental_vacuum(2000)")
                try database.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
            }
        } catch {
            throw Self.storeError(error, path: path)
        }
    }

    public func backup(to path: String) async throws(ObjectStoreError) {
        do {
            let target = try DatabaseQueue(path: path)
            try pool.backup(to: target)
            try target.close()
        } catch {
            throw Self.storeError(error, path: path)
        }
    }

    public func close() async {
        state.withLock { $0.isClosed = true }
        // Waits its turn behind the writes that were accepted, then empties the write-ahead log into the file.
        try? await pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        try? pool.close()
    }

    private func reading<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(ObjectStoreError) -> Value {
        do {
            return try await pool.read(body)
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
