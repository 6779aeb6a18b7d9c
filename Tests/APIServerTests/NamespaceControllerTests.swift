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

/// How namespaces are filled and emptied, step by step.
@Suite struct NamespaceControllerTests {
    private func namespace(_ fixture: ControllerFixture, _ name: String) -> CachedObject? {
        fixture.core.caches["namespaces"]?.current(name)
    }

    private func make(_ fixture: ControllerFixture, _ name: String) async throws {
        let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        try await fixture.client.create(group: "", resource: "namespaces", namespace: "", object)
        try await eventually("the namespace is there") { namespace(fixture, name) != nil }
    }

    private func delete(_ fixture: ControllerFixture, _ name: String) async throws {
        try await fixture.client.delete(
            group: "",
            resource: "namespaces",
            namespace: "",
            name: name,
            uid: nil,
            propagation: nil
        )
        try await eventually("it is being deleted") { namespace(fixture, name)?.isDeleting == true }
    }

    private func condition(_ fixture: ControllerFixture, _ name: String, _ type: String) throws -> String? {
        let conditions = try namespace(fixture, name)?.document().value(at: "status", "conditions")?.arrayValue ?? []
        return conditions.first { $0["type"]?.stringValue == type }?["status"]?.stringValue
    }

    @Test("Every namespace has its service account, again if somebody takes it away")
    func serviceAccount() async throws {
        let fixture = try await ControllerFixture()
        let controller = NamespaceController(core: fixture.core, client: fixture.client)
        try await make(fixture, "team")
        for _ in 0..<2 {
            try await controller.reconcile("team")
            try await eventually("the account is there") {
                fixture.core.caches["serviceaccounts"]?.current("team/default") != nil
            }
            try await fixture.client.delete(
                group: "",
                resource: "serviceaccounts",
                namespace: "team",
                name: "default",
                uid: nil,
                propagation: nil
            )
            try await eventually("the account is gone") {
                fixture.core.caches["serviceaccounts"]?.current("team/default") == nil
            }
        }
    }

    @Test("A namespace goes when everything in it has gone, and says until then what holds it")
    func deletion() async throws {
        let fixture = try await ControllerFixture()
        let controller = NamespaceController(core: fixture.core, client: fixture.client)
        try await make(fixture, "team")
        try await fixture.make("free", namespace: "team")
        try await fixture.make("held", namespace: "team", finalizers: ["test/hold"])
        try await fixture.make("elsewhere")
        try await delete(fixture, "team")
        try await controller.reconcile("team")
        try await eventually("what is free is gone") { fixture.current("free", namespace: "team") == nil }
        #expect(fixture.current("held", namespace: "team")?.isDeleting == true)
        try await eventually("it says what holds it") {
            try condition(fixture, "team", "NamespaceFinalizersRemaining") == "True"
        }
        #expect(try condition(fixture, "team", "NamespaceContentRemaining") == "True")

        try await fixture.client.update(
            group: "",
            resource: "configmaps",
            namespace: "team",
            name: "held",
            subresource: ""
        ) { $0.set(.array([]), at: ["metadata", "finalizers"]) }
        try await eventually("what was held is gone") { fixture.current("held", namespace: "team") == nil }
        try await eventually("the namespace is gone") {
            try await controller.reconcile("team")
            return namespace(fixture, "team") == nil
        }
        #expect(fixture.current("elsewhere") != nil)
    }
}
