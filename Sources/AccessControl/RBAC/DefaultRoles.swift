package import APIMachinery

/// The roles and bindings that every Kubernetes cluster begins with, as far as they are about what is served here.
package enum DefaultRoles {
    private static let read = ["get", "list", "watch"]
    private static let write = ["create", "delete", "deletecollection", "patch", "update"]
    private static let aggregationLabel = "rbac.authorization.k8s.io/aggregate-to-"

    /// ClusterRoles and ClusterRoleBindings.
    package static let all: [JSONValue] = roles + bindings

    private static let roles: [JSONValue] = [
        role("cluster-admin", PolicyRule.everything),
        role(
            "system:discovery",
            [
                paths(
                    "/api",
                    "/api/*",
                    "/apis",
                    "/apis/*",
                    "/healthz",
                    "/livez",
                    "/openapi",
                    "/openapi/*",
                    "/readyz",
                    "/version",
                    "/version/"
                )
            ]
        ),
        role("system:public-info-viewer", [paths("/healthz", "/livez", "/readyz", "/version", "/version/")]),
        role(
            "system:monitoring",
            [paths("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/readyz", "/readyz/*")]
        ),
        role(
            "system:basic-user",
            [
                rule(["create"], "authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
                rule(["create"], "authentication.k8s.io", "selfsubjectreviews"),
            ]
        ),
        role(
            "system:auth-delegator",
            [
                rule(["create"], "authentication.k8s.io", "tokenreviews"),
                rule(["create"], "authorization.k8s.io", "subjectaccessreviews"),
            ]
        ),
        aggregated("admin", from: "admin"),
        aggregated("edit", from: "edit", labels: ["admin"]),
        aggregated("view", from: "view", labels: ["edit"]),
        role(
            "system:aggregate-to-admin",
            [
                rule(["create"], "authorization.k8s.io", "localsubjectaccessreviews"),
                rule(write + read, RoleIndex.group, "rolebindings", "roles"),
            ],
            aggregatesTo: ["admin"]
        ),
        role(
            "system:aggregate-to-edit",
            [
                rule(read, "", "secrets"),
                rule(["impersonate"], "", "serviceaccounts"),
                rule(write, "", "pods"),
                rule(["create"], "", "pods/eviction"),
                rule(write, "", "configmaps", "events", "secrets", "serviceaccounts"),
                rule(write + read, "coordination.k8s.io", "leases"),
                rule(write, "autoscaling", "horizontalpodautoscalers"),
                rule(write, "policy", "poddisruptionbudgets"),
            ],
            aggregatesTo: ["edit"]
        ),
        role(
            "system:aggregate-to-view",
            [
                rule(read, "", "configmaps", "pods", "serviceaccounts", "services"),
                rule(
                    read,
                    "",
                    "events",
                    "limitranges",
                    "namespaces/status",
                    "pods/log",
                    "pods/status",
                    "resourcequotas"
                ),
                rule(read, "", "namespaces"),
                rule(read, "apps", "controllerrevisions"),
                rule(read, "events.k8s.io", "events"),
                rule(read, "metrics.k8s.io", "pods"),
                rule(read, "autoscaling", "horizontalpodautoscalers", "horizontalpodautoscalers/status"),
                rule(read, "policy", "poddisruptionbudgets", "poddisruptionbudgets/status"),
            ],
            aggregatesTo: ["view"]
        ),
    ]

    private static let bindings: [JSONValue] = [
        binding("cluster-admin", to: ["system:masters"]),
        binding("system:discovery", to: ["system:authenticated"]),
        binding("system:basic-user", to: ["system:authenticated"]),
        binding("system:public-info-viewer", to: ["system:authenticated", "system:unauthenticated"]),
        binding("system:monitoring", to: ["system:monitoring"]),
    ]

    // MARK: Writing them down

    private static func rule(_ verbs: [String], _ group: String, _ resources: String...) -> PolicyRule {
        PolicyRule(verbs: verbs, apiGroups: [group], resources: resources)
    }

    private static func paths(_ paths: String...) -> PolicyRule { PolicyRule(verbs: ["get"], nonResourceURLs: paths) }

    private static func object(_ kind: String, _ name: String, aggregatesTo targets: [String]) -> JSONValue {
        var labels: JSONValue = ["kubernetes.io/bootstrapping": "rbac-defaults"]
        for target in targets { labels[aggregationLabel + target] = "true" }
        return [
            "apiVersion": .string("\(RoleIndex.group)/v1"), "kind": .string(kind),
            "metadata": ["name": .string(name), "labels": labels],
        ]
    }

    private static func role(_ name: String, _ rules: [PolicyRule], aggregatesTo targets: [String] = []) -> JSONValue {
        var role = object("ClusterRole", name, aggregatesTo: targets)
        role["rules"] = .array(rules.map(\.json))
        return role
    }

    private static func aggregated(_ name: String, from source: String, labels targets: [String] = []) -> JSONValue {
        var role = object("ClusterRole", name, aggregatesTo: targets)
        let selector: JSONValue = ["matchLabels": [aggregationLabel + source: "true"]]
        role["aggregationRule"] = ["clusterRoleSelectors": [selector]]
        return role
    }

    private static func binding(_ role: String, to groups: [String]) -> JSONValue {
        var binding = object("ClusterRoleBinding", role, aggregatesTo: [])
        binding["roleRef"] = ["apiGroup": .string(RoleIndex.group), "kind": "ClusterRole", "name": .string(role)]
        binding["subjects"] = .array(
            groups.map { ["apiGroup": .string(RoleIndex.group), "kind": "Group", "name": .string($0)] }
        )
        return binding
    }
}
