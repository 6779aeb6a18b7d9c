import APIMachinery
import AccessControl
import LocalNode
import Spec

/// Who the parts of a plane are towards its API server, and what each may do.
///
/// Nothing that runs all the time has an administrator's rights. Runners have none at all: they speak to the HTTP
/// port, with a token of their pool.
enum PlaneIdentities {
    static let controller = ClientIdentity(name: "controller", user: Roles.controllerUser)

    /// A node is called as on any cluster, and may touch no other node.
    static let node = ClientIdentity(
        name: "node",
        user: "system:node:\(LocalNode.Options.hostName())",
        groups: ["system:nodes"]
    )

    /// The roles and bindings that the plane's API server begins with.
    static let roles: [JSONValue] =
        Roles.all.map(\.role) + [
            nodeRole, autoscalerRole,
            binding(autoscalerRoleName, to: controller.user),
            binding(Roles.controllerName, to: controller.user),
            binding(nodeRoleName, to: node.user),
        ]

    private static let nodeRoleName = "martinet-node"

    private static let nodeRole: JSONValue = {
        let own = [LocalNode.Options.hostName()]
        return Roles.role(
            nodeRoleName,
            [
                Roles.rule(["create"], "", ["nodes"]),
                Roles.rule(["get"], "", ["nodes"], names: own),
                Roles.rule(["patch"], "", ["nodes/status"], names: own),
                Roles.rule(["create"], "coordination.k8s.io", ["leases"]),
                Roles.rule(["patch"], "coordination.k8s.io", ["leases"], names: own),
                Roles.rule(["list", "watch", "delete"], "", ["pods"]),
                Roles.rule(["patch"], "", ["pods/status"]),
                // It is its own scheduler.
                Roles.rule(["create"], "", ["pods/binding"]),
                Roles.rule(["create", "patch"], "", ["events"]),
            ]
        )
    }()

    private static let autoscalerRoleName = "martinet-horizontal-autoscaler"

    /// What the controller may do besides, because no cluster scales its pools horizontally.
    private static let autoscalerRole = Roles.role(
        autoscalerRoleName,
        [
            Roles.rule(["list", "watch"], "autoscaling", ["horizontalpodautoscalers"]),
            Roles.rule(["patch"], "autoscaling", ["horizontalpodautoscalers/status"]),
            Roles.rule(["patch"], "martinet.dev", ["workerpools/scale"]),
        ]
    )

    private static func binding(_ role: String, to user: String) -> JSONValue {
        let group = "rbac.authorization.k8s.io"
        return [
            "apiVersion": .string("\(group)/v1"), "kind": "ClusterRoleBinding",
            "metadata": ["name": .string(role), "labels": ["app.kubernetes.io/part-of": "martinet"]],
            "roleRef": ["apiGroup": .string(group), "kind": "ClusterRole", "name": .string(role)],
            "subjects": [["apiGroup": .string(group), "kind": "User", "name": .string(user)]],
        ]
    }
}
