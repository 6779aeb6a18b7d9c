public import APIMachinery
public import KubeClient
public import Logging
public import ServiceLifecycle
private import Synchronization

/// A change to an informer's cache. Between two events of an object any number of its versions may have been missed.
public enum InformerEvent<Object: Sendable>: Sendable {
    case added(Object)
    case updated(old: Object, new: Object)
    /// The object as last seen, which need not be its last version.
    case deleted(Object)

    /// The object as it is now, or was last.
    public var object: Object {
        switch self {
        case .added(let object), .updated(_, let object), .deleted(let object): object
        }
    }
}

/// Keeps a `Store` equal to a collection on the server and tells handlers what changes.
///
/// Handlers run one after the other on the informer's task and must be quick: they put keys into work queues. A
/// handler that is registered late hears of everything already there as added.
public final class Informer<Object: Sendable>: Service {
    /// Hears of changes.
    public typealias Handler = @Sendable (InformerEvent<Object>) -> Void

    private struct State {
        var handlers: [Handler] = []
        var hasSynced = false
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter = 0
        /// What the list under way has shown so far; `nil` outside of lists.
        var listed: Set<NamespacedName>?
    }

    /// The cache.
    public let store: Store<Object>
    private let watcher: Watcher
    private let decode: @Sendable (Unstructured) throws -> Object
    private let logger: Logger
    private let state = Mutex(State())

    private init(
        watcher: Watcher,
        indices: [String: Store<Object>.IndexFunction],
        logger: Logger,
        decode: @escaping @Sendable (Unstructured) throws -> Object
    ) {
        self.watcher = watcher
        self.logger = logger
        self.decode = decode
        store = Store(indices: indices)
    }

    /// Whether the cache has been equal to the server once: before, absence means nothing.
    public var hasSynced: Bool { state.withLock { $0.hasSynced } }

    /// Returns when the cache has been filled; throws `CancellationError` when the task is cancelled before.
    public func waitUntilSynced() async throws {
        let id = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.hasSynced { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isReady { continuation.resume() }
                // A cancellation before the continuation was stored found nothing to resume.
                if Task.isCancelled { cancelWaiting(id) }
            }
        } onCancel: {
            cancelWaiting(id)
        }
    }

    private func cancelWaiting(_ id: Int) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: CancellationError())
    }

    /// Registers a handler; it hears at once of what is in the cache.
    public func addHandler(_ handler: @escaping Handler) {
        state.withLock { state in
            // Under the lock, so that no event falls between the replay and the registration.
            for object in store.list() { handler(.added(object)) }
            state.handlers.append(handler)
        }
    }

    /// Lists and watches until graceful shutdown or cancellation.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { [self] in
            do {
                try await watcher.run { self.handle($0) }
            } catch is CancellationError {
                // The end of every informer.
            }
        }
    }

    func handle(_ event: WatcherEvent) {
        switch event {
        case .listStarted:
            state.withLock { $0.listed = [] }
        case .listed(let object):
            state.withLock { _ = $0.listed?.insert(object.namespacedName) }
            apply(object)
        case .listFinished:
            let listed = state.withLock { state in
                defer { state.listed = nil }
                return state.listed ?? []
            }
            for name in store.names.subtracting(listed).sorted() { remove(name) }
            let waiting = state.withLock { state in
                state.hasSynced = true
                defer { state.waiting = [:] }
                return state.waiting.values.map { $0 }
            }
            for continuation in waiting { continuation.resume() }
        case .applied(let object):
            apply(object)
        case .deleted(let object):
            remove(object.namespacedName)
        }
    }

    private func apply(_ object: Unstructured) {
        let name = object.namespacedName
        let entry: Store<Object>.Entry
        do {
            entry = .init(object: try decode(object), resourceVersion: object.resourceVersion, uid: object.uid)
        } catch {
            // One malformed object must not stop the others; what was known of it before is kept.
            logger.error("ignoring a malformed object", metadata: ["object": "\(name)", "error": "\(error)"])
            return
        }
        guard let old = store.set(name, entry) else { return tell(.added(entry.object)) }
        if !old.uid.isEmpty, old.uid != entry.uid {
            // Deleted and created again under the same name, and the watch missed it.
            tell(.deleted(old.object))
            tell(.added(entry.object))
        } else if old.resourceVersion != entry.resourceVersion || entry.resourceVersion.isEmpty {
            tell(.updated(old: old.object, new: entry.object))
        }
    }

    private func remove(_ name: NamespacedName) {
        if let old = store.remove(name) { tell(.deleted(old.object)) }
    }

    private func tell(_ event: InformerEvent<Object>) {
        for handler in state.withLock({ $0.handlers }) { handler(event) }
    }
}

extension Informer where Object == Unstructured {
    /// An informer of objects of any kind.
    public convenience init(
        client: KubeClient,
        resource: GroupVersionResource,
        options: Watcher.Options = Watcher.Options(),
        indices: [String: Store<Object>.IndexFunction] = [:],
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "informer")
    ) {
        let watcher = Watcher(client: client, resource: resource, options: options, time: time, logger: logger)
        self.init(watcher: watcher, indices: indices, logger: logger) { $0 }
    }
}

extension Informer where Object: Resource {
    /// An informer of objects of a known kind.
    public convenience init(
        client: KubeClient,
        _ type: Object.Type = Object.self,
        options: Watcher.Options = Watcher.Options(),
        indices: [String: Store<Object>.IndexFunction] = [:],
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "informer")
    ) {
        let watcher = Watcher(client: client, resource: Object.resource, options: options, time: time, logger: logger)
        self.init(watcher: watcher, indices: indices, logger: logger) { try $0.decode(Object.self) }
    }
}
