import GRDB
import Storage

/// The object store's tables as those see them who read or change several objects at once.
final class SQLiteObjectTransaction: ObjectTransaction {
    private let database: Database
    private(set) var ledger: ObjectLedger
    private(set) var changes: [ObjectChange] = []

    init(_ database: Database, _ ledger: ObjectLedger) {
        self.database = database
        self.ledger = ledger
    }

    var revision: Int64 { ledger.revision }

    func object(_ key: ObjectKey) throws -> StoredObject? { try ObjectQueries.object(key, in: database) }

    func forEach(_ body: (ObjectKey, StoredObject) throws -> Bool) throws {
        try ObjectQueries.forEach(in: database, body)
    }

    func apply(_ write: ObjectWrite) throws -> ObjectChange {
        let change = try ObjectTables.apply(write, &ledger, database).get()
        changes.append(change)
        return change
    }
}
