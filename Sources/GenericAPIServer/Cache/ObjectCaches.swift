package import APIMachinery
package import Logging
package import Storage
import Synchronization

/// The caches of all stored resources, kept current by the store's changes.
///
/// Every committed change passes through three stations, in the order of revisions and before the writer gets its
/// answer: the cache of its resource, `beforeAnswer` (rights that a change grants hold from the next request on), and
/// the observers, which must be quick.
package final class ObjectCaches: Sendable {
    private let store: any ObjectStore
    private let metrics: ServerMetrics
    private let logger: Logger
    private let applied: AppliedRevision
    private let beforeAnswer: @Sendable (ObjectChange) -> Void
    private let caches = Mutex<[String: WatchCache]>([:])
    private let observers = Mutex<[Observer]>([])
    private let provided = Mutex<[ProvidedBackend]>([])
    private let watchesOver = Atomic(false)

    package init(
        store: any ObjectStore,
        metrics: ServerMetrics,
        logger: Logger,
        beforeAnswer: @escaping @Sendable (ObjectChange) -> Void
    ) {
        self.store = store
        self.metrics = metrics
        self.logger = logger
        self.beforeAnswer = beforeAnswer
        applied = AppliedRevision(store.revision)
        store.observe { [weak self] changes in self?.take(changes) }
    }

    /// Hands committed changes to the caches; called by the store's writer, in order.
    private func take(_ changes: [ObjectChange]) {
        let current = caches.withLock { $0 }
        for change in changes {
            current[change.key.resource]?.apply(change)
            beforeAnswer(change)
        }
        if let last = changes.last { applied.advance(to: last.revision) }
        notify(changes)
    }

    /// Passes on a change of an object that another module keeps.
    package func takeProvided(_ change: ObjectChange) { notify([change]) }

    private func notify(_ changes: [ObjectChange]) {
        for observer in observers.withLock({ $0 }) { observer.body(changes) }
    }

    /// Calls the observer with every change from now on, from the store's writer.
    package func observe(_ body: @escaping @Sendable ([ObjectChange]) -> Void) {
        observers.withLock { $0.append(Observer(body: body)) }
    }

    // MARK: Caches

    /// The cache of a resource, by its storage key; `nil` until ``cache(of:showing:fields:)`` has made it.
    package subscript(storageKey: String) -> WatchCache? { caches.withLock { $0[storageKey] } }

    /// All caches, for those who look after every object.
    package var all: [WatchCache] { caches.withLock { Array($0.values) } }

    /// The cache of a resource's objects, filled from the store when it is first asked for.
    ///
    /// - Parameter change: how the schema shows stored objects.
    package func cache(
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

    /// Forgets a resource's objects.
    package func drop(_ storageKey: String) {
        caches.withLock { $0.removeValue(forKey: storageKey) }?.endWatches()
    }

    /// Adds a backend that is no cache, so that its watches hear of the time and of the end.
    package func add(_ backend: ProvidedBackend) { provided.withLock { $0.append(backend) } }

    // MARK: Watches

    /// Whether watches have been ended for good, as the server stops.
    var areWatchesOver: Bool { watchesOver.load(ordering: .acquiring) }

    /// Ends all watches; those that begin from now on are over at once.
    package func endAllWatches() {
        watchesOver.store(true, ordering: .releasing)
        for cache in all { cache.endWatches() }
        for backend in provided.withLock({ $0 }) { backend.endWatches() }
    }

    /// Tells all watches the time.
    package func tick(now: Timestamp) {
        for cache in all { cache.tick(now: now) }
        for backend in provided.withLock({ $0 }) { backend.tick(now: now) }
    }
}

/// A struct around the closure: a bare closure in a generic container is wrapped anew with every access.
private struct Observer: Sendable {
    var body: @Sendable ([ObjectChange]) -> Void
}
