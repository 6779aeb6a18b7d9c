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

/// What becomes of dependents.
@Suite struct GarbageCollectorTests {
    private typealias Fixture = ControllerFixture

    /// Waits until everything that has been committed has been looked at.
    private func settle(_ collector: GarbageCollector) async throws {
        try await eventually("nothing waits") { collector.isIdle }
    }

    @Test("A dependent goes when its only owner is gone, and stays while another one is there")
    func background() async throws {
        let fixture = try await Fixture()
        let a = try await fixture.make("a")
        let b = try await fixture.make("b")
        try await fixture.collecting { collector in
            try await fixture.make("one", owners: [("a", a)])
            try await fixture.make("two", owners: [("a", a), ("b", b)])
            try await settle(collector)
            #expect(fixture.current("one") != nil && fixture.current("two")?.owners.count == 2)

            try await fixture.delete("a", .background)
            try await eventually("one is gone") { fixture.current("one") == nil }
            try await eventually("two has one owner left") { fixture.current("two")?.owners.map(\.uid) == [b] }
        }
    }

    @Test("What happened before the start is made up for: an owner of another uid is gone")
    func scan() async throws {
        let fixture = try await Fixture()
        try await fixture.make("a")
        try await fixture.make("lost", owners: [("a", "00000000-0000-0000-0000-000000000000")])
        try await fixture.collecting { _ in
            try await eventually("lost is gone") { fixture.current("lost") == nil }
            #expect(fixture.current("a") != nil)
        }
    }

    @Test("An owner that is deleted in the foreground goes after its dependents")
    func foreground() async throws {
        let fixture = try await Fixture()
        try await fixture.collecting { collector in
            let a = try await fixture.make("a")
            try await fixture.make("b", owners: [("a", a)], finalizers: ["test/hold"])
            try await settle(collector)
            try await fixture.delete("a", .foreground)
            try await eventually("the dependent is being deleted") { fixture.current("b")?.isDeleting == true }
            try await settle(collector)
            #expect(fixture.current("a")?.isDeletingDependents == true, "it waits for its dependent")

            try await fixture.client.update(
                group: "",
                resource: "configmaps",
                namespace: "default",
                name: "b"
            ) { $0.set(.array([]), at: ["metadata", "finalizers"]) }
            try await eventually("the dependent is gone") { fixture.current("b") == nil }
            try await eventually("the owner is gone") { fixture.current("a") == nil }
        }
    }

    @Test("Orphans stay, without the owner that left them")
    func orphans() async throws {
        let fixture = try await Fixture()
        try await fixture.collecting { collector in
            let a = try await fixture.make("a")
            try await fixture.make("b", owners: [("a", a)])
            try await settle(collector)
            try await fixture.delete("a", .orphan)
            try await eventually("the owner is gone") { fixture.current("a") == nil }
            #expect(fixture.current("b")?.owners.isEmpty == true)
        }
    }

    @Test("Many dependents of one owner go, though several workers take them")
    func many() async throws {
        let fixture = try await Fixture()
        let owner = try await fixture.make("a")
        for number in 0..<100 { try await fixture.make("d\(number)", owners: [("a", owner)]) }
        try await fixture.collecting { _ in
            try await fixture.delete("a", .background)
            try await eventually("all are gone") { (0..<100).allSatisfy { fixture.current("d\($0)") == nil } }
        }
    }
}
