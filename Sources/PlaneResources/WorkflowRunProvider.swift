public import APIMachinery
public import GenericAPIServer
public import Logging
public import RunEngine
public import ServiceLifecycle
import Spec
public import Storage
import Synchronization

/// Serves the runs of the run store as `runs.martinet.dev/v1alpha1 WorkflowRun` objects.
///
/// Nothing of a run is in the object store: reads are queries of the run store, creations are submissions, and
/// deletions remove the run's rows. Clients may change labels and other metadata; spec and status are the engine's.
/// Revisions are the run store's sequence numbers, so that a `resourceVersion` stays valid over a restart, and a watch
/// that continues from before the restart is `expired` and lists again.
///
/// As a `Service` it follows the run store's changes and passes them to the API server's watches.
public final class WorkflowRunProvider: ResourceProvider, Service {
    public let definition = WorkflowRunDefinition.definition
    public let subresources = ["cancel": ["create"], "retry": ["create"], "logs": ["get"]]
    private let engine: RunEngine
    private let logger: Logger
    private let observers = Mutex<[@Sendable (ProvidedChange) -> Void]>([])
    private let newest: Mutex<Int64>

    /// A provider over an engine.
    ///
    /// - Parameter revision: the run store's revision when it was opened; changes are delivered from there on.
    public init(engine: RunEngine, revision: Int64, logger: Logger) {
        self.engine = engine
        self.logger = logger
        newest = Mutex(revision)
    }

    public var revision: Int64 { newest.withLock { $0 } }

    public func object(at path: String) async throws(ObjectStoreError) -> StoredObject? {
        let (namespace, name) = Self.split(path)
        return try await translatingErrors {
            try await self.engine.run(namespace: namespace, name: name).map(Self.stored)
        }
    }

    /// `order=newest` lists the latest runs first.
    public let listParameters: Set<String> = ["order"]

    /// The most runs of one page, and their bytes.
    private static let pageLimit = 1000
    private static let pageBytes = 8 << 20
    /// Bytes of runs that a watch from an earlier revision may begin with; a watcher so far behind lists again.
    private static let historyBytes = 64 << 20

    public func page(_ query: ProvidedQuery) async throws(ObjectStoreError) -> ProvidedPage {
        try await translatingErrors {
            var wanted = RunQuery(namespace: query.namespace, limit: min(query.limit ?? Self.pageLimit, Self.pageLimit))
            wanted.order = .name(after: Self.predecessor(of: query.start))
            let isNewestFirst = try Self.isNewestFirst(query.parameters)
            if isNewestFirst { wanted.order = .newest(before: nil) }
            wanted.workflow = query.fields["spec.workflowRef.name"]
            guard wanted.select(labels: query.labels) else {
                return ProvidedPage(objects: [], revision: self.revision, isLast: true)
            }
            if let name = query.fields["status.phase"] {
                guard let phase = RunRecord.Phase(name: name) else {
                    return ProvidedPage(objects: [], revision: self.revision, isLast: true)
                }
                wanted.phases = [phase]
            }
            let page = try await self.engine.runs(wanted, isBrief: query.isBrief, maximumBytes: Self.pageBytes)
            var remaining: Int?
            if isNewestFirst { remaining = max(0, try await self.engine.count(wanted) - page.runs.count) }
            return ProvidedPage(
                objects: page.runs.map(Self.stored),
                revision: page.revision,
                isLast: page.isLast,
                remaining: remaining
            )
        }
    }

    private static func isNewestFirst(_ parameters: [String: String]) throws -> Bool {
        switch parameters["order"] {
        case nil, "name": return false
        case "newest": return true
        case let other?: throw Status.badRequest("order must be name or newest, not \"\(other)\"")
        }
    }

    public func changes(after revision: Int64) async throws(ObjectStoreError) -> [ProvidedChange] {
        try await translatingErrors {
            let latest = self.engine.store.changes.latest
            var watch = self.engine.watch(after: revision)
            var found: [ProvidedChange] = []
            var weight = 0
            while watch.revision < latest, !Task.isCancelled {
                let events = try await watch.next()
                weight = weight.saturatingAdd(events.map(\.object.weight).saturatingSum)
                guard weight <= Self.historyBytes else {
                    throw RunStoreError(.expired, "too much has happened since revision \(revision); list again")
                }
                found += events.map(Self.change)
            }
            return found
        }
    }

