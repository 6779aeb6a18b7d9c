import APIMachinery
import Storage
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// Roles and bindings that are stored and cannot be read.
@Suite struct UnreadableGrantTests {
    private static func change(_ resource: String, _ document: String) -> ObjectChange {
        ObjectChange(
            key: ObjectKey(resource: "\(resource).rbac.authorization.k8s.io", path: "a"),
            kind: .updated,
            revision: 1,
            bytes: Array(document.utf8)
        )
    }

    private static let role = #"""
        {"metadata":{"name":"a"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}
        """#
    private static let binding = #"""
        {"metadata":{"name":"a"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"a"},
        "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"x"}]}
        """#

    @Test(
        "They are reported, and grant nothing of what they granted before",
        arguments: ["clusterroles", "clusterrolebindings"]
    )
    func revoked(_ resource: String) throws {
        let authorizer = RBACAuthorizer()
        let wish = AccessAttributes(user: UserInfo(name: "x"), verb: "get", group: "", resource: "pods", name: "p")
        func isAllowed() -> Bool { if case .allowed = authorizer.authorize(wish) { true } else { false } }
        try authorizer.apply(Self.change("clusterroles", Self.role))
        try authorizer.apply(Self.change("clusterrolebindings", Self.binding))
        #expect(isAllowed())
        #expect(throws: (any Error).self) { try authorizer.apply(Self.change(resource, "{")) }
        #expect(!isAllowed())
    }
}
