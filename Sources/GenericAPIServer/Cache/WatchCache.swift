package import APIMachinery
package import Logging
package import Storage
import Synchronization

/// All objects of one resource in memory, their recent history, and who watches them.
///
/// The store's observer feeds it in the order of the revisions. Reads never wait for the store, except for
/// history that is older than what is kept here.
package final class WatchCache: Sendable {
    /// How many events are kept here at most; older ones are asked of the store.
    private static let historyLimit = 1024
    /// How many bytes of documents they may hold, whatever the objects themselves take.
    private static let historyBytes = 1 << 20

    /// How many documents are read by one task.
    private static let partSize = 256

    private struct State {
        var objects = SortedObjects()
        var history: [CacheEvent] = []
        /// The bytes of the documents that only history holds on to, and of those stored now.
        var historyBytes = 0
        var liveBytes = 0
        /// All events after this revision are in `history`.
        var historyStart: Int64 = 0
        /// The newest event's revision, or that of the load.
        var revision: Int64 = 0
        /// What came in before the load was done; `nil` afterwards.
        var early: [ObjectChange]? = []
    }

    package let resource: String
    private let store: any ObjectStore
    private let logger: Logger
    /// The newest revision up to which every cache has seen everything.
    private let applied: AppliedRevision
    private let selectableFields: Mutex<FieldReader>
    private let state = Mutex(State())
    private let fanOut: WatchFanOut
    private let paging = PagingSnapshots()

    package init(
        resource: String,
        store: any ObjectStore,
        applied: AppliedRevision,
        metrics: ServerMetrics,
        logger: Logger,
        selectableFields: @escaping @Sendable (JSONValue) -> [String: String]
    ) {
        self.resource = resource
        self.store = store
        self.applied = applied
        self.logger = logger
        self.selectableFields = Mutex(FieldReader(read: selectableFields))
        fanOut = WatchFanOut { metrics.terminatedWatcher(resource) }
    }

    /// How many watch.
    package var watcherCount: Int { fanOut.count }

    /// Reads everything from the store. Until then the cache collects changes but serves nothing.
    ///
    /// - Parameter change: how the schema shows stored objects; see ``renew(_:)``.
    package func load(_ change: (@Sendable (inout JSONValue) -> Void)? = nil) async throws(Status) {
        let snapshot: ObjectSnapshot
        do {
            snapshot = try await store.load(resource: resource)
        } catch {
            throw Status(error)
        }
        let objects = try await read(snapshot.objects, change)
        let sorted = SortedObjects(sorted: objects)
        state.withLock { state in
            guard let early = state.early else { return }
            state.objects = sorted
            state.liveBytes = snapshot.objects.reduce(0) { $0 + $1.bytes.count }
            state.revision = snapshot.revision
            state.historyStart = snapshot.revision
            state.early = nil
            for change in early where change.revision > snapshot.revision { record(change, in: &state) }
        }
    }

    /// Reads documents on all cores: at the start there may be many, and nobody is served before.
    private func read(
        _ stored: [StoredObject],
        _ change: (@Sendable (inout JSONValue) -> Void)?
    ) async throws(Status) -> [CachedObject] {
        let fields = selectableFields.withLock { $0.read }
        let resource = resource
        let parts = stride(from: 0, to: stored.count, by: Self.partSize).map { start in
            stored[start..<min(start + Self.partSize, stored.count)]
        }
        do {
            let read = try await withThrowingTaskGroup(of: (Int, [CachedObject]).self) { group in
                for (index, part) in parts.enumerated() {
                    group.addTask {
                        let objects = try part.map { stored in
                            do {
                                return try CachedObject(stored, fields: fields, change: change)
                            } catch {
                                throw Status.internalError(
                                    "the stored object \(resource) \(stored.path) cannot be read (\(error)); restore "
                                        + "the data from a backup"
                                )
                            }
                        }
                        return (index, objects)
                    }
                }
                return try await group.reduce(into: [(Int, [CachedObject])]()) { $0.append($1) }
            }
            return read.sorted { $0.0 < $1.0 }.flatMap(\.1)
        } catch let status as Status {
            throw status
        } catch {
            throw .internalError("\(resource) cannot be read: \(error)")
        }
    }

    /// Takes over one committed change. Called in the order of revisions, from the store's writer.
    package func apply(_ change: ObjectChange) {
        state.withLock { state in
            if state.early != nil {
                state.early?.append(change)
            } else {
                record(change, in: &state)
            }
        }
        fanOut.catchUp()
    }

    private func record(_ change: ObjectChange, in state: inout State) {
        let object: CachedObject
        do {
            object = try cached(change)
        } catch {
            // The state here is not the store's any more: watchers list again, and are told what is wrong then.
            unreadable(change.key.path, error)
            if change.kind == .deleted { state.objects.remove(change.key.path) }
            state.revision = change.revision
            state.historyStart = change.revision
            state.history = []
            state.historyBytes = 0
            fanOut.end()
            return
        }
        let previous = change.kind == .deleted ? state.objects.remove(object.path) : state.objects.update(object)
        let kind: CacheEvent.Kind =
            switch change.kind {
            case .created: .added
            case .updated: .modified
            case .deleted: .deleted
            }
        let event = CacheEvent(kind: kind, revision: change.revision, object: object, previous: previous)
        state.revision = change.revision
        state.history.append(event)
        state.historyBytes += event.weight
        state.liveBytes += (change.kind == .deleted ? 0 : object.bytes.count) - (previous?.bytes.count ?? 0)
        trimHistory(&state)
        fanOut.publish(event)
    }

    /// Forgets the oldest events once there are twice as many as wanted, so that each is moved once at most.
    private func trimHistory(_ state: inout State) {
        let bytes = max(Self.historyBytes, state.liveBytes / 2)
        guard state.history.count > 2 * Self.historyLimit || state.historyBytes > bytes else { return }
        var surplus = 0
        while surplus < state.history.count,
            state.history.count - surplus > Self.historyLimit || state.historyBytes > bytes / 2
        {
            state.historyBytes -= state.history[surplus].weight
            surplus += 1
        }
        guard surplus > 0 else { return }
        state.historyStart = state.history[surplus - 1].revision
        state.history.removeFirst(surplus)
    }

    private func unreadable(_ path: String, _ error: any Error) {
        logger.critical(
            "a stored object cannot be read; restore the data from a backup",
            metadata: ["resource": "\(resource)", "path": "\(path)", "error": "\(error)"]
        )
    }

    private func cached(_ change: ObjectChange) throws -> CachedObject {
        let fields = selectableFields.withLock { $0.read }
        if let document = change.attachment as? JSONValue {
            return CachedObject(
                path: change.key.path,
                revision: change.revision,
                bytes: change.bytes,
                document: document,
                fields: fields(document)
            )
        }
        let stored = StoredObject(path: change.key.path, revision: change.revision, bytes: change.bytes)
        return try CachedObject(stored, fields: fields)
    }

    /// The object at that path now.
    package func current(_ path: String) -> CachedObject? { state.withLock { $0.objects[path] } }

    /// All objects now, and a revision at which this was the state.
    package func snapshot() -> (objects: SortedObjects, revision: Int64) {
        state.withLock { ($0.objects, max($0.revision, applied.value)) }
    }

    /// All objects as they were at a revision that may lie in the past.
    package func snapshot(at revision: Int64) async throws(Status) -> SortedObjects {
        let (current, start, recent) = state.withLock { state in
            (state.objects, state.historyStart, state.history.filter { $0.revision > revision })
        }
        if revision < store.compactedRevision {
            throw .gone(ObjectStoreError.expired(revision, compacted: store.compactedRevision).message)
        }
        if let kept = paging[revision] { return kept }
        var events = recent
        if revision < start {
            events =
                try await past(after: revision).filter { $0.revision <= (recent.first?.revision ?? .max) - 1 } + recent
            let newest = state.withLock { $0.revision }
            // The log may run ahead of the copy taken above; what it has more must not be undone.
            events.removeAll { event in event.revision > newest }
        }
        var objects = current
        for event in events.reversed() {
            if let previous = event.previous { objects.update(previous) } else { objects.remove(event.object.path) }
        }
        paging.keep(objects, of: revision)
        return objects
    }

    /// Keeps a state from which another page is going to be asked for.
    func keepForPaging(_ objects: SortedObjects, revision: Int64) { paging.keep(objects, of: revision) }

    package var revision: Int64 { store.revision }

    package func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        try await store.commit(write)
    }

    /// Registers a watcher that sees every event after `revision`; 0 is "from now on, with the state first".
    ///
    /// - Returns: what the watcher must be shown before the events that it will be offered.
    package func watch(_ watcher: Watcher, after revision: Int64?) async throws(Status) -> WatchStart {
        let (start, needsPast) = state.withLock { state -> (WatchStart, Bool) in
            fanOut.add(watcher, after: state.revision)
            let now = max(state.revision, applied.value)
            guard let revision else { return (WatchStart(initial: state.objects, missed: [], revision: now), false) }
            let missed = state.history.filter { $0.revision > revision }
            return (WatchStart(initial: nil, missed: missed, revision: now), revision < state.historyStart)
        }
        guard needsPast, let revision else { return start }
        var complete = start
        let bound = start.missed.first?.revision ?? start.revision + 1
        complete.missed = try await past(after: revision).filter { $0.revision < bound } + start.missed
        return complete
    }

    /// Events from the store's log.
    private func past(after revision: Int64) async throws(Status) -> [CacheEvent] {
        let changes: [ObjectChange]
        do {
            changes = try await store.changes(resource: resource, after: revision)
        } catch {
            throw Status(error)
        }
        let fields = selectableFields.withLock { $0.read }
        var events: [CacheEvent] = []
        events.reserveCapacity(changes.count)
        for change in changes {
            do {
                let object = try cached(change)
                let previous = try change.previous.map {
                    try CachedObject(StoredObject(path: change.key.path, revision: 0, bytes: $0), fields: fields)
                }
                let kind: CacheEvent.Kind =
                    switch change.kind {
                    case .created: .added
                    case .updated: .modified
                    case .deleted: .deleted
                    }
                events.append(
                    CacheEvent(kind: kind, revision: change.revision, object: object, previous: previous)
                )
            } catch {
                unreadable(change.key.path, error)
                // A hole in the history would go unnoticed; a list needs none.
                throw .gone(
                    "the history of \(resource) after revision \(revision) cannot be read at \(change.key.path): list again"
                )
            }
        }
        return events
    }

    /// Replaces how documents yield selectable fields, and rereads what is held.
    func reindex(_ fields: @escaping @Sendable (JSONValue) -> [String: String]) {
        selectableFields.withLock { $0 = FieldReader(read: fields) }
        paging.forget()
        replaceAll { object in
            let stored = StoredObject(path: object.path, revision: object.revision, bytes: object.bytes)
            return try CachedObject(stored, fields: fields)
        }
    }

    /// Makes every object anew. Documents are read without the lock, which the store's writer needs; only what has
    /// changed meanwhile is read with it.
    private func replaceAll(_ renew: (CachedObject) throws -> CachedObject) {
        func renewed(_ object: CachedObject) -> CachedObject {
            do {
                return try renew(object)
            } catch {
                unreadable(object.path, error)
                return object
            }
        }
        var replacements: [ObjectIdentifier: CachedObject] = [:]
        let before = state.withLock { $0.objects }
        before.forEach { object in
            replacements[ObjectIdentifier(object)] = renewed(object)
            return true
        }
        state.withLock { state in
            var all: [CachedObject] = []
            all.reserveCapacity(state.objects.count)
            state.objects.forEach { object in
                all.append(replacements[ObjectIdentifier(object)] ?? renewed(object))
                return true
            }
            state.objects = SortedObjects(sorted: all)
        }
    }

    /// Passes every document through `change`, as a changed schema shows stored objects differently. Revisions stay.
    func renew(_ change: (inout JSONValue) -> Void) {
        paging.forget()
        let fields = selectableFields.withLock { $0.read }
        replaceAll { object in
            let old = try JSONValue(parsing: object.bytes)
            var new = old
            change(&new)
            guard new != old else { return object }
            return CachedObject(
                path: object.path,
                revision: object.revision,
                bytes: DocumentEncoder.bytes(new),
                document: new,
                fields: fields(new)
            )
        }
    }

    /// Ends all watches: the resource is no longer served.
    func endWatches() { fanOut.end() }

    /// Lets every watcher know the time.
    package func tick(now: Timestamp) {
        state.withLock { state in fanOut.tick(now: now, revision: max(state.revision, applied.value)) }
        paging.tick(now: now)
    }
}

/// How documents yield the fields that selectors may name.
///
/// A struct around the closure: a bare closure in a generic container is wrapped anew with every access.
private struct FieldReader: Sendable {
    var read: @Sendable (JSONValue) -> [String: String]
}

/// What a new watcher is shown first.
package struct WatchStart: Sendable {
    /// The state to be shown as additions, if the watch began without a revision.
    package var initial: SortedObjects?
    /// The events between the revision the watcher knows and its registration.
    var missed: [CacheEvent]
    /// The revision at the moment of registration.
    package var revision: Int64
}

/// The newest revision that all caches have seen.
package final class AppliedRevision: Sendable {
    private let revision: Atomic<Int64>

    package init(_ value: Int64) { revision = Atomic(value) }

    package var value: Int64 { revision.load(ordering: .acquiring) }

    func advance(to value: Int64) { revision.store(value, ordering: .releasing) }
}
