import GRDB
public import Storage

/// Runs, steps and jobs in one SQLite file: written by one thread with shared, synced commits; read beside it.
public final class SQLiteRunStore: RunStore {
    private let pool: DatabasePool
    private let writer: GroupCommit
    public let changes: RunChangeFeed

    /// Opens the store's file, and creates it if it is missing.
    ///
    /// - Parameter feedCapacity: how many changes a watcher may be behind.
    /// - Throws: `RunStoreError`: `corrupt` for a damaged file, `unavailable` if it cannot be opened or written.
    public init(path: String, feedCapacity: Int = 32768) throws {
        do {
            pool = try SQLiteDatabase.open(path: path, migrator: RunTables.migrator)
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA cache_size = -16384")
            }
            let revision = try pool.read { try SQLiteRunReader($0).revision() }
            changes = RunChangeFeed(revision: revision, capacity: feedCapacity)
            writer = GroupCommit(pool: pool, path: path, changes: changes)
        } catch {
            let (isCorrupt, message) = SQLiteDatabase.explain(error, path: path)
            throw RunStoreError(isCorrupt ? .corrupt : .unavailable, message)
        }
    }

    public func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            writer.submit(
                GroupCommit.Work(
                    run: { transaction in
                        let result = try body(transaction)
                        return { continuation.resume(returning: result) }
                    },
                    fail: { continuation.resume(throwing: $0) }
                )
            )
        }
    }

    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any RunReader) throws -> Result
    ) async throws -> Result {
        do {
            return try await pool.read { database in try body(SQLiteRunReader(database)) }
        } catch {
            throw writer.explain(error)
        }
    }

    /// Copies the store to another file while it is in use.
    public func backUp(to path: String) throws {
        do {
            let copy = try DatabaseQueue(path: path)
            try pool.backup(to: copy)
            try copy.close()
        } catch {
            throw writer.explain(error)
        }
    }

    /// Waits for what is being written and closes the file. Transactions afterwards fail.
    public func close() throws { try pool.close() }
}
