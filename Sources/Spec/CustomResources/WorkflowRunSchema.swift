public import APIMachinery

/// How the API server is to serve WorkflowRuns: like a CustomResourceDefinition, though it is never stored as one.
public enum WorkflowRunDefinition {
    /// The definition, in the form of a CustomResourceDefinition.
    public static let definition: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": ["name": "workflowruns.runs.martinet.dev"],
        "spec": [
            "group": "runs.martinet.dev",
            "names": [
                "plural": "workflowruns", "singular": "workflowrun", "kind": "WorkflowRun",
                "listKind": "WorkflowRunList", "shortNames": ["wfr", "run", "runs"], "categories": ["martinet"],
            ],
            "scope": "Namespaced",
            "versions": [
                [
                    "name": "v1alpha1", "served": true, "storage": true,
                    "schema": ["openAPIV3Schema": schema],
                    "subresources": ["status": [:]],
                    "selectableFields": [
                        ["jsonPath": ".spec.workflowRef.name"], ["jsonPath": ".status.phase"],
                    ],
                    "additionalPrinterColumns": [
                        DefinitionParts.column("Workflow", ".spec.workflowRef.name"),
                        DefinitionParts.column("Phase", ".status.phase"),
                        DefinitionParts.column("Started", ".status.startedAt", type: "date"),
                        DefinitionParts.column("Finished", ".status.finishedAt", type: "date"),
                        DefinitionParts.column("Reason", ".status.reason"),
                        DefinitionParts.column("Age", ".metadata.creationTimestamp", type: "date"),
                    ],
                ]
            ],
        ],
    ]

    private static let conditions: JSONValue = [
        "type": "array",
        "description": "How the run ended, as with Jobs: Complete or Failed. Empty before.",
        "items": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
    ]

    private static let time: JSONValue = ["type": "string", "format": "date-time"]

    private static let schema: JSONValue = [
        "type": "object",
        "description": "One execution of a workflow. It keeps to the revision it started with.",
        "required": ["spec"],
        "properties": [
            "apiVersion": DefinitionParts.text("The version of this kind: runs.martinet.dev/v1alpha1."),
            "kind": DefinitionParts.text("WorkflowRun."),
            "metadata": ["type": "object"],
            "spec": [
                "type": "object",
                "description": "Which workflow to run, and with what.",
                "required": ["workflowRef"],
                "properties": [
                    "workflowRef": [
                        "type": "object", "description": "A Workflow in the run's namespace.", "required": ["name"],
                        "properties": ["name": DefinitionParts.text("Its name.")],
                    ],
                    "params": [
                        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                        "description": "Values of the workflow's parameters by name.",
                    ],
                    "priority": [
                        "type": "integer", "description": "The priority; 12 or more takes the express lane.",
                        "minimum": .int(Int64(Bounds.priority.lowerBound)),
                        "maximum": .int(Int64(Bounds.priority.upperBound)),
                    ],
                ],
            ],
            "status": [
                "type": "object",
                "description": "The state of the run; written by the controller only.",
                "x-kubernetes-preserve-unknown-fields": true,
                "properties": [
                    "phase": DefinitionParts.text("Pending, Running, Suspended, Succeeded, Failed or Cancelled."),
                    "reason": DefinitionParts.text("Why, as a word for programs."),
                    "message": DefinitionParts.text("Why, as a sentence for people."),
                    "startedAt": time,
                    "finishedAt": time,
                    "progress": DefinitionParts.text("Steps that are done, of all steps: 3/5."),
                    "conditions": conditions,
                    "submitter": DefinitionParts.text("Who submitted the run, by the name that was authenticated."),
                    "workflowRevision": DefinitionParts.text("The revision of the workflow that the run keeps to."),
                    "unreadable": [
                        "type": "array", "items": ["type": "string"],
                        "description": "Fields whose stored values are damaged and therefore left out.",
                    ],
                    "steps": [
                        "type": "array",
                        "description": "The steps in the order of the workflow.",
                        "items": [
                            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                            "properties": [
                                "id": DefinitionParts.text("The step."),
                                "phase": DefinitionParts.text(
                                    "Pending, Queued, Running, Succeeded, Failed, Skipped or Cancelled."
                                ),
                                "attempts": ["type": "integer", "description": "How often it was tried."],
                                "deliveries": [
                                    "type": "integer",
                                    "description": "How often a runner was given the step, all attempts together.",
                                ],
                                "startedAt": time,
                                "finishedAt": time,
                                "runner": DefinitionParts.text("The Pod that ran the last attempt."),
                                "output": [
                                    "description": "The output of the step, of any JSON type.",
                                    "x-kubernetes-preserve-unknown-fields": true,
                                ],
                                "error": [
                                    "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                                    "description": "Why it failed: reason, message, exitCode.",
                                ],
                                "metrics": [
                                    "type": "object", "additionalProperties": ["type": "number"],
                                    "description":
                                        "Measurements of the last attempt, by the names of the runner protocol.",
                                ],
                            ],
                        ],
                    ],
                ],
            ],
        ],
    ]
}
