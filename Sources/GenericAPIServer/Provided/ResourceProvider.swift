public import APIMachinery
public import Storage

/// A change of an object that another module keeps.
///
/// The object's document is rendered when it is asked for: most changes of a resource that no client watches are never
/// looked at.
public struct ProvidedChange: Sendable {
    public var kind: ObjectChange.Kind
    /// The object's path, `namespace/name`.
    public let path: String
    /// The object's revision after the change; of a deletion, the deletion's revision.
    public let revision: Int64
    /// Whether the object may have owners or finalizers. If so, garbage collection looks at the change.
    public let mayHaveOwners: Bool
    /// The object before the change, if it is known.
    public var previous: [UInt8]?
    private let render: @Sendable () -> [UInt8]

    /// A change to that object.
    public init(kind: ObjectChange.Kind, object: StoredObject, previous: [UInt8]? = nil) {
        self.init(kind: kind, path: object.path, revision: object.revision) { object.bytes }
        self.previous = previous
    }

    /// A change to an object whose document is rendered when it is needed.
    public init(
        kind: ObjectChange.Kind,
        path: String,
        revision: Int64,
        mayHaveOwners: Bool = true,
        render: @escaping @Sendable () -> [UInt8]
    ) {
        self.kind = kind
        self.path = path
        self.revision = revision
        self.mayHaveOwners = mayHaveOwners
        self.render = render
    }

    /// The object after the change; of a deletion, its last state with the deletion's revision. Rendered by each call.
    public var object: StoredObject { StoredObject(path: path, revision: revision, bytes: render()) }
}

/// Which objects of a provider are asked for.
public struct ProvidedQuery: Sendable {
    /// Only of this namespace; `nil` for all.
    public var namespace: String?
    /// The first path that may be on the page.
    public var start = ""
    /// No more than these are needed now; `nil` if all are.
    public var limit: Int?
    /// Whether large members that lists do without may be left out: it is only about names, owners or a table.
    public var isBrief = false
    /// Labels and fields with the values that are wanted. Others may be on the page too: the server looks again.
    public var labels: [String: String] = [:]
    public var fields: [String: String] = [:]
    /// The provider's own parameters that the request has.
    public var parameters: [String: String] = [:]

    /// Everything.
    public init() {}
}

/// What a provider has for a query.
public struct ProvidedPage: Sendable {
    public var objects: [StoredObject]
    /// The revision at which this was the state.
    public var revision: Int64
    /// Whether there are no more objects after these.
    public var isLast: Bool
    /// How many more there are, if that is known.
    public var remaining: Int?

    /// A page.
    public init(objects: [StoredObject], revision: Int64, isLast: Bool, remaining: Int? = nil) {
        self.objects = objects
        self.revision = revision
        self.isLast = isLast
        self.remaining = remaining
    }
}

/// Keeps the objects of one resource outside of the object store, and serves them as Kubernetes objects.
///
/// The server does everything else: names, schema, patches, selectors, paging, tables, watches, deletion with
/// finalizers. Documents are whole objects with `apiVersion`, `kind`, `metadata` (with `resourceVersion` and `uid`)
/// and come back as they were given, but for what the provider owns (`status`).
public protocol ResourceProvider: Sendable {
    /// A `CustomResourceDefinition` that describes the resource. It is not served as such.
    var definition: JSONValue { get }

    /// The newest revision. Revisions grow with every change of any object of the resource.
    var revision: Int64 { get }

    /// The object at a path (`namespace/name`), `nil` if there is none.
    func object(at path: String) async throws(ObjectStoreError) -> StoredObject?

    /// Some of the objects, in the order of the bytes of their paths. The provider decides how many at most, so that no
    /// page takes much memory.
    func page(_ query: ProvidedQuery) async throws(ObjectStoreError) -> ProvidedPage

    /// Parameters of list requests that mean something to the provider, such as another order. A list with one of them
    /// has one page only, and the provider does all of the selecting.
    var listParameters: Set<String> { get }

    /// The changes after a revision; `expired` if they are no longer known.
    func changes(after revision: Int64) async throws(ObjectStoreError) -> [ProvidedChange]

    /// Calls `observer` with every change from now on, in the order of revisions. Called once.
    func observe(_ observer: @escaping @Sendable (ProvidedChange) -> Void)

    /// Subresources besides `status` and `scale`, by name, with the verbs that each has (`get`, `create`).
    var subresources: [String: [String]] { get }

    /// Answers a request on one of those subresources.
    ///
    /// - Parameters:
    ///   - parameters: the request's query.
    ///   - body: the request's body; `null` for `get`.
    /// - Returns: the JSON to answer with.
    func perform(
        _ subresource: String,
        verb: String,
        at path: String,
        parameters: QueryParameters,
        _ body: JSONValue
    ) async throws(Status) -> JSONValue

    /// Makes one write durable. The write's document tells the object; its operation what must be stored before.
    ///
    /// - Returns: the object as it is stored then; of a deletion, its last state.
    func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange
}

extension ResourceProvider {
    public var subresources: [String: [String]] { [:] }

    public var listParameters: Set<String> { [] }

    public func perform(
        _ subresource: String,
        verb: String,
        at path: String,
        parameters: QueryParameters,
        _ body: JSONValue
    ) async throws(Status) -> JSONValue {
        throw .methodNotAllowed(GroupResource(group: "", resource: subresource), verb: verb)
    }
}
