import APIMachinery
import GenericAPIServer
import PlaneResources
import RunEngine
import Spec
import Storage
import Testing

/// Reads and writes of runs as objects.
@Suite("WorkflowRuns as objects")
struct WorkflowRunProviderTests {
    private static let resource = "workflowruns.runs.martinet.dev"
    private let fixture: ProviderFixture
    private var provider: WorkflowRunProvider { fixture.runs }

    init() async throws { fixture = try await ProviderFixture(store: MemoryRunStore()) }

    private func write(
        _ operation: ObjectWrite.Operation,
        _ name: String,
        _ document: JSONValue = ["metadata": [:]]
    ) -> ObjectWrite {
        ProviderFixture.write(operation, Self.resource, "default/\(name)", document)
    }

    private func revision(_ name: String) async throws -> Int64 {
        try #require(try await provider.object(at: "default/\(name)")).revision
    }

    @Test("Creating an object submits a run, and the object is what the server reads back")
    func create() async throws {
        let document: JSONValue = [
            "metadata": ["name": "r", "labels": ["team": "x"], "annotations": ["note": "kept"]],
            "spec": ["workflowRef": ["name": "w"], "priority": 3],
        ]
        var write = write(.create, "r", document)
        write.user = "jane"
        let change = try await provider.commit(write)
        #expect(change.kind == .created && change.previous == nil)
        let stored = try #require(try await provider.object(at: "default/r"))
        #expect(stored.bytes == change.bytes && stored.revision == change.revision)
        let json = try JSONValue(parsing: stored.bytes)
        #expect(json.value(at: "metadata", "labels", "team") == "x")
        #expect(json.value(at: "metadata", "annotations", "note") == "kept")
        #expect(json.value(at: "spec", "priority") == 3 && json.value(at: "status", "submitter") == "jane")
        #expect(try await fixture.engine.run(namespace: "default", name: "r")?.run.phase == .pending)
    }

    @Test("Objects that do not describe a run are refused with the field's name")
    func refusedCreations() async throws {
        let refused: [(JSONValue, Int, String)] = [
            (["metadata": ["name": "r"], "spec": [:]], 422, "spec.workflowRef.name"),
            (["metadata": ["name": "r"], "spec": ["workflowRef": ["name": "missing"]]], 404, "\"missing\""),
            (
                ["metadata": ["name": "r"], "spec": ["workflowRef": ["name": "w"], "params": ["y": 1]]], 422, "params.y"
            ),
        ]
        for (document, code, text) in refused {
            let error = await #expect(throws: ObjectStoreError.self) {
                try await provider.commit(write(.create, "r", document))
            }
            #expect(error?.code == .refused && error?.status?.code == code, "\(text)")
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
        #expect(try await provider.object(at: "default/r") == nil)
    }

