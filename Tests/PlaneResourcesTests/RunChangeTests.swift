import APIMachinery
import GenericAPIServer
import PlaneResources
import RunEngine
import Storage
import StorageSQLite
import Synchronization
import TestSupport
import Testing

/// Changes of runs, as they reach the watches of the API server.
@Suite("Changes of WorkflowRuns")
struct RunChangeTests {
    @Test("Observers receive every change, also after more changes than the feed holds")
    func observers() async throws {
        let fixture = try await ProviderFixture(store: MemoryRunStore(feedCapacity: 4))
        let provider = fixture.runs
        let received = Mutex<[String]>([])
        provider.observe { change in received.withLock { $0.append("\(change.kind) \(change.path)") } }
        for number in 0..<30 { try await fixture.submit("early-\(number)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await provider.run() }
            // The loop may still be catching up, so the first change that it delivers can be any of these.
            let count = Mutex(0)
            try await eventually("a later change is received") {
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                try await fixture.submit("late-\(number)")
                return received.withLock { $0.contains { $0.hasPrefix("created default/late-") } }
            }
            try await fixture.engine.delete(namespace: "default", name: "early-3")
            try await eventually("the deletion is received") {
                received.withLock { $0.contains("deleted default/early-3") }
            }
            group.cancelAll()
        }
        #expect(provider.revision > 30)
        let error = await #expect(throws: ObjectStoreError.self) { try await provider.changes(after: 0) }
        #expect(error?.code == .expired)
    }

    @Test("The changes after a revision are the latest states of the runs that changed")
    func changes() async throws {
        let fixture = try await ProviderFixture(store: MemoryRunStore())
        try await fixture.submit("a")
        try await fixture.submit("b")
        let all = try await fixture.runs.changes(after: 0)
        #expect(all.map(\.path) == ["default/a", "default/b"] && all.map(\.kind) == [.created, .created])
        let revision = try #require(all.last).revision
        try await fixture.engine.cancel(namespace: "default", name: "a")
        try await fixture.engine.delete(namespace: "default", name: "b")
        let later = try await fixture.runs.changes(after: revision)
        #expect(later.map(\.path) == ["default/a", "default/b"] && later.map(\.kind) == [.updated, .deleted])
        let phase = try JSONValue(parsing: later[0].object.bytes).value(at: "status", "phase")
        #expect(phase == "Cancelled" && later[0].object.revision == later[0].revision)
        #expect(try await fixture.runs.changes(after: try #require(later.last).revision).isEmpty)
    }

    @Test("After a restart, revisions go on, and a watch from before the restart has to list again")
    func restart() async throws {
        try await Files.withTemporaryDirectory { directory in
            let path = directory + "/runs.sqlite"
            let store = try SQLiteRunStore(path: path)
            let before = try await ProviderFixture(store: store)
            try await before.submit("a")
            let old = try #require(try await before.runs.changes(after: 0).last).revision
            try await before.submit("b")
            try store.close()

            let reopened = try SQLiteRunStore(path: path)
            let after = try await ProviderFixture(store: reopened)
            #expect(after.runs.revision >= old)
            let error = await #expect(throws: ObjectStoreError.self) { try await after.runs.changes(after: old) }
            #expect(error?.code == .expired)
            #expect(try await after.runs.changes(after: after.runs.revision).isEmpty)
            let page = try await after.runs.page(ProvidedQuery())
            #expect(page.objects.map(\.path) == ["default/a", "default/b"])
            try await after.submit("c")
            #expect(try await after.runs.changes(after: page.revision).map(\.path) == ["default/c"])
            try reopened.close()
        }
    }

    @Test("Only runs whose metadata has ownerReferences are marked for garbage collection")
    func owners() async throws {
        let fixture = try await ProviderFixture(store: MemoryRunStore())
        let owner: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "u"]
        for (name, metadata) in [
            ("owned", ["ownerReferences": [owner]]), ("annotated", ["annotations": ["a": "b"]]), ("bare", [:]),
        ] as [(String, JSONValue)] {
            var document: JSONValue = ["metadata": metadata, "spec": ["workflowRef": ["name": "w"]]]
            document.set(.string(name), at: ["metadata", "name"])
            _ = try await fixture.engine.create(document, namespace: "default")
        }
        let changes = try await fixture.runs.changes(after: 0)
        #expect(changes.filter(\.mayHaveOwners).map(\.path) == ["default/owned"])
    }
}