    public func observe(_ observer: @escaping @Sendable (ProvidedChange) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    /// Hands changes of runs on to the API server's watchers, until the plane stops.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { [self] in
            var watch = engine.watch(after: revision)
            while !Task.isCancelled {
                do {
                    let events = try await watch.next()
                    let listeners = observers.withLock { $0 }
                    for event in events {
                        newest.withLock { $0 = max($0, event.revision) }
                        for listener in listeners { listener(Self.change(event)) }
                    }
                } catch is CancellationError {
                    // Stopping: an error here would end everything else without its own order.
                    return
                } catch let error as RunStoreError where error.code == .expired {
                    // More happened at once than the feed holds; watchers miss those states and see later ones.
                    logger.warning(
                        "too many changes at once: watchers of runs missed some",
                        metadata: ["error": "\(error)"]
                    )
                    let revision = try await engine.store.read { try $0.revision() }
                    watch = engine.watch(after: revision)
                }
            }
        }
    }

    public func perform(
        _ subresource: String,
        verb: String,
        at path: String,
        parameters: QueryParameters,
        _ body: JSONValue
    ) async throws(Status) -> JSONValue {
        let (namespace, name) = Self.split(path)
        do {
            switch subresource {
            case "cancel":
                try await engine.cancel(namespace: namespace, name: name, message: body["message"]?.stringValue ?? "")
            case "retry":
                try await engine.retry(namespace: namespace, name: name)
            default:
                let query = try LogQuery { parameters[$0] }
                guard let logs = try await engine.logs(namespace: namespace, name: name, query) else {
                    throw Status.notFound(WorkflowRun.resource.groupResource, name: name)
                }
                return logs.json
            }
            guard let snapshot = try await engine.run(namespace: namespace, name: name) else {
                throw Status.notFound(WorkflowRun.resource.groupResource, name: name)
            }
            return snapshot.json
        } catch let status as Status {
            throw status
        } catch {
            throw .internalError("\(error)")
        }
    }

    public func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        let (namespace, name) = Self.split(write.key.path)
        return try await translatingErrors {
            let bytes = write.document.bytes(at: 0)
            let document = try JSONValue(parsing: bytes)
            switch write.operation {
            case .create:
                let snapshot = try await self.engine.create(document, namespace: namespace, submitter: write.user)
                return Self.committed(write, .created, snapshot, previous: nil)
            case .update(let expected):
                let previous = try await self.engine.run(namespace: namespace, name: name)?.bytes
                let metadata = document["metadata"]?.objectValue ?? [:]
                try await self.engine.setMetadata(
                    namespace: namespace,
                    name: name,
                    labels: RunMetadata.labels(metadata),
                    metadata: JSONValue.object(RunMetadata.other(metadata)).bytes,
                    resourceVersion: expected
                )
                guard let snapshot = try await self.engine.run(namespace: namespace, name: name) else {
                    throw ObjectStoreError(.notFound, "the run \(name) was deleted")
                }
                return Self.committed(write, .updated, snapshot, previous: previous)
            case .delete(let expected):
                guard let snapshot = try await self.engine.run(namespace: namespace, name: name) else {
                    throw ObjectStoreError(.notFound, "the run \(name) does not exist any more")
                }
                guard snapshot.run.resourceVersion == expected else {
                    throw ObjectStoreError(.conflict, "the run \(name) has changed")
                }
                try await self.engine.delete(namespace: namespace, name: name)
                return Self.committed(write, .deleted, snapshot, previous: snapshot.bytes)
            }
        }
    }

    // MARK: Translation

    private static func stored(_ snapshot: RunSnapshot) -> StoredObject {
        StoredObject(
            path: "\(snapshot.run.namespace)/\(snapshot.run.name)",
            revision: snapshot.run.resourceVersion,
            bytes: snapshot.bytes
        )
    }

    private static func change(_ event: RunEvent) -> ProvidedChange {
        let kind: ObjectChange.Kind =
            switch event.kind {
            case .added: .created
            case .modified: .updated
            case .deleted: .deleted
            }
        let run = event.object.run
        return ProvidedChange(
            kind: kind,
            path: "\(run.namespace)/\(run.name)",
            revision: event.revision,
            mayHaveOwners: run.metadata.firstRange(of: ownerReferences) != nil
        ) { event.object.bytes }
    }

    /// Present in the stored metadata of every run that has an owner.
    private static let ownerReferences = Array("\"ownerReferences\"".utf8)

    private static func committed(
        _ write: ObjectWrite,
        _ kind: ObjectChange.Kind,
        _ snapshot: RunSnapshot,
        previous: [UInt8]?
    ) -> ObjectChange {
        ObjectChange(
            key: write.key,
            kind: kind,
            revision: snapshot.run.resourceVersion,
            bytes: snapshot.bytes,
            previous: previous
        )
    }

    private static func split(_ path: String) -> (namespace: String, name: String) {
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : ("", path)
    }

    /// The name after which a page begins that begins at the path.
    private static func predecessor(of start: String) -> NamespacedName? {
        guard !start.isEmpty else { return nil }
        let (namespace, name) = split(start)
        guard let last = name.utf8.last else { return nil }
        // A trailing NUL asks for what follows a name that was seen.
        if last == 0 { return NamespacedName(namespace: namespace, name: String(name.dropLast())) }
        // Names are printable ASCII, so no name lies between this text and the one asked for.
        let head = String(name.dropLast())
        return NamespacedName(namespace: namespace, name: head + String(Character(Unicode.Scalar(last - 1))) + "\u{7F}")
    }
}
