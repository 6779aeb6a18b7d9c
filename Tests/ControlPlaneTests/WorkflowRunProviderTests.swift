import APIMachinery
import APIServer
import Logging
import RunEngine
import Spec
import Storage
import Synchronization
import TestSupport
import Testing

@testable import ControlPlane

/// Runs as objects: what is told of their changes, and which writes of them are refused.
@Suite struct WorkflowRunProviderTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let engine: RunEngine
    private let provider: WorkflowRunProvider

    init() async throws {
        let catalog = WorkflowCatalog()
        let spec = WorkflowSpec(steps: [Step(id: "a", actor: "noop")])
        try catalog.setWorkflow(namespace: "default", name: "w", spec: spec)
        // A feed that forgets soon.
        engine = RunEngine(store: MemoryRunStore(feedCapacity: 4), catalog: catalog, logger: Self.logger)
        try await engine.start()
        provider = WorkflowRunProvider(engine: engine, revision: 0, logger: Self.logger)
    }

    private func submit(_ name: String) async throws {
        var request = RunRequest()
        request.name = name
        _ = try await engine.submit(namespace: "default", workflow: "w", [request])
    }

    private func write(
        _ operation: ObjectWrite.Operation,
        _ name: String,
        _ document: JSONValue = ["metadata": [:]]
    ) -> ObjectWrite {
        // The server leaves a gap for the revision.
        let bytes = Array("{\"revision\":,".utf8) + document.bytes.dropFirst()
        return ObjectWrite(
            operation,
            key: ObjectKey(resource: "workflowruns.runs.martinet.dev", path: "default/\(name)"),
            document: RevisionedDocument(bytes: bytes, gap: 12)
        )
    }

    private func revision(_ name: String) async throws -> Int64 {
        try #require(try await provider.object(at: "default/\(name)")).revision
    }

    @Test("Observers hear of every change, also after more has happened than the feed holds")
    func changes() async throws {
        let heard = Mutex<[String]>([])
        provider.observe { change in heard.withLock { $0.append("\(change.kind) \(change.object.path)") } }
        for number in 0..<30 { try await submit("early-\(number)") }
        let provider = provider
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await provider.run() }
            // Whether the loop has caught up already is not known: one of these is the first that it sees.
            let count = Mutex(0)
            try await eventually("a later change is heard") {
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                try await self.submit("late-\(number)")
                return heard.withLock { $0.contains { $0.hasPrefix("created default/late-") } }
            }
            try await engine.delete(namespace: "default", name: "early-3")
            try await eventually("the deletion is heard") { heard.withLock { $0.contains("deleted default/early-3") } }
            group.cancelAll()
        }
        #expect(provider.revision > 30)
        await #expect(throws: ObjectStoreError.self) { try await provider.changes(after: 0) }
    }

    @Test("A write of an older state is a conflict, and one of a run that is gone is not found")
    func writes() async throws {
        try await submit("r")
        let old = try await revision("r")
        let labelled: JSONValue = ["metadata": ["labels": ["a": "b"]]]
        let changed = try await provider.commit(write(.update(expecting: old), "r", labelled))
        #expect(changed.revision > old && changed.previous != nil)
        for operation in [ObjectWrite.Operation.update(expecting: old), .delete(expecting: old)] {
            let error = await #expect(throws: ObjectStoreError.self) {
                try await provider.commit(write(operation, "r", labelled))
            }
            #expect(error?.code == .conflict)
        }
        let deleted = try await provider.commit(write(.delete(expecting: changed.revision), "r"))
        #expect(deleted.kind == .deleted)
        #expect(try await provider.object(at: "default/r") == nil)
        let error = await #expect(throws: ObjectStoreError.self) {
            try await provider.commit(write(.delete(expecting: changed.revision), "r"))
        }
        #expect(error?.code == .notFound)
        let document: JSONValue = ["metadata": ["name": "new"], "spec": ["workflowRef": ["name": "missing"]]]
        await #expect(throws: (any Error).self) { try await provider.commit(write(.create, "new", document)) }
    }

    @Test("Subresources of a run that is not there are not found", arguments: ["cancel", "retry", "logs"])
    func missing(_ subresource: String) async throws {
        let error = await #expect(throws: Status.self) {
            try await provider.perform(
                subresource,
                verb: "create",
                at: "default/nobody",
                parameters: QueryParameters(""),
                [:]
            )
        }
        #expect(error?.code == 404)
    }

    @Test("A page begins at its name, or after it, whatever the name")
    func pages() async throws {
        for name in ["a", "a.b", "ab", "b"] { try await submit(name) }
        func names(_ start: String) async throws -> [String] {
            var query = ProvidedQuery()
            query.namespace = "default"
            query.start = start
            return try await provider.page(query).objects.map(\.path)
        }
        #expect(try await names("") == ["default/a", "default/a.b", "default/ab", "default/b"])
        #expect(try await names("default/a\0") == ["default/a.b", "default/ab", "default/b"])
        #expect(try await names("default/ab") == ["default/ab", "default/b"])
        #expect(try await names("default/zz") == [])
        // No list gives such a token out.
        for odd in ["default/", "/", "x", "default/ä", "default/\u{1}", "default/\u{1F600}\0"] {
            _ = try await names(odd)
        }
    }

    @Test("What selects nothing lists nothing; an order that nobody knows is refused")
    func selections() async throws {
        try await submit("r")
        var query = ProvidedQuery()
        query.fields["status.phase"] = "Nowhere"
        #expect(try await provider.page(query).objects.isEmpty)
        query.fields["status.phase"] = "Pending"
        #expect(try await provider.page(query).objects.count == 1)
        query.parameters["order"] = "random"
        await #expect(throws: (any Error).self) { try await provider.page(query) }
    }
}
