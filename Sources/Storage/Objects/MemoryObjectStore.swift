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

        mutating func apply(_ write: ObjectWrite) throws(ObjectStoreError) -> ObjectChange {
            let stored = current[write.key]
            let kind = try write.kind(storedRevision: stored?.revision)
            revision += 1
            let bytes = write.document.bytes(at: revision)
            var change = ObjectChange(
                key: write.key,
                kind: kind,
                revision: revision,
                bytes: bytes,
                previous: stored?.bytes
            )
            log.append(change)
            current[write.key] =
                kind == .deleted ? nil : StoredObject(path: write.key.path, revision: revision, bytes: bytes)
            change.previous = nil
            change.attachment = write.attachment
            return change
        }
    }

    private let contents = Mutex(Contents())

    /// An empty store.
    public init() {}

    public var revision: Int64 { contents.withLock { $0.revision } }
    public var compactedRevision: Int64 { contents.withLock { $0.compacted } }

    public func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        // The observer is called under the lock: that is what keeps its calls in the order of the revisions.
        try contents.withLock { state throws(ObjectStoreError) in
            let change = try state.apply(write)
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

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectReader) throws -> Value
    ) async throws(ObjectStoreError) -> Value {
        let state = contents.withLock { $0 }
        return try Self.run { try body(Transaction(state)) }
    }

    public func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectTransaction) throws -> Value
    ) async throws(ObjectStoreError) -> Value {
        try contents.withLock { state throws(ObjectStoreError) in
            let transaction = Transaction(state)
            let value = try Self.run { try body(transaction) }
            state = transaction.state
            if !transaction.changes.isEmpty { state.observer?(transaction.changes) }
            return value
        }
    }

    private static func run<Value>(_ body: () throws -> Value) throws(ObjectStoreError) -> Value {
        do {
            return try body()
        } catch let error as ObjectStoreError {
            throw error
        } catch {
            throw ObjectStoreError(.unavailable, "\(error)")
        }
    }

    public func close() async {}

    private final class Transaction: ObjectTransaction {
        var state: Contents
        var changes: [ObjectChange] = []

        init(_ state: Contents) { self.state = state }

        var revision: Int64 { state.revision }

        func object(_ key: ObjectKey) throws -> StoredObject? { state.current[key] }

        func forEach(_ body: (ObjectKey, StoredObject) throws -> Bool) throws {
            let sorted = state.current.sorted { a, b in
                a.key.resource == b.key.resource
                    ? a.key.path.utf8.lexicographicallyPrecedes(b.key.path.utf8)
                    : a.key.resource.utf8.lexicographicallyPrecedes(b.key.resource.utf8)
            }
            for (key, object) in sorted { guard try body(key, object) else { return } }
        }

        func apply(_ write: ObjectWrite) throws -> ObjectChange {
            let change = try state.apply(write)
            changes.append(change)
            return change
        }
    }
}
