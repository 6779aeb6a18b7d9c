public import APIMachinery

/// ClusterRoles that Martinet needs or offers, as they stand in `manifests/rbac`.
public enum Roles {
    /// The user that the controller is, where it has a certificate of its own.
    public static let controllerUser = "system:martinet:controller"
    /// The ClusterRole of the controller.
    public static let controllerName = "martinet-controller"

    /// The roles by the name of their file.
    public static let all: [(file: String, role: JSONValue)] = [
        ("martinet-controller.yaml", controller), ("martinet-edit.yaml", edit), ("martinet-view.yaml", view),
    ]

    private static let read = ["get", "list", "watch"]
    private static let write = ["create", "delete", "deletecollection", "patch", "update"]

    /// What the controller does, and nothing besides. Of Secrets it reads and writes only the runners' own, by name.
    private static let controller = role(
        controllerName,
        [
            rule(["get", "list", "watch", "patch"], "martinet.dev", ["workerpools"]),
            rule(["list", "watch"], "martinet.dev", ["workflows"]),
            rule(["patch"], "martinet.dev", ["workerpools/status", "workflows/status"]),
            rule(["get", "list", "watch", "create", "patch", "delete"], "", ["pods"]),
            rule(["list", "watch", "create", "patch", "delete"], "apps", ["controllerrevisions"]),
            rule(["create"], "", ["secrets"]),
            rule(["list", "watch", "patch"], "", ["secrets"], names: ["martinet-runner"]),
            rule(["create", "patch"], "", ["events"]),
            // Who of several replicas leads.
            rule(["create"], "coordination.k8s.io", ["leases"]),
            rule(["get", "update"], "coordination.k8s.io", ["leases"], names: ["martinet-controller"]),
        ]
    )

    /// Goes into the `edit` and `admin` of the cluster.
    private static let edit = role(
        "martinet-edit",
        [
            rule(write, "martinet.dev", ["workerpools", "workflows"]),
            rule(["patch", "update"], "martinet.dev", ["workerpools/scale"]),
            rule(write, "runs.martinet.dev", ["workflowruns"]),
            rule(["create"], "runs.martinet.dev", ["workflowruns/cancel", "workflowruns/retry"]),
        ],
        aggregatesTo: "edit"
    )

    /// Goes into the `view` of the cluster.
    private static let view = role(
        "martinet-view",
        [
            rule(
                read,
                "martinet.dev",
                ["workerpools", "workerpools/scale", "workerpools/status", "workflows", "workflows/status"]
            ),
            rule(read, "runs.martinet.dev", ["workflowruns", "workflowruns/logs"]),
        ],
        aggregatesTo: "view"
    )

    /// A ClusterRole.
    public static func role(_ name: String, _ rules: [JSONValue], aggregatesTo target: String? = nil) -> JSONValue {
        var labels: JSONValue = ["app.kubernetes.io/part-of": "martinet"]
        if let target { labels["rbac.authorization.k8s.io/aggregate-to-\(target)"] = "true" }
        return [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": ["name": .string(name), "labels": labels], "rules": .array(rules),
        ]
    }

    /// One rule of a role.
    public static func rule(
        _ verbs: [String],
        _ group: String,
        _ resources: [String],
        names: [String] = []
    ) -> JSONValue {
        func list(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
        var rule: JSONValue = ["apiGroups": [.string(group)], "resources": list(resources), "verbs": list(verbs)]
        if !names.isEmpty { rule["resourceNames"] = list(names) }
        return rule
    }
}
