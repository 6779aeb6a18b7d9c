import APIMachinery
import Containment
import Logging
import Storage
import Synchronization

/// What all parts of the server share: the store, the caches over it, and the registry of what is served.
final class ServerCore: Sendable {
    let store: any ObjectStore
    let registry = ResourceRegistry()
    let authorizer = RBACAuthorizer()
    let options: Options
    let logger: Logger
    let authenticator = Authenticator()
    let accessMetrics = AccessMetrics()
    /// `nil` if nobody wants one.
    let audit: AuditLog?
    let metrics = ServerMetrics()
    let flow: FlowControl
    let schemas = SchemaCache()
    private let applied: AppliedRevision
    private let caches = Mutex<[String: WatchCache]>([:])
    /// Called with every committed change, after the caches have it.
    private let listener = Mutex(Listener())
    private let provided = Mutex<[ProvidedBackend]>([])
    private let definitions = Mutex<CustomResourceDefinitions?>(nil)
    private let watchesOver = Atomic(false)

    /// What the embedding program adds.
    struct Options: Sendable {
        var now: @Sendable () -> Timestamp = { Timestamp.now() }
        var podLogs: (any PodLogSource)?
        var metrics: (any PodMetricsSource)?
        var version = ServerVersion()
        /// What to do instead, for kinds that are served empty, by `plural.group`.
        var advice: [String: String] = [:]
        var webhooks: WebhookTransport = HTTPSWebhook.transport
        /// Rules beyond the schemas, for objects that the schemas have accepted.
        var objectRules: @Sendable (JSONValue) -> [FieldError] = { _ in [] }
        /// What to warn the author of an object of that has passed all rules.
        var objectWarnings: @Sendable (JSONValue) -> [String] = { _ in [] }
        /// Requests that the process died over are refused.
        var containment = Containment.disabled
    }

    init(store: any ObjectStore, options: Options, audit: AuditLog? = nil, logger: Logger) {
        self.store = store
        self.audit = audit
        self.options = options
        self.logger = logger
        flow = FlowControl(metrics: metrics)
        applied = AppliedRevision(store.revision)
        store.observe { [weak self] changes in self?.take(changes) }
    }

    /// Hands committed changes to the caches; called by the store's writer, in order.
    private func take(_ changes: [ObjectChange]) {
        let current = caches.withLock { $0 }
        for change in changes {
            current[change.key.resource]?.apply(change)
            do {
                try authorizer.apply(change)
            } catch {
                logger.critical(
                    "an object that grants rights cannot be read, and grants none; restore the data from a backup",
                    metadata: ["object": "\(change.key)", "error": "\(error)"]
                )
            }
        }
        if let last = changes.last { applied.advance(to: last.revision) }
        listener.withLock { $0.body }?(changes)
    }

    /// Passes on a change of an object that another module keeps.
    func takeProvided(_ change: ObjectChange) { listener.withLock { $0.body }?([change]) }

    /// Tells somebody of every change. The listener is called from the store's writer and must be quick.
    func listen(_ body: @escaping @Sendable ([ObjectChange]) -> Void) { listener.withLock { $0.body = body } }

    /// The keeper of custom resources, once there is one.
    var customResources: CustomResourceDefinitions? {
        definitions.withLock { $0 }
    }

    func keep(_ customResources: CustomResourceDefinitions) { definitions.withLock { $0 = customResources } }

    /// Does what must have happened before a write is answered: a new kind is served at once.
    func didWrite(_ storageKey: String, name: String) async {
        guard storageKey == CustomResourceDefinitions.storageKey else { return }
        do throws(Status) {
            try await customResources?.reconcile(name)
        } catch {
            logger.error("custom resource not served", metadata: ["name": "\(name)", "error": "\(error)"])
        }
    }

    /// The cache of a resource's objects, filled from the store when it is first asked for.
    ///
    /// - Parameter change: how the schema shows stored objects.
    func cache(
        of storageKey: String,
        showing change: (@Sendable (inout JSONValue) -> Void)? = nil,
        fields: @escaping @Sendable (JSONValue) -> [String: String]
    ) async throws(Status) -> WatchCache {
        let fresh = WatchCache(
            resource: storageKey,
            store: store,
            applied: applied,
            metrics: metrics,
            logger: logger,
            selectableFields: fields
        )
        let (cache, isNew) = caches.withLock { caches -> (WatchCache, Bool) in
            if let existing = caches[storageKey] { return (existing, false) }
            caches[storageKey] = fresh
            return (fresh, true)
        }
        if isNew {
            try await cache.load(change)
        } else {
            cache.reindex(fields)
            if let change { cache.renew(change) }
        }
        return cache
    }