    @Test("Writes of an old revision are conflicts, and writes of a deleted run are not found")
    func writes() async throws {
        try await fixture.submit("r")
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
        #expect(deleted.kind == .deleted && deleted.previous == changed.bytes)
        #expect(try await provider.object(at: "default/r") == nil)
        let error = await #expect(throws: ObjectStoreError.self) {
            try await provider.commit(write(.delete(expecting: changed.revision), "r"))
        }
        #expect(error?.code == .notFound)
    }

    @Test("Updates change metadata only; spec and status are the engine's")
    func update() async throws {
        try await fixture.submit("r")
        let document: JSONValue = [
            "metadata": ["labels": ["a": "b"]], "spec": ["priority": 9], "status": ["phase": "Succeeded"],
        ]
        let change = try await provider.commit(write(.update(expecting: try await revision("r")), "r", document))
        let json = try JSONValue(parsing: change.bytes)
        #expect(json.value(at: "metadata", "labels", "a") == "b")
        #expect(json.value(at: "spec", "priority") == 0 && json.value(at: "status", "phase") == "Pending")
    }

    @Test("Subresources cancel and retry the run, and read its logs")
    func subresources() async throws {
        try await fixture.submit("r")
        func perform(_ subresource: String, _ body: JSONValue = [:]) async throws(Status) -> JSONValue {
            try await provider.perform(
                subresource,
                verb: "create",
                at: "default/r",
                parameters: QueryParameters(""),
                body
            )
        }
        let cancelled = try await perform("cancel", ["message": "not today"])
        #expect(cancelled.value(at: "status", "phase") == "Cancelled")
        #expect(cancelled.value(at: "status", "message") == "not today")
        #expect(try await perform("retry").value(at: "status", "phase") == "Pending")
        #expect(try await perform("logs", .null)["steps"]?[0]?["id"] == "a")
        let error = await #expect(throws: Status.self) { try await perform("retry") }
        #expect(error?.code == 409)
    }

    @Test("Subresources of a run that does not exist answer 404", arguments: ["cancel", "retry", "logs"])
    func missing(_ subresource: String) async throws {
        let error = await #expect(throws: Status.self) {
            try await provider.perform(
                subresource,
                verb: "create",
                at: "default/missing",
                parameters: QueryParameters(""),
                [:]
            )
        }
        #expect(error?.code == 404)
    }

    @Test("A page begins at its name, or after it, whatever the name")
    func pages() async throws {
        for name in ["a", "a.b", "ab", "b"] { try await fixture.submit(name) }
        func names(_ start: String, limit: Int? = nil) async throws -> [String] {
            var query = ProvidedQuery()
            query.namespace = "default"
            query.start = start
            query.limit = limit
            return try await provider.page(query).objects.map(\.path)
        }
        #expect(try await names("") == ["default/a", "default/a.b", "default/ab", "default/b"])
        #expect(try await names("", limit: 2) == ["default/a", "default/a.b"])
        #expect(try await names("default/a\0") == ["default/a.b", "default/ab", "default/b"])
        #expect(try await names("default/ab") == ["default/ab", "default/b"])
        #expect(try await names("default/zz") == [])
        // Tokens that no list hands out.
        for odd in ["default/", "/", "x", "default/ä", "default/\u{1}", "default/\u{1F600}\0"] {
            _ = try await names(odd)
        }
    }

    @Test("Pages select by phase, workflow and labels; an unknown order is refused")
    func selections() async throws {
        try await fixture.submit("r")
        func count(_ change: (inout ProvidedQuery) -> Void) async throws -> Int {
            var query = ProvidedQuery()
            change(&query)
            return try await provider.page(query).objects.count
        }
        #expect(try await count { $0.fields["status.phase"] = "Nowhere" } == 0)
        #expect(try await count { $0.fields["status.phase"] = "Pending" } == 1)
        #expect(try await count { $0.fields["spec.workflowRef.name"] = "w" } == 1)
        #expect(try await count { $0.fields["spec.workflowRef.name"] = "other" } == 0)
        #expect(try await count { $0.labels["martinet.dev/workflow"] = "w" } == 1)
        #expect(try await count { $0.labels["team"] = "x" } == 0)
        #expect(try await count { $0.namespace = "other" } == 0)
        let error = await #expect(throws: ObjectStoreError.self) {
            try await count { $0.parameters["order"] = "random" }
        }
        #expect(error?.status?.code == 400 && error?.message == "order must be name or newest, not \"random\"")
    }

    @Test("A run whose stored values are damaged is listed with the fields that are left out")
    func unreadable() async throws {
        try await fixture.submit("r")
        let id = try #require(try await fixture.engine.run(namespace: "default", name: "r")).run.id
        try await fixture.engine.store.transaction { transaction in
            guard var run = try transaction.run(id: id) else { return }
            run.params = Array("{\"a\":".utf8)
            try transaction.update(&run)
        }
        let page = try await provider.page(ProvidedQuery())
        let json = try JSONValue(parsing: try #require(page.objects.first).bytes)
        #expect(json.value(at: "metadata", "name") == "r" && json.value(at: "spec", "params") == [:])
        #expect(json.value(at: "status", "unreadable") == ["spec.params"])
    }
}
