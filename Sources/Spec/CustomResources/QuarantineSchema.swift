public import APIMachinery

/// How the API server is to serve what is put aside because the plane died over it: like a CustomResourceDefinition,
/// though it is never stored as one.
public enum QuarantineDefinition {
    /// Where the objects are served. Deleting one releases it.
    public static let resource = GroupVersionResource(
        group: "martinet.dev",
        version: "v1alpha1",
        resource: "quarantines"
    )

    /// The definition, in the form of a CustomResourceDefinition.
    public static let definition: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": ["name": "quarantines.martinet.dev"],
        "spec": [
            "group": "martinet.dev",
            "names": [
                "plural": "quarantines", "singular": "quarantine", "kind": "Quarantine",
                "listKind": "QuarantineList",
            ],
            "scope": "Cluster",
            "versions": [
                [
                    "name": "v1alpha1", "served": true, "storage": true,
                    "schema": ["openAPIV3Schema": schema],
                    "subresources": ["status": [:]],
                    "additionalPrinterColumns": [
                        column("Kind", ".spec.kind"), column("Namespace", ".spec.namespace"),
                        column("Subject", ".spec.name"), column("Deaths", ".status.deaths", type: "integer"),
                        column("Signal", ".status.signal"),
                        column("Age", ".metadata.creationTimestamp", type: "date"),
                    ],
                ]
            ],
        ],
    ]

    private static func column(_ name: String, _ path: String, type: String = "string") -> JSONValue {
        ["name": .string(name), "type": .string(type), "jsonPath": .string(path)]
    }

    private static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }

    private static let schema: JSONValue = [
        "type": "object",
        "description":
            "Something the plane no longer works on, because it died over it twice. Delete it to release it.",
        "required": ["spec"],
        "properties": [
            "apiVersion": text("The version of this kind: martinet.dev/v1alpha1."),
            "kind": text("Quarantine."),
            "metadata": ["type": "object"],
            "spec": [
                "type": "object",
                "description": "What is quarantined.",
                "required": ["kind", "name"],
                "properties": [
                    "kind": text("The kind of work: a controller's name, run, pod, catalog, submission or request."),
                    "namespace": text("The namespace of what was worked on; empty for what has none."),
                    "name": text("The name of what was worked on."),
                ],
            ],
            "status": [
                "type": "object",
                "description": "Why it is quarantined.",
                "properties": [
                    "deaths": ["type": "integer", "description": "How often the plane died over it."],
                    "signal": text("The signal of the last death."),
                    "message": text("What happened and what to do, as a sentence for people."),
                ],
            ],
        ],
    ]
}
