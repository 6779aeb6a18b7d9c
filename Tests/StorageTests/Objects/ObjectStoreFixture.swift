import FoundationEssentials
import Storage
import StorageSQLite
import Testing

/// A kind of object store, and how to open one of it.
struct ObjectStoreFixture: Sendable, CustomTestStringConvertible {
    var name: String
    /// Whether what is written is there again after the store is opened anew.
    var isDurable: Bool
    var open: @Sendable (String) throws -> any ObjectStore

    var testDescription: String { name }

    static let all: [ObjectStoreFixture] = [
        ObjectStoreFixture(name: "memory", isDurable: false) { _ in MemoryObjectStore() },
        ObjectStoreFixture(name: "sqlite", isDurable: true) { try SQLiteObjectStore(path: "\($0)/objects.sqlite") },
    ]

    /// Opens a store in a fresh directory, which is removed afterwards.
    func with<Result>(_ body: (any ObjectStore) async throws -> Result) async throws -> Result {
        let directory = try StoreDirectory()
        defer { directory.remove() }
        let store = try open(directory.path)
        let result = try await body(store)
        await store.close()
        return result
    }
}

/// A directory that a test has for itself.
struct StoreDirectory {
    let path: String

    init() throws {
        path = "\(FileManager.default.temporaryDirectory.path)/objects-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

extension ObjectWrite {
    /// A write of a small document that says its revision and a text.
    static func make(_ operation: Operation, _ path: String, _ text: String, resource: String = "things") -> ObjectWrite
    {
        let start = Array("{\"resourceVersion\":\"".utf8)
        return ObjectWrite(
            operation,
            key: ObjectKey(resource: resource, path: path),
            document: RevisionedDocument(bytes: start + Array("\",\"text\":\"\(text)\"}".utf8), gap: start.count)
        )
    }
}
