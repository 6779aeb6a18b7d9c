import Foundation
import GRDB

/// Keeps a database's write-ahead log short.
///
/// SQLite starts the log over when all of it is in the database and no reader has an older state. Under steady
/// writing beside long reads that moment may not come by itself; then the writer makes it come.
struct WriteAheadLog: Sendable {
    /// From here on the writer looks for a moment to start over.
    private static let soft = 32 << 20
    /// From here on the writer waits for the readers, so that the log stays below 64 MiB.
    private static let hard = 52 << 20
    private static let growth = 4 << 20
    /// By how much a file may be longer than its pages before it is worth shortening.
    private static let slack = 256 << 10

    private let database: String
    /// The size at which to look again.
    private var next = WriteAheadLog.soft

    init(database path: String) { database = path }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Called by the writer after a commit, outside of a transaction.
    mutating func didCommit(in database: Database) throws {
        let size = Self.size("\(self.database)-wal")
        guard size >= next else {
            if size < Self.soft { next = Self.soft }
            return
        }
        try Self.startOver(isPatient: size >= Self.hard, in: database)
        next = max(Self.soft, Self.size("\(self.database)-wal") + Self.growth)
    }

    /// Called by the writer after it gave pages back: the file becomes shorter only when the log is in it.
    func didShrink(to pages: Int, of pageSize: Int, in database: Database) throws {
        guard Self.size(self.database) > pages * pageSize + Self.slack else { return }
        try Self.startOver(isPatient: false, in: database)
    }

    /// Takes the whole log into the database and empties it; the patient wait for readers as long as for a lock.
    private static func startOver(isPatient: Bool, in database: Database) throws {
        if !isPatient { try database.execute(sql: "PRAGMA busy_timeout = 0") }
        // A setting of an open connection, which cannot fail; the error of the body matters more.
        defer { try? database.execute(sql: "PRAGMA busy_timeout = \(SQLiteDatabase.patience * 1000)") }
        try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
}
