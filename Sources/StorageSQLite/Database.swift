import Foundation
public import GRDB

/// Opens SQLite files the one way in which every store here needs them.
public enum SQLiteDatabase {
    /// What the write-ahead log keeps on disk when it starts over, in bytes.
    public static let journalSizeLimit = 16 << 20
    /// How long to wait for a lock, in seconds.
    static let patience = 5

    /// Opens the database at a path, creating it if it does not exist.
    ///
    /// The log is written ahead and synced at every commit (`synchronous=FULL`): what was answered survives a
    /// power cut. The file is examined first; a damaged one is refused, and so is one of a newer version.
    ///
    /// - Parameter pageSize: of a new file, in bytes. Large pages waste less of their room, small ones cost less to
    ///   change.
    /// - Throws: a `DatabaseError`; `SQLITE_CORRUPT` or `SQLITE_NOTADB` if the file is damaged.
    public static func open(
        path: String,
        pageSize: Int = 4096,
        readers: Int = 4,
        migrator: DatabaseMigrator
    ) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(TimeInterval(patience))
        configuration.maximumReaderCount = readers
        configuration.prepareDatabase { database in
            // Both must stand before the first table is made; without effect afterwards, and refused to readers.
            guard !database.configuration.readonly else { return }
            try database.execute(sql: "PRAGMA page_size = \(pageSize)")
            try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { database in
            // The pool sets NORMAL after `prepareDatabase`, so FULL can only be set here.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA journal_size_limit = \(journalSizeLimit)")
            guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == 2 else {
                throw DatabaseError(message: "SQLite did not accept PRAGMA synchronous = FULL")
            }
            // Rarely enough to cost little, often enough for the log to stay near this size.
            let pages = journalSizeLimit / (try Int.fetchOne(database, sql: "PRAGMA page_size") ?? pageSize)
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(pages)")
            let findings = try String.fetchAll(database, sql: "PRAGMA quick_check(1)")
            guard findings == ["ok"] else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: findings.joined(separator: "; "))
            }
            let applied = try migrator.appliedIdentifiers(database)
            if let unknown = applied.subtracting(migrator.migrations).sorted().first {
                throw NewerDatabase(migration: unknown)
            }
        }
        try migrator.migrate(pool)
        return pool
    }

    /// A file that a later version of the program has written.
    struct NewerDatabase: Error { var migration: String }

    /// What a failed statement means, in words that say what to do.
    public static func explain(_ error: any Error, path: String) -> (isCorrupt: Bool, message: String) {
        if let newer = error as? NewerDatabase {
            return (
                false,
                "\(path) was written by a newer version of this program (it has the change \"\(newer.migration)\");"
                    + " start that version, or restore a backup of this one into another directory"
            )
        }
        guard let error = error as? DatabaseError else { return (false, "\(path): \(error)") }
        let detail = error.message ?? "error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return (true, "\(path) is damaged (\(detail)); restore it from a backup")
        case .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT:
            // Its own statements suit its own tables; where they do not, these are no longer what was written.
            return (true, "\(path) is damaged (\(detail)); restore it from a backup")
        case .SQLITE_FULL:
            return (false, "\(path): the disk is full; free some space, nothing was lost")
        case .SQLITE_READONLY where access(path, W_OK) == 0 && access(directory(of: path), W_OK) == 0:
            // The file says of itself that it may not be written: a byte of its head is damaged.
            return (true, "\(path) is damaged (\(detail)); restore it from a backup")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return (false, "\(path): the file or its directory cannot be written (\(detail)); check its permissions")
        case .SQLITE_CANTOPEN:
            return (false, "\(path) cannot be opened (\(detail)); check that its directory exists and can be written")
        case .SQLITE_BUSY:
            return (false, "\(path) is locked by another process; is a second server using this directory?")
        default:
            return (false, "\(path): \(detail)")
        }
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    }
}
