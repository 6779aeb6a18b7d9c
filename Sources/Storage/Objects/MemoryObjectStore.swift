import Synchronization

/// The object store without a disk: the reference for the others, and quick for tests.
public final class MemoryObjectStore: ObjectStore {
    /// Revisions start above 1, so that 1 always counts as compacted history, as in any cluster that has lived.
    public static let firstRevision: Int64 = 1000

    private struct Contents {
        var revision = MemoryObjectStore.firstRevision
        var compacted = MemoryObjectStore.firstRevision
        var current: [ObjectKey: StoredObject] = [:]
        var log: [ObjectChange] = []
        var observer: (@Sendable ([ObjectChange]) -> Void)?
    }

    private let contents = Mutex(Contents())

    /// An empty store.
    public init() {}

    public var revision: Int64 { contents.withLock { $0.revision } }
    public var compactedRevision: Int64 { contents.withLock { $0.compacted } }

    public func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        // The observer is called under the lock: that is what keeps its calls in the order of the revisions.
        try contents.withLock { state throws(ObjectStoreError) in
            let stored = state.current[write.key]
            let kind = try write.kind(storedRevision: stored?.revision)
            state.revision += 1
            let bytes = write.document.bytes(at: state.revision)
            var change = ObjectChange(
                key: write.key,
                kind: kind,
                revision: state.revision,
                bytes: bytes,
                previous: stored?.bytes
            )
            state.log.append(change)
            state.current[write.key] =
                kind == .deleted
                ? nil : StoredObject(path: write.key.path, revision: state.revision, bytes: bytes)
            change.previous = nil
            change.attachment = write.attachment
            state.observer?([change])
            return change
        }
    }

    public func load(resource: String) async throws(ObjectStoreError) -> ObjectSnapshot {
        contents.withLock { state in
            let objects = state.current.filter { $0.key.resource == resource }.values
                .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
            return ObjectSnapshot(objects: objects, revision: state.revision)
        }
    }

    public func changes(resource: String, after revision: Int64) async throws(ObjectStoreError) -> [ObjectChange] {
        try contents.withLock { state throws(ObjectStoreError) in
            guard revision >= state.compacted else { throw .expired(revision, compacted: state.compacted) }
            return state.log.filter { $0.revision > revision && $0.key.resource == resource }
        }
    }

    public func observe(_ observer: @escaping @Sendable ([ObjectChange]) -> Void) {
        contents.withLock { $0.observer = observer }
    }

    public func compact(upTo revision: Int64) async throws(ObjectStoreError) {
        contents.withLock { state in
            let bound = min(revision, state.revision)
            guard bound > state.compacted else { return }
            state.compacted = bound
            state.log.removeAll { $0.revision <= bound }
        }
    }

    public func backup(to path: String) async throws(ObjectStoreError) {
        throw ObjectStoreError(.unavailable, "objects in memory have no backup; start the server with a data directory")
    }

    public func close() async {}
}
