extension StrategicMergeSchema {
    /// The schema of a built-in kind; the group of the core API is empty. Custom resources have none: strategic
    /// merge patch is refused for them.
    public static func builtIn(group: String, kind: String) -> StrategicMergeSchema? {
        guard kinds[group]?.contains(kind) == true else { return nil }
        return StrategicMergeSchema(fields: types[kind] ?? ["metadata": metadata], types: types)
    }

    /// The special fields of a type of those kinds, such as `PodSpec`, for OpenAPI documents.
    public static func fields(ofType type: String) -> [String: Field] { types[type] ?? [:] }

    private static let kinds: [String: Set<String>] = [
        "": [
            "ConfigMap", "Event", "Namespace", "Node", "Pod", "PodTemplate", "ReplicationController", "Secret",
            "Service", "ServiceAccount",
        ],
        "apiextensions.k8s.io": ["CustomResourceDefinition"],
        "apps": ["ControllerRevision"],
        "autoscaling": ["HorizontalPodAutoscaler"],
        "coordination.k8s.io": ["Lease"],
        "events.k8s.io": ["Event"],
        "policy": ["PodDisruptionBudget"],
    ]

    private static let metadata = Field.object("ObjectMeta")

    private static let containerFields: [String: Field] = [
        "env": .list(by: "name"),
        "ports": .list(by: "containerPort"),
        "volumeDevices": .list(by: "devicePath"),
        "volumeMounts": .list(by: "mountPath"),
    ]

    /// The tags of k8s.io/api and k8s.io/apimachinery 1.36. Fields that they do not tag are left out.
    private static let types: [String: [String: Field]] = [
        "ObjectMeta": ["finalizers": .set, "ownerReferences": .list(by: "uid")],

        "Pod": ["metadata": metadata, "spec": .object("PodSpec"), "status": .object("PodStatus")],
        "PodSpec": [
            "containers": .list(by: "name", of: "Container"),
            "ephemeralContainers": .list(by: "name", of: "EphemeralContainer"),
            "hostAliases": .list(by: "ip"),
            "imagePullSecrets": .list(by: "name"),
            "initContainers": .list(by: "name", of: "Container"),
            "resourceClaims": .list(by: "name", retainsKeys: true),
            "schedulingGates": .list(by: "name"),
            "topologySpreadConstraints": .list(by: "topologyKey"),
            "volumes": .list(by: "name", retainsKeys: true),
        ],
        "Container": containerFields,
        "EphemeralContainer": containerFields,
        "PodStatus": [
            "conditions": .list(by: "type"),
            "hostIPs": .list(by: "ip"),
            "podIPs": .list(by: "ip"),
            "resourceClaimStatuses": .list(by: "name", retainsKeys: true),
        ],
        "PodTemplate": ["metadata": metadata, "template": .object("PodTemplateSpec")],
        "PodTemplateSpec": ["metadata": metadata, "spec": .object("PodSpec")],
        "ReplicationController": [
            "metadata": metadata, "spec": .object("ReplicationControllerSpec"), "status": .object("ConditionsStatus"),
        ],
        "ReplicationControllerSpec": ["template": .object("PodTemplateSpec")],

        "Namespace": ["metadata": metadata, "status": .object("ConditionsStatus")],
        "Node": ["metadata": metadata, "spec": .object("NodeSpec"), "status": .object("NodeStatus")],
        "NodeSpec": ["podCIDRs": .set],
        "NodeStatus": ["addresses": .list(by: "type"), "conditions": .list(by: "type")],
        "Service": ["metadata": metadata, "spec": .object("ServiceSpec"), "status": .object("ConditionsStatus")],
        "ServiceSpec": ["ports": .list(by: "port")],
        "ServiceAccount": ["metadata": metadata, "secrets": .list(by: "name")],

        "HorizontalPodAutoscaler": ["metadata": metadata, "status": .object("ConditionsStatus")],
        "PodDisruptionBudget": [
            "metadata": metadata, "spec": .object("PodDisruptionBudgetSpec"), "status": .object("ConditionsStatus"),
        ],
        "PodDisruptionBudgetSpec": ["selector": Field(strategy: .replace)],

        // Every status whose only special field are its conditions.
        "ConditionsStatus": ["conditions": .list(by: "type")],
    ]
}
