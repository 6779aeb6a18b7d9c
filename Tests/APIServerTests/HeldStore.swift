import Storage
import Synchronization

/// A store in memory whose writes wait, once it is told to hold them, until the test commits all that wait as one
/// transaction: so a test sees which writes can share a commit.
final class HeldStore: ObjectStore {
    private struct Waiting {
        var write: ObjectWrite
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var isHeld = false
        var waiting: [Waiting] = []
        var transactions = 0
        var cancelled = 0
        /// The paths whose writes fail.
        var failing: Set<String> = []
        /// The writes that were done, by path.
        var written: [String: Int] = [:]
    }

    private let memory = MemoryObjectStore()
    private let state = Mutex(State())

    /// The writes that wait.
    var waiting: Int { state.withLock { $0.waiting.count } }
    /// The writes whose tasks were cancelled while they waited. They are done nevertheless.
    var cancelled: Int { state.withLock { $0.cancelled } }
    /// How often waiting writes were committed.
    var transactions: Int { state.withLock { $0.transactions } }
    /// How often each path was written since writes were first held.
    var written: [String: Int] { state.withLock { $0.written } }

    /// Lets writes wait from now on.
    func hold(failing: Set<String> = []) {
        state.withLock { state in
            state.isHeld = true
            state.failing = failing
        }
    }

    /// Commits what waits, as one transaction.
    func commitWaiting() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            if !state.waiting.isEmpty { state.transactions += 1 }
            return state.waiting
        }
        for write in waiting { write.continuation.resume() }
    }

    /// Commits what waits, and lets no write wait any more.
    func release() {
        state.withLock { $0.isHeld = false }
        commitWaiting()
    }

    func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isHeld = state.withLock { state in
                    if state.isHeld { state.waiting.append(Waiting(write: write, continuation: continuation)) }
                    return state.isHeld
                }
                if !isHeld { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.cancelled += 1 }
        }
        try state.withLock { state throws(ObjectStoreError) in
            guard !state.failing.contains(write.key.path) else {
                throw ObjectStoreError(.unavailable, "the disk is full")
            }
            if state.transactions > 0 { state.written[write.key.path, default: 0] += 1 }
        }
        return try await memory.commit(write)
    }

    var revision: Int64 { memory.revision }
    var compactedRevision: Int64 { memory.compactedRevision }

    func load(resource: String) async throws(ObjectStoreError) -> ObjectSnapshot {
        try await memory.load(resource: resource)
    }

    func changes(resource: String, after revision: Int64) async throws(ObjectStoreError) -> [ObjectChange] {
        try await memory.changes(resource: resource, after: revision)
    }

    func observe(_ observer: @escaping @Sendable ([ObjectChange]) -> Void) { memory.observe(observer) }

    func compact(upTo revision: Int64) async throws(ObjectStoreError) { try await memory.compact(upTo: revision) }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectReader) throws -> Value
    ) async throws(ObjectStoreError) -> Value { try await memory.read(body) }

    func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectTransaction) throws -> Value
    ) async throws(ObjectStoreError) -> Value { try await memory.transaction(body) }

    func close() async { await memory.close() }
}
