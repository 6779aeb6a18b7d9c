import APIMachinery
import FoundationEssentials
import Storage
import StorageSQLite
import Testing

/// A kind of run store to run the conformance suite on.
struct RunStoreFixture: Sendable, CustomTestStringConvertible {
    let name: String
    private let make: @Sendable (String) throws -> any RunStore

    var testDescription: String { name }

    static let all = [
        RunStoreFixture(name: "memory") { _ in MemoryRunStore() },
        RunStoreFixture(name: "SQLite") { try SQLiteRunStore(path: $0 + "/runs.sqlite") },
    ]

    /// Runs the body over a new, empty store, and removes it afterwards.
    func with(_ body: (any RunStore) async throws -> Void) async throws {
        try await TemporaryDirectory.with { directory in try await body(make(directory)) }
    }
}

enum TemporaryDirectory {
    static func with(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/martinet-runs-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }
}

extension Timestamp {
    /// A moment in the tests' own time.
    static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_800_000_000 + seconds) }
}

extension RunRecord {
    static func test(_ name: String, namespace: String = "default", workflow: String = "w", at seconds: Int64 = 0)
        -> Self
    {
        RunRecord(
            uid: "uid-\(name)",
            namespace: namespace,
            name: name,
            workflow: workflow,
            revision: "r",
            createdAt: .at(seconds)
        )
    }
}

extension JobRecord {
    static func test(
        _ step: StepKey,
        pool: String = "default",
        express: Bool = false,
        at seconds: Int64 = 0,
        readyAt: Int64? = nil
    ) -> Self {
        JobRecord(
            step: step,
            attempt: 1,
            queue: QueueName(namespace: "default", pool: pool),
            isExpress: express,
            enqueuedAt: .at(seconds),
            readyAt: .at(readyAt ?? seconds),
            payload: Array("\"x\":1".utf8)
        )
    }
}
