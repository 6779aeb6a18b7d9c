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
                        DefinitionParts.column("Kind", ".spec.kind"),
                        DefinitionParts.column("Namespace", ".spec.namespace"),
                        DefinitionParts.column("Subject", ".spec.name"),
                        DefinitionParts.column("Deaths", ".status.deaths", type: "integer"),
                        DefinitionParts.column("Signal", ".status.signal"),
                        DefinitionParts.column("Age", ".metadata.creationTimestamp", type: "date"),
                    ],
                ]
            ],
        ],
    ]

    private static let schema: JSONValue = [
        "type": "object",
        "description":
            "What the plane no longer works on, because it crashed twice while working on it. Delete it to release it.",
        "required": ["spec"],
        "properties": [
            "apiVersion": DefinitionParts.text("The version of this kind: martinet.dev/v1alpha1."),
            "kind": DefinitionParts.text("Quarantine."),
            "metadata": ["type": "object"],
            "spec": [
                "type": "object",
                "description": "What is quarantined.",
                "required": ["kind", "name"],
                "properties": [
                    "kind": DefinitionParts.text(
                        "The kind of work: a controller's name, run, pod, catalog, submission or request."
                    ),
                    "namespace": DefinitionParts.text(
                        "The namespace of what was worked on; empty where there is no namespace."
                    ),
                    "name": DefinitionParts.text("The name of what was worked on."),
                    "uid": DefinitionParts.text(
                        "The uid of what was worked on; another object of the name is not quarantined."
                    ),
                ],
            ],
            "status": [
                "type": "object",
                "description": "Why it is quarantined.",
                "properties": [
                    "deaths": ["type": "integer", "description": "How often the plane crashed while working on it."],
                    "signal": DefinitionParts.text("The signal of the last crash."),
                    "message": DefinitionParts.text("What happened and what to do, as a sentence for people."),
                ],
            ],
        ],
    ]
}
