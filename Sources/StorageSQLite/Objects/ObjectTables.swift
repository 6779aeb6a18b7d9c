import GRDB
import Storage

/// The tables of the object store and how a write changes them.
///
/// `object` holds what is stored now, each object in its place. `object_history` holds what every change replaced,
/// oldest first: so a watch that resumes learns what happened, history can be given up from its old end without
/// leaving holes, and an object that never changes is written once.
enum ObjectTables {
    /// Revisions start above 1, so that 1 always counts as compacted history, as in any cluster that has lived.
    private static let firstRevision = MemoryObjectStore.firstRevision

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("objects-1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE object_log (
                        revision INTEGER PRIMARY KEY AUTOINCREMENT,
                        resource TEXT NOT NULL,
                        path TEXT NOT NULL,
                        kind INTEGER NOT NULL,
                        previous INTEGER,
                        value BLOB NOT NULL
                    ) STRICT;
                    CREATE TABLE object_current (
                        resource TEXT NOT NULL,
                        path TEXT NOT NULL,
                        revision INTEGER NOT NULL,
                        PRIMARY KEY (resource, path)
                    ) STRICT, WITHOUT ROWID;
                    INSERT INTO sqlite_sequence (name, seq) VALUES ('object_log', \(firstRevision));
                    """
            )
        }
        migrator.registerMigration("objects-2") { database in
            try database.execute(sql: second)
            try moveObjects(in: database)
            try database.execute(sql: "DROP TABLE object_current; DROP TABLE object_log")
            try database.execute(sql: "DROP TABLE IF EXISTS object_facts")
        }
        return migrator
    }

    private static let second = """
        CREATE TABLE object (
            id INTEGER PRIMARY KEY,
            resource TEXT NOT NULL,
            path TEXT NOT NULL,
            revision INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            value BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX object_path ON object (resource, path);
        CREATE TABLE object_history (
            revision INTEGER PRIMARY KEY,
            resource TEXT NOT NULL,
            path TEXT NOT NULL,
            kind INTEGER NOT NULL,
            previous INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            before BLOB,
            last BLOB
        ) STRICT;
        CREATE TABLE object_ledger (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL,
            compacted INTEGER NOT NULL,
            count INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT;
        """

    /// Takes the objects over from the log in which the first version kept them. Its history is given up.
    private static func moveObjects(in database: Database) throws {
        let revision = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'object_log'")
        var ledger = ObjectLedger(revision: revision ?? firstRevision, compacted: revision ?? firstRevision)
        let rows = try PreparedStatement(
            database,
            """
            SELECT object_current.resource, object_current.path, revision, value
            FROM object_current JOIN object_log USING (revision) ORDER BY revision
            """
        )
        try rows.forEach { columns in
            let key = ObjectKey(resource: columns.text(), path: columns.text())
            try insert(key, revision: columns.integer(), columns.bytes(), &ledger, database)
            return true
        }
        try save(ledger, in: database)
    }

    static func save(_ ledger: ObjectLedger, in database: Database) throws {
        var statement = try PreparedStatement(
            database,
            "INSERT OR REPLACE INTO object_ledger VALUES (1, ?, ?, ?, ?, ?)"
        )
        for number in [ledger.revision, ledger.compacted, ledger.count, ledger.digest, ledger.seal] {
            statement.bind(number)
        }
        try statement.run()
    }

    /// The ledger as it is kept; what it counts of the rows themselves is left at nothing.
    static func ledger(_ database: Database) throws -> ObjectLedger {
        let statement = try PreparedStatement(
            database,
            "SELECT revision, compacted, count, digest, checksum FROM object_ledger WHERE id = 1"
        )
        let kept = try statement.first { row -> ObjectLedger? in
            var ledger = ObjectLedger(revision: row.integer(), compacted: row.integer())
            ledger.count = row.integer()
            ledger.digest = row.integer()
            return ledger.seal == row.integer() ? ledger : nil
        }
        guard case let ledger?? = kept else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the ledger is not what was written")
        }
        return ledger
    }

    static func checksum(_ key: ObjectKey, _ revision: Int64, _ value: [UInt8]) -> Int64 {
        var sum = Checksum()
        sum.add(key.resource)
        sum.add(key.path)
        sum.add(revision)
        sum.add(value)
        return sum.value
    }

    /// The checksum of a row of history. What was replaced is in it by its own checksum, which is known already.
    static func checksum(revision: Int64, kind: Int, before: Int64, last: [UInt8]?) -> Int64 {
        var sum = Checksum()
        sum.add(revision)
        sum.add(Int64(kind))
        sum.add(before)
        if let last { sum.add(last) }
        return sum.value
    }

    /// What is stored under a key, but for the document.
    private struct Stored {
        var id: Int64
        var revision: Int64
        var checksum: Int64
        var size: Int
    }

    /// Does one write inside a transaction. A write that may not be done is a result; an error is the database's.
    static func apply(
        _ write: ObjectWrite,
        _ ledger: inout ObjectLedger,
        _ database: Database
    ) throws -> Result<ObjectChange, ObjectStoreError> {
        let key = write.key
        var find = try PreparedStatement(
            database,
            "SELECT id, revision, checksum, length(value) FROM object WHERE resource = ? AND path = ?"
        )
        find.bind(key.resource)
        find.bind(key.path)
        let stored = try find.first { row in
            Stored(id: row.integer(), revision: row.integer(), checksum: row.integer(), size: row.int())
        }
        let kind: ObjectChange.Kind
        do throws(ObjectStoreError) {
            kind = try write.kind(storedRevision: stored?.revision)
        } catch {
            return .failure(error)
        }
        // The transaction holds the write lock, so no other write can take this revision.
        let revision = ledger.revision + 1
        let bytes = write.document.bytes(at: revision)
        try record(key, kind, revision: revision, stored, last: kind == .deleted ? bytes : nil, database)
        ledger.revision = revision
        let replaced = stored?.size ?? 0
        ledger.history += ObjectLedger.historyRow + replaced + (kind == .deleted ? bytes.count : 0)
        ledger.churn += ObjectLedger.historyRow + replaced + bytes.count
        if let stored {
            ledger.digest &-= stored.checksum
            ledger.live -= stored.size
            ledger.count -= 1
        }
        switch (kind, stored) {
        case (.deleted, let stored?):
            var remove = try PreparedStatement(database, "DELETE FROM object WHERE id = ?")
            remove.bind(stored.id)
            try remove.run()
        case (_, let stored?):
            let checksum = checksum(key, revision, bytes)
            var replace = try PreparedStatement(
                database,
                "UPDATE object SET revision = ?, checksum = ?, value = ? WHERE id = ?"
            )
            replace.bind(revision)
            replace.bind(checksum)
            replace.bind(bytes)
            replace.bind(stored.id)
            try replace.run()
            note(checksum, bytes.count, &ledger)
        case (_, nil): try insert(key, revision: revision, bytes, &ledger, database)
        }
        return .success(
            ObjectChange(key: key, kind: kind, revision: revision, bytes: bytes, attachment: write.attachment)
        )
    }

    private static func note(_ checksum: Int64, _ size: Int, _ ledger: inout ObjectLedger) {
        ledger.digest &+= checksum
        ledger.live += size
        ledger.count += 1
    }

    private static func insert(
        _ key: ObjectKey,
        revision: Int64,
        _ value: [UInt8],
        _ ledger: inout ObjectLedger,
        _ database: Database
    ) throws {
        let checksum = checksum(key, revision, value)
        var statement = try PreparedStatement(
            database,
            "INSERT INTO object (resource, path, revision, checksum, value) VALUES (?, ?, ?, ?, ?)"
        )
        statement.bind(key.resource)
        statement.bind(key.path)
        statement.bind(revision)
        statement.bind(checksum)
        statement.bind(value)
        try statement.run()
        note(checksum, value.count, &ledger)
    }

    /// Appends a change to the history, with the document that it replaces.
    private static func record(
        _ key: ObjectKey,
        _ kind: ObjectChange.Kind,
        revision: Int64,
        _ stored: Stored?,
        last: [UInt8]?,
        _ database: Database
    ) throws {
        let before = stored?.checksum ?? checksum(key, 0, [])
        var append = try PreparedStatement(
            database,
            """
            INSERT INTO object_history (revision, resource, path, kind, previous, checksum, before, last)
            VALUES (?, ?, ?, ?, ?, ?, (SELECT value FROM object WHERE id = ?), ?)
            """
        )
        append.bind(revision)
        append.bind(key.resource)
        append.bind(key.path)
        append.bind(kind.rawValue)
        append.bind(stored?.revision ?? 0)
        append.bind(checksum(revision: revision, kind: kind.rawValue, before: before, last: last))
        append.bind(stored?.id ?? 0)
        append.bind(last ?? [])
        try append.run()
    }
}
