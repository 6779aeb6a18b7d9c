import APIMachinery

/// The OpenAPI schema of a Workflow.
enum WorkflowSchema {
    static let schema = OpenAPI.object(
        "A graph of steps that agents run.",
        required: ["spec"],
        [
            "apiVersion": OpenAPI.string("The version of this kind: martinet.dev/v1alpha1."),
            "kind": OpenAPI.string("Workflow."),
            "metadata": ["type": "object"],
            "spec": spec,
            "status": status,
        ]
    )

    private static let spec = OpenAPI.object(
        "What the workflow does. Every change is a new revision; a run keeps to the one it started with.",
        required: ["steps"],
        [
            "pool": OpenAPI.withDefault(
                "default",
                OpenAPI.string("The WorkerPool in the same namespace whose runners do the work.", maxLength: 253)
            ),
            "params": OpenAPI.list(
                "What a run may be given.",
                of: OpenAPI.object(
                    "One parameter.",
                    required: ["name"],
                    [
                        "name": OpenAPI.string("Expressions call it params.NAME.", maxLength: 63),
                        "description": OpenAPI.string("What it is for."),
                        "default": OpenAPI.any("What a run gets that does not give it; of any JSON type."),
                        "required": OpenAPI.boolean(
                            "Whether a run without it is refused where there is no default. Default: true."
                        ),
                    ]
                ),
                keys: ["name"],
                maxItems: 256
            ),
            "priority": OpenAPI.integer("12 and more take the express lane. Default: 0."),
            "policy": policy,
            "steps": OpenAPI.list(
                "The steps; dependsOn gives their order.",
                of: step,
                keys: ["id"],
                minItems: 1,
                maxItems: 10_000
            ),
        ]
    )

    private static let retry = OpenAPI.object(
        "How often, and how soon, a failed attempt is tried again.",
        [
            "maxAttempts": OpenAPI.integer("Attempts in all, the first included. Default: 1.", minimum: 1),
            "initialIntervalSeconds": OpenAPI.number("Seconds before the second attempt. Default: 1.", minimum: 0),
            "backoffCoefficient": OpenAPI.number("By what each wait is longer than the last. Default: 2.", minimum: 1),
            "maxIntervalSeconds": OpenAPI.number("No wait is longer. Default: 60.", minimum: 0),
            "nonRetryableReasons": OpenAPI.list(
                "Values of error.reason that are final at once.",
                of: ["type": "string"],
                isSet: true
            ),
        ]
    )

    private static let policy = OpenAPI.object(
        "Bounds that hold for a whole run.",
        [
            "parallelism": OpenAPI.integer("Steps queued or running at once. Default: no bound.", minimum: 1),
            "timeoutSeconds": OpenAPI.integer("Seconds until the run fails. Default: no bound.", minimum: 1),
            "retry": retry,
            "maxTokens": OpenAPI.integer("Tokens that all steps may use together.", minimum: 1, format: "int64"),
            "caching": OpenAPI.object(
                "Reuse of the outputs of equal work.",
                [
                    "enabled": OpenAPI.boolean("Whether outputs may be reused."),
                    "ttlSeconds": OpenAPI.integer("Seconds for which an output may be reused.", minimum: 1),
                ]
            ),
        ]
    )

    private static let step = OpenAPI.object(
        "One step.",
        required: ["id", "actor"],
        [
            "id": OpenAPI.string("Unique among the steps; expressions call it steps.ID.", maxLength: 63),
            "actor": OpenAPI.choice("Who does the work.", WorkflowValidation.actors),
            "with": OpenAPI.freeObject("What the actor is told; ${{ }} expands in every string."),
            "dependsOn": OpenAPI.list("Steps that end before this one begins.", of: ["type": "string"]),
            "when": OpenAPI.string("A CEL expression; where it is false the step is skipped.", maxLength: 4096),
            "retry": retry,
            "timeoutSeconds": OpenAPI.integer("Seconds that one attempt may take.", minimum: 1),
        ]
    )

    private static let status = OpenAPI.object(
        "What the controller observed.",
        [
            "observedGeneration": OpenAPI.integer("The generation this status is about.", format: "int64"),
            "conditions": OpenAPI.conditions,
            "currentRevision": OpenAPI.string("The ControllerRevision that new runs use."),
            "revision": OpenAPI.integer("Its number.", format: "int64"),
            "runs": OpenAPI.map(
                "Kept runs by phase.",
                of: ["type": "integer", "format": "int64"]
            ),
        ]
    )
}