    /// All caches, for those who look after every object.
    var allCaches: [WatchCache] { caches.withLock { Array($0.values) } }

    func existingCache(_ storageKey: String) -> WatchCache? { caches.withLock { $0[storageKey] } }

    /// Forgets a resource's objects.
    func dropCache(_ storageKey: String) {
        caches.withLock { $0.removeValue(forKey: storageKey) }?.endWatches()
    }

    /// Remembers a backend that is no cache, so that it hears of the time and of the end.
    func keep(_ backend: ProvidedBackend) { provided.withLock { $0.append(backend) } }

    /// Whether watches have been ended for good, as the server stops.
    var areWatchesOver: Bool { watchesOver.load(ordering: .acquiring) }

    /// Ends all watches; those that begin from now on are over at once.
    func endAllWatches() {
        watchesOver.store(true, ordering: .releasing)
        for cache in allCaches { cache.endWatches() }
        for backend in provided.withLock({ $0 }) { backend.endWatches() }
    }

    func tick() {
        let now = options.now()
        flow.tick(now: now)
        for cache in allCaches { cache.tick(now: now) }
        for backend in provided.withLock({ $0 }) { backend.tick(now: now) }
    }

    // MARK: Admission

    /// Refuses objects in namespaces that are missing or on their way out.
    func admitCreate(
        of name: String,
        _ object: JSONValue,
        resource: ServedResource,
        context: RequestContext
    ) async throws(Status) {
        if resource.isCustom,
            existingCache(CustomResourceDefinitions.storageKey)?.current(resource.storageKey)?.isDeleting == true
        {
            throw .forbidden(
                resource.groupResource,
                name: name,
                "create not allowed while custom resource definition is terminating"
            )
        }
        guard resource.isNamespaced else { return }
        let namespace = context.info.namespace
        let namespaces = GroupResource(group: "", resource: "namespaces")
        guard let found = existingCache("namespaces")?.current(namespace) else {
            throw .notFound(namespaces, name: namespace)
        }
        guard found.isDeleting else { return try admitPod(name, resource, object, namespace) }
        var status = Status.forbidden(
            resource.groupResource,
            name: name,
            "unable to create new content in namespace \(namespace) because it is being terminated"
        )
        status.details?.causes = [
            .init(
                reason: "NamespaceTerminating",
                message: "namespace \(namespace) is being terminated",
                field: "metadata.namespace"
            )
        ]
        throw status
    }

    /// A Pod must run as somebody, and name only what there is.
    private func admitPod(
        _ name: String,
        _ resource: ServedResource,
        _ object: JSONValue,
        _ namespace: String
    ) throws(Status) {
        guard resource.storageKey == "pods" else { return }
        let refusal = PodAdmission.refusal(object, namespace: namespace) { account in
            existingCache("serviceaccounts")?.current("\(namespace)/\(account)") != nil
        }
        if let refusal { throw .forbidden(resource.groupResource, name: name, refusal) }
    }
}

/// A struct around the closure: a bare closure in a generic container is wrapped anew with every access.
private struct Listener: Sendable {
    var body: (@Sendable ([ObjectChange]) -> Void)?
}

/// What `/version` says of the server.
public struct ServerVersion: Sendable, Hashable {
    public var major = "1"
    public var minor = "36"
    /// The Kubernetes version whose behaviour is served, with this server's own version after the plus sign.
    public var gitVersion = "v1.36.2+martinet"

    /// The version of Kubernetes that is served.
    public init() {}

    /// The oldest minor version that this one can stand in for.
    private var oldest: String { Int(minor).map { String(max($0, 1) - 1) } ?? minor }

    /// What is told of the version, in the order in which it is told.
    var fields: [(name: String, value: String)] {
        [
            ("major", major), ("minor", minor), ("emulationMajor", major), ("emulationMinor", minor),
            ("minCompatibilityMajor", major), ("minCompatibilityMinor", oldest), ("gitVersion", gitVersion),
            ("gitCommit", ""), ("gitTreeState", "clean"), ("buildDate", "1970-01-01T00:00:00Z"), ("goVersion", ""),
            ("compiler", "swift"), ("platform", "linux/amd64"),
        ]
    }
}

extension Status {
    /// What the store's trouble means to a client.
    init(_ error: ObjectStoreError) {
        if let status = error.status {
            self = status
            return
        }
        switch error.code {
        case .expired: self = .gone(error.message)
        case .unavailable: self = .serviceUnavailable(error.message, retryAfterSeconds: 1)
        case .corrupt, .notFound, .alreadyExists, .conflict, .refused: self = .internalError(error.message)
        }
    }
}
