public import APIMachinery

/// The CustomResourceDefinitions of Martinet's kinds, as they stand in `manifests/crds`.
///
/// WorkflowRun has none: its objects live in the run store and are served from there.
public enum CustomResourceDefinitions {
    /// The definitions by the name of their file.
    public static let all: [(file: String, definition: JSONValue)] = [
        ("martinet.dev_workflows.yaml", workflows),
        ("martinet.dev_workerpools.yaml", workerPools),
    ]

    private static func definition(
        _ names: JSONValue,
        plural: String,
        schema: JSONValue,
        columns: [JSONValue],
        subresources: JSONValue
    ) -> JSONValue {
        [
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).martinet.dev")],
            "spec": [
                "group": "martinet.dev",
                "names": names,
                "scope": "Namespaced",
                "versions": [
                    [
                        "name": "v1alpha1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": schema],
                        "subresources": subresources,
                        "additionalPrinterColumns": .array(columns),
                    ]
                ],
            ],
        ]
    }

    private static func column(
        _ name: String,
        _ path: String,
        type: String = "string",
        wide: Bool = false,
        _ description: String
    ) -> JSONValue {
        var column: JSONValue = [
            "name": .string(name), "type": .string(type), "jsonPath": .string(path),
            "description": .string(description),
        ]
        if wide { column["priority"] = 1 }
        return column
    }

    static let workflows = definition(
        [
            "plural": "workflows", "singular": "workflow", "kind": "Workflow", "listKind": "WorkflowList",
            "shortNames": ["wf"], "categories": ["martinet", "all"],
        ],
        plural: "workflows",
        schema: WorkflowSchema.schema,
        columns: [
            column("Pool", ".spec.pool", "The pool whose runners do the work"),
            column("Revision", ".status.revision", type: "integer", "The revision that new runs use"),
            column("Valid", ".status.conditions[?(@.type==\"Ready\")].status", "Whether runs can start"),
            column("Age", ".metadata.creationTimestamp", type: "date", "When it was created"),
        ],
        subresources: ["status": [:]]
    )

    static let workerPools = definition(
        [
            "plural": "workerpools", "singular": "workerpool", "kind": "WorkerPool", "listKind": "WorkerPoolList",
            "shortNames": ["wp", "pool"], "categories": ["martinet", "all"],
        ],
        plural: "workerpools",
        schema: WorkerPoolSchema.schema,
        columns: [
            column("Version", ".status.version", "The version that runs"),
            column("Desired", ".status.desiredReplicas", type: "integer", "Runners that are wanted"),
            column("Ready", ".status.readyReplicas", type: "integer", "Runners that take jobs"),
            column("Up-to-date", ".status.updatedReplicas", type: "integer", "Runners of the newest revision"),
            column("Busy", ".status.busyReplicas", type: "integer", wide: true, "Runners that have jobs"),
            column("Queued", ".status.queue.depth", type: "integer", "Jobs that wait"),
            column("Leased", ".status.queue.leased", type: "integer", "Jobs that run"),
            column("Status", ".status.reason", "The reason of the worst condition"),
            column("Age", ".metadata.creationTimestamp", type: "date", "When it was created"),
        ],
        subresources: [
            "status": [:],
            "scale": [
                "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            ],
        ]
    )
}
