import APIMachinery
import Storage
import Testing
import TestSupport

@testable import APIServer

/// What becomes of dependents, step by step.
@Suite struct GarbageCollectorTests {
    private typealias Fixture = ControllerFixture

    @Test("A dependent goes when its only owner is gone, and stays while another one is there")
    func background() async throws {
        let fixture = try await Fixture()
        let collector = GarbageCollector(core: fixture.core)
        let a = try await fixture.make("a")
        let b = try await fixture.make("b")
        try await fixture.make("one", owners: [("a", a)])
        try await fixture.make("two", owners: [("a", a), ("b", b)])
        for name in ["one", "two"] { await collector.visit(Fixture.reference(name)) }
        #expect(fixture.current("one") != nil && fixture.current("two")?.owners.count == 2)

        try await fixture.delete("a", .background)
        await collector.visit(Fixture.reference("a"), deletedUIDs: [a])
        try await eventually("one is gone") { fixture.current("one") == nil }
        try await eventually("two has one owner left") { fixture.current("two")?.owners.map(\.uid) == [b] }
    }

    @Test("What happened before the start is made up for: an owner of another uid is gone")
    func scan() async throws {
        let fixture = try await Fixture()
        try await fixture.make("a")
        try await fixture.make("lost", owners: [("a", "00000000-0000-0000-0000-000000000000")])
        await GarbageCollector(core: fixture.core).scan()
        try await eventually("lost is gone") { fixture.current("lost") == nil }
        #expect(fixture.current("a") != nil)
    }

    @Test("An owner that is deleted in the foreground goes after its dependents")
    func foreground() async throws {
        let fixture = try await Fixture()
        let collector = GarbageCollector(core: fixture.core)
        let a = try await fixture.make("a")
        try await fixture.make("b", owners: [("a", a)], finalizers: ["test/hold"])
        await collector.visit(Fixture.reference("b"))
        try await fixture.delete("a", .foreground)
        await collector.visit(Fixture.reference("a"))
        try await eventually("the dependent is being deleted") { fixture.current("b")?.isDeleting == true }
        await collector.releaseOwners([a])
        #expect(fixture.current("a")?.isDeletingDependents == true, "it waits for its dependent")

        try await fixture.core.internalUpdate(
            group: "",
            resource: "configmaps",
            namespace: "default",
            name: "b",
            subresource: ""
        ) { $0.set(.array([]), at: ["metadata", "finalizers"]) }
        try await eventually("the dependent is gone") { fixture.current("b") == nil }
        await collector.visit(Fixture.reference("b"), deletedUIDs: ["b"])
        await collector.releaseOwners([a])
        try await eventually("the owner is gone") { fixture.current("a") == nil }
    }

    @Test("Orphans stay, without the owner that left them")
    func orphans() async throws {
        let fixture = try await Fixture()
        let collector = GarbageCollector(core: fixture.core)
        let a = try await fixture.make("a")
        try await fixture.make("b", owners: [("a", a)])
        await collector.visit(Fixture.reference("b"))
        try await fixture.delete("a", .orphan)
        await collector.visit(Fixture.reference("a"))
        try await eventually("the owner is gone") { fixture.current("a") == nil }
        #expect(fixture.current("b")?.owners.isEmpty == true)
    }
}
