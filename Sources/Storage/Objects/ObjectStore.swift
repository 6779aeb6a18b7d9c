/// Names one stored object: the resource it belongs to and its path in it.
public struct ObjectKey: Sendable, Hashable {
    /// The resource, `plural.group` (`pods` for the core group).
    public var resource: String
    /// `namespace/name`, or `name` for an object of the cluster. Lists are ordered by the bytes of this text.
    public var path: String

    /// The key of the object at that path of that resource.
    public init(resource: String, path: String) {
        self.resource = resource
        self.path = path
    }

    /// The key of an object; an empty namespace means an object of the cluster.
    public init(resource: String, namespace: String, name: String) {
        self.resource = resource
        self.path = namespace.isEmpty ? name : "\(namespace)/\(name)"
    }
}

/// A JSON document with a gap where its `resourceVersion` belongs.
///
/// The revision of a write is only known inside the transaction that makes it. The writer fills the gap there, so
/// what is stored is what every later read sends, byte for byte.
public struct RevisionedDocument: Sendable {
    private let bytes: [UInt8]
    private let gap: Int

    /// A document in which the revision's digits go at that offset.
    public init(bytes: [UInt8], gap: Int) {
        self.bytes = bytes
        self.gap = min(max(gap, 0), bytes.count)
    }

    /// The whole document, with the digits of that revision in the gap.
    public func bytes(at revision: Int64) -> [UInt8] {
        let digits = String(revision).utf8
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + digits.count)
        result.append(contentsOf: bytes[..<gap])
        result.append(contentsOf: digits)
        result.append(contentsOf: bytes[gap...])
        return result
    }
}

/// One write that a caller asks for.
public struct ObjectWrite: Sendable {
    /// What to do, and what must be stored for it to be done.
    public enum Operation: Sendable, Hashable {
        /// Nothing may be stored under the key.
        case create
        /// The stored object must be of this revision.
        case update(expecting: Int64)
        /// The stored object must be of this revision. The document is the object's last state.
        case delete(expecting: Int64)
    }

    public var key: ObjectKey
    public var operation: Operation
    public var document: RevisionedDocument
    /// Who wants it, by the name that was authenticated; empty for the server itself.
    public var user = ""
    /// Handed on to the observer as it is, to spare it reading the document again. Never stored.
    public var attachment: (any Sendable)?

    /// A write of that document under that key.
    public init(
        _ operation: Operation,
        key: ObjectKey,
        document: RevisionedDocument,
        attachment: (any Sendable)? = nil
    ) {
        self.key = key
        self.operation = operation
        self.document = document
        self.attachment = attachment
    }
}

/// A committed write.
public struct ObjectChange: Sendable {
    /// What happened to the object.
    public enum Kind: Int, Sendable, Hashable {
        case created = 0
        case updated = 1
        case deleted = 2
    }

    public var key: ObjectKey
    public var kind: Kind
    /// The revision of this change; every change has its own, and later ones have larger ones.
    public var revision: Int64
    /// The object after the change; of a deletion, its last state with the deletion's revision.
    public var bytes: [UInt8]
    /// The object before the change. Only history fills it in; an observer has seen it pass by.
    public var previous: [UInt8]?
    /// What the writer attached; history has none.
    public var attachment: (any Sendable)?

    /// A change as it was committed.
    public init(
        key: ObjectKey,
        kind: Kind,
        revision: Int64,
        bytes: [UInt8],
        previous: [UInt8]? = nil,
        attachment: (any Sendable)? = nil
    ) {
        self.key = key
        self.kind = kind
        self.revision = revision
        self.bytes = bytes
        self.previous = previous
        self.attachment = attachment
    }
}

/// An object as it is stored now.
public struct StoredObject: Sendable, Hashable {
    public var path: String
    public var revision: Int64
    public var bytes: [UInt8]

    /// An object of that revision under that path.
    public init(path: String, revision: Int64, bytes: [UInt8]) {
        self.path = path
        self.revision = revision
        self.bytes = bytes
    }
}

/// All objects of one resource at one revision, ordered by path.
public struct ObjectSnapshot: Sendable {
    public var objects: [StoredObject]
    public var revision: Int64

    /// The objects as they were at that revision.
    public init(objects: [StoredObject], revision: Int64) {
        self.objects = objects
        self.revision = revision
    }
}

/// Where the API server keeps its objects: a table of documents with one growing revision over all of them.
///
/// - A write is answered only when it is durable. Writes get their revisions in the order in which they are
///   committed, and the observer sees them in that order, before the write's caller gets its answer.
/// - History is kept up to a compaction; asking for older history throws ``ObjectStoreError/Code/expired``.
/// - A store whose contents are damaged throws ``ObjectStoreError/Code/corrupt`` instead of answering.
public protocol ObjectStore: Sendable {
    /// The revision of the newest committed write.
    var revision: Int64 { get }

    /// The revision up to which history may be gone: changes after it can be asked for.
    var compactedRevision: Int64 { get }

    /// Makes one write durable and returns the change it made.
    ///
    /// - Throws: `alreadyExists`, `notFound`, `conflict` (another revision is stored) or `unavailable`; the
    ///   object is then as it was.
    func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange

    /// Everything stored of one resource.
    func load(resource: String) async throws(ObjectStoreError) -> ObjectSnapshot

    /// The committed changes of one resource after a revision, oldest first, each with the state before it.
    func changes(resource: String, after revision: Int64) async throws(ObjectStoreError) -> [ObjectChange]

    /// Calls `observer` with the changes of every commit from now on, in order. There is one observer; it must
    /// be quick and must not write.
    func observe(_ observer: @escaping @Sendable ([ObjectChange]) -> Void)

    /// Gives up the history up to a revision, and the space it took. What is stored now stays.
    func compact(upTo revision: Int64) async throws(ObjectStoreError)

    /// Runs the closure over one consistent state, beside writers. It must not keep the reader.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectReader) throws -> Value
    ) async throws(ObjectStoreError) -> Value

    /// Runs the closure alone among all writers and commits its writes as one. It must not keep the transaction.
    ///
    /// - Throws: what the closure throws, if that is an `ObjectStoreError`; nothing has changed then.
    func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectTransaction) throws -> Value
    ) async throws(ObjectStoreError) -> Value

    /// Ends writing; writes still waiting are finished first.
    func close() async
}

/// One consistent state of all objects. Valid only inside the closure it is handed to.
public protocol ObjectReader {
    /// The revision of the newest write in this state.
    var revision: Int64 { get }

    /// What is stored under a key.
    func object(_ key: ObjectKey) throws -> StoredObject?

    /// Calls `body` with every object, by resource and path, until it returns false.
    func forEach(_ body: (ObjectKey, StoredObject) throws -> Bool) throws
}

/// Several writes that happen together or not at all.
public protocol ObjectTransaction: ObjectReader {
    /// Does one write; throws as ``ObjectStore/commit(_:)`` does.
    func apply(_ write: ObjectWrite) throws -> ObjectChange
}
