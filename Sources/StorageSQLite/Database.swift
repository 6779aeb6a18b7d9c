import Foundation
public import GRDB

/// Opens SQLite files the one way in which every store here needs them.
public enum SQLiteDatabase {
    /// The most that the write-ahead log may leave on disk after a checkpoint, in bytes.
    public static let journalSizeLimit = 64 << 20

    /// Opens the database at a path, creating it if there is none.
    ///
    /// The log is written ahead and synced at every commit (`synchronous=FULL`): what was answered survives a
    /// power cut. The file is examined first; a damaged one is refused.
    ///
    /// - Throws: a `DatabaseError`; `SQLITE_CORRUPT` or `SQLITE_NOTADB` if the file is damaged.
    public static func open(path: String, readers: Int = 4) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = readers
        configuration.prepareDatabase { database in
            // Must stand before the first table is made; without effect afterwards, and refused to readers.
            guard !database.configuration.readonly else { return }
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
            let findings = try String.fetchAll(database, sql: "PRAGMA quick_check(1)")
            guard findings == ["ok"] else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: findings.joined(separator: "; "))
            }
        }
        return pool
    }

    /// What a failed statement means, in words that say what to do.
    public static func explain(_ error: any Error, path: String) -> (isCorrupt: Bool, message: String) {
        guard let error = error as? DatabaseError else { return (false, "\(path): \(error)") }
        let detail = error.message ?? "error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return (true, "\(path) is damaged (\(detail)); restore it from a backup")
        case .SQLITE_FULL:
            return (false, "\(path): the disk is full; free some space, nothing was lost")
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
}
