import APIMachinery
import Storage
import Synchronization
import Testing
import TestSupport

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// How the built-in controllers hear of changes and of the time.
@Suite struct HousekeepingTests {
    /// A resource whose lists are never answered.
    private final class SilentProvider: ResourceProvider {
        let definition = TestServer.definition
        let revision: Int64 = 1
        private let asked = Mutex(0)

        var questions: Int { asked.withLock { $0 } }

        func object(at path: String) async throws(ObjectStoreError) -> StoredObject? { nil }

        func page(_ query: ProvidedQuery) async throws(ObjectStoreError) -> ProvidedPage {
            asked.withLock { $0 += 1 }
            let (silence, _) = AsyncStream<Void>.makeStream()
            for await _ in silence {}
            throw ObjectStoreError(.unavailable, "cancelled")
        }

        func changes(after revision: Int64) async throws(ObjectStoreError) -> [ProvidedChange] { [] }

        func observe(_ observer: @escaping @Sendable (ProvidedChange) -> Void) {}

        func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
            throw ObjectStoreError(.unavailable, "nothing is written here")
        }
    }

    @Test("Requests and watches hear of the time while a deletion does not get on")
    func clock() async throws {
        let ticks = Mutex(0)
        let fixture = try await ControllerFixture {
            ticks.withLock { $0 += 1 }
            return Timestamp(seconds: 1_800_000_000)
        }
        let provider = SilentProvider()
        try fixture.assembly.register(provider)
        let doomed: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "doomed"]]
        try await fixture.client.create(group: "", resource: "namespaces", namespace: "", doomed)
        try await fixture.client.delete(
            group: "",
            resource: "namespaces",
            namespace: "",
            name: "doomed",
            uid: nil,
            propagation: nil
        )
        let controllers = fixture.assembly.controllers()
        let clock = WatchClock(core: fixture.core, interval: .milliseconds(5))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controllers.run() }
            group.addTask { try await clock.run() }
            // The look at the start is one question, the deletion of the namespace another.
            try await eventually("both wait for the provider") { provider.questions >= 2 }
            let before = ticks.withLock { $0 }
            try await eventually("the time is told") { ticks.withLock { $0 } > before + 10 }
            group.cancelAll()
        }
    }

    private func change(
        _ kind: ObjectChange.Kind,
        _ path: String,
        _ metadata: JSONValue = .object([:]),
        resource: String = "configmaps"
    ) -> ObjectChange {
        ObjectChange(
            key: ObjectKey(resource: resource, path: path),
            kind: kind,
            revision: 1,
            bytes: [UInt8](repeating: 0x20, count: 1 << 20),
            attachment: JSONValue.object(["metadata": metadata])
        )
    }

    @Test("Changes are noted by place, with everybody that they concern, and without documents")
    func notes() throws {
        let notes = ChangeNotes()
        func leave(_ changes: [ObjectChange], hadOwners: Bool = false) {
            for note in changes.compactMap({ ChangeNote($0) { _ in hadOwners } }) { notes.add(note) }
        }
        func owned(by uid: String) -> JSONValue {
            ["ownerReferences": [["apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": .string(uid)]]]
        }
        leave([change(.created, "default/plain")])
        leave([change(.updated, "default/plain")])
        #expect(notes.count == 0, "an object without owners is nobody's concern")
        leave([change(.updated, "default/plain")], hadOwners: true)
        #expect(notes.count == 1, "but it is when it had some")
        _ = notes.take(OwnerGraph.Reference(storageKey: "configmaps", path: "default/plain"))
        for _ in 0..<1000 { leave([change(.updated, "default/a", owned(by: "o1"))]) }
        leave([
            change(.created, "default/b", owned(by: "o2")),
            change(.deleted, "default/a", ["uid": "u1", "namespace": "default"]),
            change(.created, "default/a", owned(by: "o3")),
            change(.deleted, "default/a", ["uid": "u2", "namespace": "default"]),
        ])
        #expect(notes.count == 2)
        let place = OwnerGraph.Reference(storageKey: "configmaps", path: "default/a")
        let first = notes.take(place)
        #expect(first.namespace == "default" && first.isChanged)
        #expect(first.deleted == ["u1", "u2"] && first.owners == ["o1", "o3"])
        #expect(notes.take(place) == ChangeNote(place), "what has been taken is not noted any more")
        #expect(notes.count == 1)
    }
}
