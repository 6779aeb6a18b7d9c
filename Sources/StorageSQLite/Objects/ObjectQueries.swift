import GRDB
import Storage

/// What is read of the object store's tables. Every row's checksum is looked at before anybody sees it.
enum ObjectQueries {
    /// The objects of one resource (`nil`: of all), ordered by resource and path.
    static func forEach(
        resource: String? = nil,
        in database: Database,
        _ body: (ObjectKey, StoredObject) throws -> Bool
    ) throws {
        var statement = try PreparedStatement(
            database,
            """
            SELECT resource, path, revision, checksum, value FROM object
            \(resource == nil ? "" : "WHERE resource = ?") ORDER BY resource, path
            """
        )
        if let resource { statement.bind(resource) }
        try statement.forEach { columns in
            let key = ObjectKey(resource: columns.text(), path: columns.text())
            return try body(key, try object(key, &columns))
        }
    }

    static func object(_ key: ObjectKey, in database: Database) throws -> StoredObject? {
        var statement = try PreparedStatement(
            database,
            "SELECT revision, checksum, value FROM object WHERE resource = ? AND path = ?"
        )
        statement.bind(key.resource)
        statement.bind(key.path)
        return try statement.first { try object(key, &$0) }
    }

    private static func object(_ key: ObjectKey, _ columns: inout Columns) throws -> StoredObject {
        let revision = columns.integer()
        let checksum = columns.integer()
        let value = columns.bytes()
        guard ObjectTables.checksum(key, revision, value) == checksum else { throw ObjectVerification.damaged(key) }
        return StoredObject(path: key.path, revision: revision, bytes: value)
    }

    /// The changes of one resource after a revision. History holds what each change replaced; what it made is what
    /// the next change of the same object replaced, or what is stored now.
    static func changes(of resource: String, after revision: Int64, in database: Database) throws -> [ObjectChange] {
        var result: [ObjectChange] = []
        var statement = try PreparedStatement(
            database,
            """
            SELECT revision, path, kind, previous, checksum, before, last FROM object_history
            WHERE revision > ? AND resource = ? ORDER BY revision
            """
        )
        statement.bind(revision)
        statement.bind(resource)
        try statement.forEach { columns in
            let revision = columns.integer()
            let key = ObjectKey(resource: resource, path: columns.text())
            let kind = columns.int()
            let previous = columns.integer()
            let checksum = columns.integer()
            let before = columns.bytes()
            let last = columns.bytes()
            let sum = ObjectTables.checksum(
                revision: revision,
                kind: kind,
                before: ObjectTables.checksum(key, previous, before),
                last: last.isEmpty ? nil : last
            )
            guard sum == checksum, let kind = ObjectChange.Kind(rawValue: kind) else {
                throw ObjectVerification.damaged(key)
            }
            result.append(
                ObjectChange(
                    key: key,
                    kind: kind,
                    revision: revision,
                    bytes: last,
                    previous: kind == .created ? nil : before
                )
            )
            return true
        }
        var replacedLater: [String: [UInt8]] = [:]
        for index in result.indices.reversed() {
            let key = result[index].key
            if result[index].kind != .deleted {
                guard let made = try replacedLater[key.path] ?? object(key, in: database)?.bytes else {
                    throw ObjectVerification.damaged(key)
                }
                result[index].bytes = made
            }
            replacedLater[key.path] = result[index].previous
        }
        return result
    }
}
