import GRDB
import Storage

/// Looks at every row of the object store when it is opened, so that nothing damaged is ever served.
///
/// SQLite's own check, made before, knows whether pages and trees are whole; it does not know whether a document
/// still says what was written, nor whether the index leads to the right rows.
enum ObjectVerification {
    /// Counts everything up.
    ///
    /// - Throws: `DatabaseError` with `SQLITE_CORRUPT`, saying what is damaged.
    static func ledger(_ database: Database) throws -> ObjectLedger {
        var ledger = try ObjectTables.ledger(database)
        try verifyObjects(&ledger, database)
        try verifyHistory(&ledger, database)
        return ledger
    }

    private static func verifyObjects(_ ledger: inout ObjectLedger, _ database: Database) throws {
        var count: Int64 = 0
        var digest: Int64 = 0
        var places: Int64 = 0
        let objects = try PreparedStatement(
            database,
            "SELECT id, resource, path, revision, checksum, value FROM object NOT INDEXED ORDER BY id"
        )
        try objects.forEach { columns in
            let id = columns.integer()
            var sum = Checksum()
            var place = Checksum()
            for _ in 0..<2 {
                columns.raw {
                    sum.add($0)
                    place.add($0)
                }
            }
            place.add(id)
            sum.add(columns.integer())
            let checksum = columns.integer()
            ledger.live += columns.raw {
                sum.add($0)
                return $0.count
            }
            guard sum.value == checksum else { throw damaged("object \(id) is not what was written") }
            count += 1
            digest &+= checksum
            places &+= place.value
            return true
        }
        guard count == ledger.count, digest == ledger.digest else {
            throw damaged("there are \(count) objects where \(ledger.count) were written, or other ones")
        }
        let index = try PreparedStatement(
            database,
            "SELECT resource, path, id FROM object INDEXED BY object_path ORDER BY resource, path"
        )
        var before: [UInt8] = []
        try index.forEach { columns in
            var place = Checksum()
            var key: [UInt8] = []
            for _ in 0..<2 {
                columns.raw {
                    place.add($0)
                    key.append(contentsOf: $0)
                    key.append(0)
                }
            }
            place.add(columns.integer())
            places &-= place.value
            guard before.lexicographicallyPrecedes(key) else { throw damaged("the index is out of order") }
            before = key
            return true
        }
        guard places == 0 else { throw damaged("the index does not lead to the objects") }
    }

    private static func verifyHistory(_ ledger: inout ObjectLedger, _ database: Database) throws {
        var next = ledger.compacted + 1
        let history = try PreparedStatement(
            database,
            """
            SELECT revision, resource, path, previous, kind, checksum, before, last FROM object_history
            ORDER BY revision
            """
        )
        try history.forEach { columns in
            let revision = columns.integer()
            var before = Checksum()
            columns.raw { before.add($0) }
            columns.raw { before.add($0) }
            before.add(columns.integer())
            var sum = Checksum()
            sum.add(revision)
            sum.add(columns.integer())
            let checksum = columns.integer()
            var size = columns.raw {
                before.add($0)
                return $0.count
            }
            sum.add(before.value)
            size += columns.raw {
                if !$0.isEmpty { sum.add($0) }
                return $0.count
            }
            guard sum.value == checksum else { throw damaged("change \(revision) is not what was written") }
            guard revision == next else { throw damaged("change \(next) is missing") }
            next += 1
            ledger.history += ObjectLedger.historyRow + size
            return true
        }
        guard next == ledger.revision + 1 else { throw damaged("changes after revision \(next - 1) are missing") }
    }

    static func damaged(_ key: ObjectKey) -> DatabaseError {
        damaged("\(key.resource) \(key.path) is not what was written")
    }

    private static func damaged(_ message: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: message)
    }
}
