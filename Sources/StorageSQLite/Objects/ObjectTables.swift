import Foundation
import GRDB
import Storage

/// The SQL of the object store, all of it.
enum ObjectTables {
    /// Revisions start above 1, so that 1 always counts as compacted history, as in any cluster that has lived.
    private static let firstRevision = MemoryObjectStore.firstRevision

    static func migrate(_ pool: DatabasePool) throws {
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
                    CREATE INDEX object_current_revision ON object_current (revision);
                    CREATE TABLE object_facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
                    INSERT INTO sqlite_sequence (name, seq) VALUES ('object_log', \(firstRevision));
                    INSERT INTO object_facts VALUES ('compacted', \(firstRevision));
                    """
            )
        }
        try migrator.migrate(pool)
    }

    static func revision(_ database: Database) throws -> Int64 {
        let statement = try database.cachedStatement(sql: "SELECT seq FROM sqlite_sequence WHERE name = 'object_log'")
        return try Int64.fetchOne(statement) ?? firstRevision
    }

    static func compactedRevision(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT value FROM object_facts WHERE name = 'compacted'") ?? firstRevision
    }

    static func setCompactedRevision(_ revision: Int64, in database: Database) throws {
        try database.execute(sql: "UPDATE object_facts SET value = ? WHERE name = 'compacted'", arguments: [revision])
    }

    /// Does one write inside a transaction. A write that may not be done is a result; an error is the database's.
    static func apply(_ write: ObjectWrite, to database: Database) throws -> Result<ObjectChange, ObjectStoreError> {
        let key = write.key
        let find = try database.cachedStatement(
            sql: "SELECT revision FROM object_current WHERE resource = ? AND path = ?"
        )
        let stored = try Int64.fetchOne(find, arguments: [key.resource, key.path])
        let kind: ObjectChange.Kind
        do throws(ObjectStoreError) {
            kind = try write.kind(storedRevision: stored)
        } catch {
            return .failure(error)
        }
        // The transaction holds the write lock, so nobody else can take this revision.
        let revision = try Self.revision(database) + 1
        let bytes = write.document.bytes(at: revision)
        let append = try database.cachedStatement(
            sql: """
                INSERT INTO object_log (revision, resource, path, kind, previous, value) VALUES (?, ?, ?, ?, ?, ?)
                """
        )
        try append.execute(arguments: [revision, key.resource, key.path, kind.rawValue, stored, Data(bytes)])
        if kind == .deleted {
            let remove = try database.cachedStatement(
                sql: "DELETE FROM object_current WHERE resource = ? AND path = ?"
            )
            try remove.execute(arguments: [key.resource, key.path])
        } else {
            let index = try database.cachedStatement(
                sql: """
                    INSERT INTO object_current (resource, path, revision) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET revision = excluded.revision
                    """
            )
            try index.execute(arguments: [key.resource, key.path, revision])
        }
        return .success(
            ObjectChange(key: key, kind: kind, revision: revision, bytes: bytes, attachment: write.attachment)
        )
    }

    static func current(of resource: String, in database: Database) throws -> [StoredObject] {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT object_current.path, object_current.revision, object_log.value
                FROM object_current LEFT JOIN object_log USING (revision)
                WHERE object_current.resource = ? ORDER BY object_current.path
                """,
            arguments: [resource]
        )
        var result: [StoredObject] = []
        while let row = try rows.next() {
            guard let value = try row.withUnsafeData(atIndex: 2, { $0.map { Array($0) } }) else {
                throw ObjectStoreError(
                    .corrupt,
                    "revision \(row[1] as Int64) is missing from the log; restore from a backup"
                )
            }
            result.append(StoredObject(path: row[0], revision: row[1], bytes: value))
        }
        return result
    }

    static func changes(of resource: String, after revision: Int64, in database: Database) throws -> [ObjectChange] {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT this.revision, this.path, this.kind, this.value, before.value
                FROM object_log AS this LEFT JOIN object_log AS before ON before.revision = this.previous
                WHERE this.revision > ? AND this.resource = ? ORDER BY this.revision
                """,
            arguments: [revision, resource]
        )
        var result: [ObjectChange] = []
        while let row = try rows.next() {
            result.append(
                ObjectChange(
                    key: ObjectKey(resource: resource, path: row[1]),
                    kind: ObjectChange.Kind(rawValue: row[2]) ?? .updated,
                    revision: row[0],
                    bytes: try row.withUnsafeData(atIndex: 3) { $0.map { Array($0) } ?? [] },
                    previous: try row.withUnsafeData(atIndex: 4) { $0.map { Array($0) } }
                )
            )
        }
        return result
    }

    /// Deletes some history up to a revision; tells whether there may be more.
    ///
    /// What is current stays, and so does the state before a change that is kept: a watch that resumes there
    /// must still be able to tell what the object was.
    static func deleteHistory(upTo revision: Int64, limit: Int, in database: Database) throws -> Bool {
        let done = try Int64.fetchOne(database, sql: "SELECT value FROM object_facts WHERE name = 'swept'") ?? 0
        let rows = try Int64.fetchAll(
            database,
            sql: "SELECT revision FROM object_log WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?",
            arguments: [done, revision, limit]
        )
        guard let last = rows.last else { return false }
        try database.execute(
            sql: """
                DELETE FROM object_log WHERE revision > ? AND revision <= ?
                AND revision NOT IN (SELECT revision FROM object_current)
                AND revision NOT IN (SELECT previous FROM object_log WHERE revision > ? AND previous IS NOT NULL)
                """,
            arguments: [done, last, revision]
        )
        // A finished sweep starts over next time: rows spared as somebody's previous state get their turn then.
        let isFinished = rows.count < limit
        try database.execute(
            sql: "INSERT OR REPLACE INTO object_facts VALUES ('swept', ?)",
            arguments: [isFinished ? 0 : last]
        )
        return !isFinished
    }
}
