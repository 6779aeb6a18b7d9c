import APIMachinery
import Storage
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

/// Deletions of many objects, and of what belongs to them.
@Suite struct DeleteCollectionTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"
    /// How many deletions are under way at a time.
    private static let inFlight = 32

    private static func name(_ index: Int) -> String { "m\(1000 + index)" }

    private func make(_ count: Int, in server: TestServer, finalizers: (Int) -> [JSONValue] = { _ in [] }) async {
        for index in 0..<count {
            let object: JSONValue = [
                "metadata": ["name": .string(Self.name(index)), "finalizers": .array(finalizers(index))]
            ]
            #expect(await server.request("POST", Self.maps, object).status == 201)
        }
    }

    private func names(_ list: JSONValue) -> [String] {
        list["items"]?.arrayValue?.compactMap { $0.value(at: "metadata", "name")?.stringValue } ?? []
    }

    /// Waits for a condition; if it never comes true, lets all writes go, as those who wait for them would never end.
    private func eventually(_ what: String, holding store: HeldStore, _ condition: () -> Bool) async throws {
        do {
            try await TestSupport.eventually(what, condition)
        } catch {
            store.release()
            throw error
        }
    }

    @Test("Deletions of a collection share commits; the answer lists everything in its order")
    func shared() async throws {
        let store = HeldStore()
        let server = try await TestServer(store: store)
        let count = 500
        await make(count, in: server) { $0 % 100 == 7 ? ["test/hold"] : [] }
        store.hold()
        async let answer = server.request("DELETE", Self.maps + "?labelSelector=!x")
        var left = count
        while left > 0 {
            let batch = min(Self.inFlight, left)
            try await eventually("\(batch) deletions wait for one commit", holding: store) { store.waiting == batch }
            store.commitWaiting()
            left -= batch
        }
        let (status, body) = await answer
        #expect(status == 200)
        #expect(names(body) == (0..<count).map(Self.name))
        #expect(store.transactions == (count + Self.inFlight - 1) / Self.inFlight)
        #expect(store.written.values.allSatisfy { $0 == 1 } && store.written.count == count)
        let kept = await server.request("GET", Self.maps).body
        #expect(names(kept) == [7, 107, 207, 307, 407].map(Self.name), "finalizers hold them")
        let items = kept["items"]?.arrayValue ?? []
        #expect(items.allSatisfy { $0.value(at: "metadata", "deletionTimestamp") != nil })
    }

    @Test("A failure ends the deletion: what was under way is finished, no more is started")
    func failure() async throws {
        let store = HeldStore()
        let server = try await TestServer(store: store)
        await make(100, in: server)
        store.hold(failing: ["default/\(Self.name(3))"])
        async let answer = server.request("DELETE", Self.maps)
        try await eventually("the first deletions wait", holding: store) { store.waiting == Self.inFlight }
        store.release()
        #expect(await answer.status >= 500)
        let left = names(await server.request("GET", Self.maps).body)
        #expect(left.contains(Self.name(3)) && left.contains(Self.name(99)))
        #expect(!left.contains(Self.name(0)) && left.count < 100)
    }

    @Test("The limit, a dry run and preconditions hold for the collection")
    func options() async throws {
        let server = try await TestServer()
        await make(5, in: server)
        let dry = await server.request("DELETE", Self.maps + "?dryRun=All")
        #expect(dry.status == 200 && names(dry.body).count == 5)
        let wrong: JSONValue = ["preconditions": ["uid": "other"]]
        #expect(await server.request("DELETE", Self.maps, wrong).status == 409)
        #expect(names(await server.request("GET", Self.maps).body).count == 5)
        let limited = await server.request("DELETE", Self.maps + "?limit=2")
        #expect(names(limited.body) == [0, 1].map(Self.name))
        #expect(names(await server.request("GET", Self.maps).body) == [2, 3, 4].map(Self.name))
    }

    @Test("Two deletions of the same collection both succeed, and delete each object once")
    func concurrent() async throws {
        let store = HeldStore()
        let server = try await TestServer(store: store)
        await make(100, in: server)
        let before = store.revision
        store.hold()
        async let first = server.request("DELETE", Self.maps)
        async let second = server.request("DELETE", Self.maps)
        try await eventually("both are under way", holding: store) { store.waiting == 2 * Self.inFlight }
        store.release()
        #expect(await first.status == 200)
        #expect(await second.status == 200)
        #expect(store.revision == before + 100)
        #expect(names(await server.request("GET", Self.maps).body).isEmpty)
    }

    @Test("What the garbage collector writes after many changes shares commits")
    func collector() async throws {
        let store = HeldStore()
        let fixture = try await ControllerFixture(store: store)
        try await fixture.collecting { _ in try await collect(fixture, store) }
    }

    private func collect(_ fixture: ControllerFixture, _ store: HeldStore) async throws {
        let count = 200
        for index in 0..<count { try await fixture.make(Self.name(index)) }
        store.hold()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count { group.addTask { try await fixture.delete(Self.name(index), .foreground) } }
            try await eventually("all marks wait", holding: store) { store.waiting == count }
            store.commitWaiting()
            try await group.waitForAll()
        }
        // Now each waits for its finalizer to be removed, which is a write for each; the collector may have begun with
        // the first few.
        try await eventually("the writes wait together", holding: store) {
            if store.waiting >= Self.inFlight { return true }
            store.commitWaiting()
            return false
        }
        store.release()
        try await TestSupport.eventually("all are gone") {
            (0..<count).allSatisfy { fixture.current(Self.name($0)) == nil }
        }
    }

    @Test("Dependents that are let go share commits")
    func orphans() async throws {
        let store = HeldStore()
        let fixture = try await ControllerFixture(store: store)
        let owner = try await fixture.make("owner")
        for index in 0..<64 { try await fixture.make(Self.name(index), owners: [("owner", owner)]) }
        try await fixture.collecting { collector in
            try await TestSupport.eventually("it knows all dependents") { collector.isIdle }
            try await deleteOrphaning(fixture, store)
        }
    }

    private func deleteOrphaning(_ fixture: ControllerFixture, _ store: HeldStore) async throws {
        try await fixture.delete("owner", .orphan, holding: store)
        try await eventually("the writes wait together", holding: store) { store.waiting == Self.inFlight }
        store.release()
        try await TestSupport.eventually("the owner is gone") { fixture.current("owner") == nil }
        #expect((0..<64).allSatisfy { fixture.current(Self.name($0))?.owners.isEmpty == true })
    }
}

extension ControllerFixture {
    /// Deletes an object, and holds all writes after the one that marks it.
    fileprivate func delete(
        _ name: String,
        _ propagation: DeleteOptions.Propagation,
        holding store: HeldStore
    ) async throws {
        store.hold()
        async let deletion: Void = delete(name, propagation)
        try await eventually("the mark waits") { store.waiting == 1 }
        store.commitWaiting()
        try await deletion
    }
}
