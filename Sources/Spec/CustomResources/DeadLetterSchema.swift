public import APIMachinery

/// How the API server is to serve dead letters: jobs that were delivered too often without ever being reported. Like a
/// CustomResourceDefinition, though it is never stored as one.
public enum DeadLetterDefinition {
    /// Where dead letters are served.
    public static let resource = GroupVersionResource(
        group: "runs.martinet.dev",
        version: "v1alpha1",
        resource: "deadletters"
    )

    /// The definition, in the form of a CustomResourceDefinition.
    public static let definition: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": ["name": "deadletters.runs.martinet.dev"],
        "spec": [
            "group": "runs.martinet.dev",
            "names": [
                "plural": "deadletters", "singular": "deadletter", "kind": "DeadLetter", "listKind": "DeadLetterList",
                "categories": ["martinet"],
            ],
            "scope": "Namespaced",
            "versions": [
                [
                    "name": "v1alpha1", "served": true, "storage": true,
                    "schema": ["openAPIV3Schema": schema],
                    "subresources": ["status": [:]],
                    "selectableFields": [["jsonPath": ".status.pool"]],
                    "additionalPrinterColumns": [
                        DefinitionParts.column("Pool", ".status.pool"), DefinitionParts.column("Run", ".status.run"),
                        DefinitionParts.column("Step", ".status.step"),
                        DefinitionParts.column("Deliveries", ".status.deliveries", type: "integer"),
                        DefinitionParts.column("Age", ".metadata.creationTimestamp", type: "date"),
                        DefinitionParts.column("Message", ".status.message"),
                    ],
                ]
            ],
        ],
    ]

    private static let schema: JSONValue = [
        "type": "object",
        "description": "A job that was delivered too often without being reported. Deleting it discards the job.",
        "properties": [
            "apiVersion": DefinitionParts.text("The version of this kind: runs.martinet.dev/v1alpha1."),
            "kind": DefinitionParts.text("DeadLetter."),
            "metadata": ["type": "object"],
            "status": [
                "type": "object",
                "description": "The job, and why it is a dead letter; written by the controller only.",
                "properties": [
                    "pool": DefinitionParts.text("The worker pool in whose queue the job was."),
                    "run": DefinitionParts.text("The WorkflowRun that the job belongs to."),
                    "workflow": DefinitionParts.text("The Workflow of that run."),
                    "step": DefinitionParts.text("The step of the run."),
                    "attempt": ["type": "integer", "description": "The number of the step's attempt."],
                    "deliveries": ["type": "integer", "description": "How often the job was given to a runner."],
                    "message": DefinitionParts.text("Why it is a dead letter."),
                    "enqueuedAt": ["type": "string", "format": "date-time"],
                ],
            ],
        ],
    ]
}
