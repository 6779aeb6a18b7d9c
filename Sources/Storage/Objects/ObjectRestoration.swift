public import APIMachinery

/// Writes all objects of a store into a backup, and makes the objects of a store those of a backup.
public struct ObjectRestoration: Sendable {
    /// Prepares a document for writing anew: with a gap for its revision, and what writers attach.
    public var encode: @Sendable (JSONValue) -> RevisionedDocument

    /// A restoration that writes documents in that form.
    public init(encode: @escaping @Sendable (JSONValue) -> RevisionedDocument) { self.encode = encode }

    /// What is observed, not declared: its observers write it anew, and older observations are of no use.
    private static let observed: Set<String> = [
        "nodes", "events", "events.events.k8s.io", "leases.coordination.k8s.io",
    ]

    /// Writes every object.
    public static func write(_ reader: any ObjectReader, to writer: BackupWriter) throws {
        try reader.forEach { key, object in
            try writer.append(.object(key, revision: object.revision, bytes: object.bytes))
            return true
        }
    }

    /// What would be done; see ``apply(_:to:)``.
    public func plan(_ backup: BackupFile, over reader: any ObjectReader) throws -> [RestoreCount] {
        try compare(backup, reader) { _ in }
    }

    /// Makes the objects those of the backup by ordinary changes with new revisions. Objects that are the same
    /// already keep theirs.
    ///
    /// Nodes, leases, events and the Pods that a controller keeps are left as they are, unless their namespace goes.
    public func apply(_ backup: BackupFile, to transaction: any ObjectTransaction) throws -> [RestoreCount] {
        try compare(backup, transaction) { write in _ = try transaction.apply(write) }
    }

    private func compare(
        _ backup: BackupFile,
        _ reader: any ObjectReader,
        _ write: (ObjectWrite) throws -> Void
    ) throws -> [RestoreCount] {
        var counts: [String: RestoreCount] = [:]
        func count(_ key: ObjectKey, _ what: WritableKeyPath<RestoreCount, Int>) {
            counts[key.resource, default: RestoreCount(resource: key.resource)][keyPath: what] += 1
        }
        var kept: Set<ObjectKey> = []
        var namespaces: Set<String> = []
        try backup.forEach { entry in
            guard case .object(let key, _, let bytes) = entry else { return }
            if key.resource == "namespaces" { namespaces.insert(key.path) }
            guard try !isObserved(key, bytes) else { return }
            kept.insert(key)
            let outcome = try restore(key, bytes, reader.object(key), write)
            count(key, outcome)
        }
        var doomed: [(ObjectKey, Int64)] = []
        try reader.forEach { key, object in
            guard !kept.contains(key) else { return true }
            if try isObserved(key, object.bytes) {
                let parts = key.path.split(separator: "/")
                guard parts.count == 2, !namespaces.contains(String(parts[0])) else { return true }
            }
            doomed.append((key, object.revision))
            return true
        }
        for (key, revision) in doomed {
            guard let object = try reader.object(key) else { continue }
            try write(deletion(key, revision, try Self.parse(key, object.bytes)))
            count(key, \.deleted)
        }
        return counts.values.sorted { $0.resource < $1.resource }
    }

    /// Restores one object; returns which count it belongs to.
    private func restore(
        _ key: ObjectKey,
        _ bytes: [UInt8],
        _ current: StoredObject?,
        _ write: (ObjectWrite) throws -> Void
    ) throws -> WritableKeyPath<RestoreCount, Int> {
        guard current?.bytes != bytes else { return \.unchanged }
        var wanted = try Self.parse(key, bytes)
        guard let current else {
            try write(ObjectWrite(.create, key: key, document: encode(wanted), attachment: wanted))
            return \.created
        }
        let found = try Self.parse(key, current.bytes)
        guard Self.uid(found) == Self.uid(wanted) else {
            // Another object of the same name: watchers must see the one go and the other come.
            try write(deletion(key, current.revision, found))
            try write(ObjectWrite(.create, key: key, document: encode(wanted), attachment: wanted))
            return \.updated
        }
        // What a Pod is doing is known to its node alone.
        if key.resource == "pods" { wanted["status"] = found["status"] }
        guard Self.withoutRevision(found) != Self.withoutRevision(wanted) else { return \.unchanged }
        let operation = ObjectWrite.Operation.update(expecting: current.revision)
        try write(ObjectWrite(operation, key: key, document: encode(wanted), attachment: wanted))
        return \.updated
    }

    private func deletion(_ key: ObjectKey, _ revision: Int64, _ document: JSONValue) -> ObjectWrite {
        ObjectWrite(.delete(expecting: revision), key: key, document: encode(document), attachment: document)
    }

    private func isObserved(_ key: ObjectKey, _ bytes: [UInt8]) throws -> Bool {
        if Self.observed.contains(key.resource) { return true }
        guard key.resource == "pods" else { return false }
        let owners = try Self.parse(key, bytes).value(at: "metadata", "ownerReferences")?.arrayValue ?? []
        return owners.contains { $0["controller"]?.boolValue == true }
    }

    private static func parse(_ key: ObjectKey, _ bytes: [UInt8]) throws -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw BackupError("\(key.resource) \(key.path) cannot be read: \(error)")
        }
    }

    private static func uid(_ document: JSONValue) -> String {
        document.value(at: "metadata", "uid")?.stringValue ?? ""
    }

    private static func withoutRevision(_ document: JSONValue) -> JSONValue {
        var copy = document
        copy.set(.null, at: ["metadata", "resourceVersion"])
        return copy
    }
}
