import Foundation
import GRDB
import Storage

/// Keeps the database small: gives up old history, moves objects out of pages that have become empty, and gives
/// free pages back to the file system.
///
/// It runs inside the transactions of the writes that made it necessary, each time for about as many bytes as they
/// wrote, so that it keeps pace with any rate of writing and costs no sync of its own.
enum ObjectUpkeep {
    /// Upkeep looks again after that many bytes have been written.
    static let interval = 128 << 10
    /// What it does in one step beyond what was written since the last, in bytes.
    private static let step = 1 << 20
    /// Free pages below this share of the file stay in it: they are needed again at once.
    private static let sparePages = 32

    /// One step; returns whether there is more to do.
    static func run(_ ledger: inout ObjectLedger, in database: Database) throws -> Bool {
        let allowance = 2 * ledger.churn + step
        ledger.writtenSinceMove += ledger.churn
        ledger.churn = 0
        let pageSize = try pragma("page_size", database)
        let used = (try pragma("page_count", database) - pragma("freelist_count", database)) * pageSize
        let kept = StorageBudget.history(live: ledger.live, used: used, history: ledger.history)
        var isUnfinished = false
        if ledger.history > kept {
            isUnfinished = try trim(min(ledger.history - kept, allowance), &ledger, database)
        }
        if ledger.moving == nil,
            StorageBudget.isWasteful(
                live: ledger.live,
                used: used,
                history: ledger.history,
                reached: ledger.movedRatio,
                written: ledger.writtenSinceMove
            )
        {
            ledger.moving = (0, try maximumID(database))
            ledger.writtenSinceMove = 0
        }
        if ledger.moving != nil {
            try move(allowance, &ledger, database)
            if ledger.moving == nil {
                let used = (try pragma("page_count", database) - pragma("freelist_count", database)) * pageSize
                ledger.movedRatio = StorageBudget.ratio(live: ledger.live, used: used, history: ledger.history)
            }
            isUnfinished = true
        }
        let pages = try pragma("page_count", database)
        let surplus = try pragma("freelist_count", database) - max(8, pages / sparePages)
        if surplus > 0 {
            let count = min(surplus, max(1, allowance / pageSize))
            try database.execute(sql: "PRAGMA incremental_vacuum(\(count))")
            isUnfinished = isUnfinished || surplus > count
        }
        return isUnfinished
    }

    /// Lets the file follow once pages have been given back.
    static func shorten(_ log: WriteAheadLog, in database: Database) throws {
        let pages = try pragma("page_count", database)
        try log.didShrink(to: pages, of: try pragma("page_size", database), in: database)
    }

    private static func pragma(_ name: String, _ database: Database) throws -> Int {
        try PreparedStatement(database, "PRAGMA \(name)").first { $0.int() } ?? 0
    }

    private static func maximumID(_ database: Database) throws -> Int64 {
        try PreparedStatement(database, "SELECT max(id) FROM object").first { $0.integer() } ?? 0
    }

    /// Gives up that many bytes of the oldest history, or a little more; returns whether less was done.
    private static func trim(_ surplus: Int, _ ledger: inout ObjectLedger, _ database: Database) throws -> Bool {
        var bytes = 0
        var last = ledger.compacted
        let rows = try PreparedStatement(
            database,
            "SELECT revision, ifnull(length(before), 0) + ifnull(length(last), 0) FROM object_history ORDER BY revision"
        )
        try rows.forEach { columns in
            last = columns.integer()
            bytes += ObjectLedger.historyRow + columns.int()
            return bytes < surplus
        }
        guard last > ledger.compacted else { return false }
        try forget(upTo: last, bytes: bytes, &ledger, database)
        return ledger.history > 0 && bytes < surplus
    }

    /// Gives up history up to a revision.
    static func forget(upTo revision: Int64, _ ledger: inout ObjectLedger, _ database: Database) throws {
        var sum = try PreparedStatement(
            database,
            """
            SELECT count(*), ifnull(sum(ifnull(length(before), 0) + ifnull(length(last), 0)), 0)
            FROM object_history WHERE revision <= ?
            """
        )
        sum.bind(revision)
        let bytes = try sum.first { $0.int() * ObjectLedger.historyRow + $0.int() }
        try forget(upTo: revision, bytes: bytes ?? 0, &ledger, database)
    }

    private static func forget(
        upTo revision: Int64,
        bytes: Int,
        _ ledger: inout ObjectLedger,
        _ database: Database
    ) throws {
        var statement = try PreparedStatement(database, "DELETE FROM object_history WHERE revision <= ?")
        statement.bind(revision)
        try statement.run()
        ledger.history -= bytes
        ledger.compacted = revision
    }

    /// Moves the next objects to the end of the table, where they lie close together. The pages that they leave
    /// become free once all in them have left.
    private static func move(_ allowance: Int, _ ledger: inout ObjectLedger, _ database: Database) throws {
        guard let (next, end) = ledger.moving else { return }
        var ids: [Int64] = []
        var bytes = 0
        var find = try PreparedStatement(
            database,
            "SELECT id, length(value) FROM object WHERE id > ? AND id <= ? ORDER BY id"
        )
        find.bind(next)
        find.bind(end)
        try find.forEach { columns in
            ids.append(columns.integer())
            bytes += columns.int()
            return bytes < allowance
        }
        guard let last = ids.last else {
            ledger.moving = nil
            return
        }
        var newest = try maximumID(database)
        for id in ids {
            newest += 1
            var statement = try PreparedStatement(database, "UPDATE object SET id = ? WHERE id = ?")
            statement.bind(newest)
            statement.bind(id)
            try statement.run()
        }
        ledger.moving = (last, end)
    }
}
