import APIMachinery

import Logging
import PlaneResources
import RunEngine
import Spec
import Storage

/// An engine with a Workflow `w` of one step, and the provider of its runs.
struct ProviderFixture {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let engine: RunEngine
    let runs: WorkflowRunProvider

    init(store: any RunStore) async throws {
        let catalog = WorkflowCatalog()
        let spec = WorkflowSpec(steps: [Step(id: "a", actor: "noop")])
        try catalog.setWorkflow(namespace: "default", name: "w", spec: spec)
        engine = RunEngine(store: store, catalog: catalog, logger: Self.logger)
        try await engine.start()
        let revision = try await store.read { try $0.revision() }
        runs = WorkflowRunProvider(engine: engine, revision: revision, logger: Self.logger)
    }

    func submit(_ name: String) async throws {
        var request = RunRequest()
        request.name = name
        _ = try await engine.submit(namespace: "default", workflow: "w", [request])
    }

    /// A write as the API server makes it: the document has a gap for the revision.
    static func write(
        _ operation: ObjectWrite.Operation,
        _ resource: String,
        _ path: String,
        _ document: JSONValue = ["metadata": [:]]
    ) -> ObjectWrite {
        let bytes = Array("{\"revision\":,".utf8) + document.bytes.dropFirst()
        return ObjectWrite(
            operation,
            key: ObjectKey(resource: resource, path: path),
            document: RevisionedDocument(bytes: bytes, gap: 12)
        )
    }
}

/// A run store that fails every read and every write in the same way.
struct FailingRunStore: RunStore {
    let error: RunStoreError
    let changes = RunChangeFeed(revision: 0)

    func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction) throws -> Result
    ) async throws -> Result { throw error }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any RunReader) throws -> Result
    ) async throws -> Result { throw error }
}
