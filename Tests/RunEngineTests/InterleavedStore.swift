import Storage
import Synchronization

/// A run store that lets a test act at the places where the engine waits: after it has read and before it writes.
final class InterleavedStore: RunStore {
    private let store: any RunStore
    private let afterRead = Mutex<Action?>(nil)
    private let beforeWrite = Mutex<Action?>(nil)
    private let afterWrite = Mutex<Action?>(nil)

    typealias Action = @Sendable () async throws -> Void

    init(_ store: any RunStore = MemoryRunStore()) { self.store = store }

    /// Does this once, after the next read and before its caller continues.
    func afterNextRead(_ action: @escaping Action) { afterRead.withLock { $0 = action } }

    /// Does this once, when the next transaction is about to begin.
    func beforeNextWrite(_ action: @escaping Action) { beforeWrite.withLock { $0 = action } }

    /// Does this once, after the next commit and before its caller continues.
    func afterNextWrite(_ action: @escaping Action) { afterWrite.withLock { $0 = action } }

    var changes: RunChangeFeed { store.changes }

    func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction) throws -> Result
    ) async throws -> Result {
        try await Self.take(beforeWrite)?()
        let result = try await store.transaction(body)
        try await Self.take(afterWrite)?()
        return result
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any RunReader) throws -> Result
    ) async throws -> Result {
        let result = try await store.read(body)
        try await Self.take(afterRead)?()
        return result
    }

    private static func take(_ action: borrowing Mutex<Action?>) -> Action? {
        action.withLock { action in
            defer { action = nil }
            return action
        }
    }
}
