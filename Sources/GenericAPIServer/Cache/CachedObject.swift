package import APIMachinery
package import Storage

/// An object as the server holds it in memory: the stored bytes, and what selectors and controllers ask of it.
package final class CachedObject: Sendable {
    /// `namespace/name`, or `name` for an object of the cluster.
    package let path: String
    package let namespace: String
    package let name: String
    package let uid: String
    package let revision: Int64
    /// The document as it is sent, in the storage version.
    package let bytes: [UInt8]
    package let labels: JSONObject
    /// The fields that field selectors may name, besides `metadata.name` and `metadata.namespace`.
    package let fields: [String: String]
    package let owners: [OwnerReference]
    package let isDeleting: Bool
    package let finalizers: [String]

    /// Takes what is needed from a parsed document whose bytes are already known.
    package init(path: String, revision: Int64, bytes: [UInt8], document: JSONValue, fields: [String: String]) {
        self.path = path
        self.revision = revision
        self.bytes = bytes
        self.fields = fields
        let object = Unstructured(document)
        name = object.name
        namespace = object.namespace
        uid = object.uid
        labels = object.metadata("labels")?.objectValue ?? [:]
        owners = object.metadata("ownerReferences") == nil ? [] : object.ownerReferences
        finalizers = object.metadata("finalizers") == nil ? [] : object.finalizers
        isDeleting = object.metadata("deletionTimestamp") != nil
    }

    /// Reads a stored object; `fields` says which fields of a document selectors may name, `change` how the document
    /// is shown, if not as it is stored.
    package convenience init(
        _ stored: StoredObject,
        fields: (JSONValue) -> [String: String],
        change: ((inout JSONValue) -> Void)? = nil
    ) throws {
        let document = try JSONValue(parsing: stored.bytes)
        var shown = document
        change?(&shown)
        self.init(
            path: stored.path,
            revision: stored.revision,
            bytes: change == nil || shown == document ? stored.bytes : DocumentEncoder.bytes(shown),
            document: shown,
            fields: fields(shown)
        )
    }

    /// The document, parsed anew: holding the trees of all objects would cost several times their bytes.
    package func document() throws(Status) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .internalError("the stored object \(path) cannot be read: \(error); restore the data from a backup")
        }
    }

    /// The value of a field in a selector; the empty text if there is none.
    func fieldValue(_ field: String) -> String {
        switch field {
        case "metadata.name": name
        case "metadata.namespace": namespace
        default: fields[field] ?? ""
        }
    }
}

/// What happened to an object, with the state before, which decides how a selective watcher sees it.
package struct CacheEvent: Sendable {
    package enum Kind: Sendable { case added, modified, deleted }

    package var kind: Kind
    package var revision: Int64
    /// The state after the event; for a deletion the last state, with the deletion's revision.
    package var object: CachedObject
    package var previous: CachedObject?

    /// What the event holds in memory, roughly. The state before belongs to an earlier event.
    package var weight: Int { object.bytes.count + 512 }
}
