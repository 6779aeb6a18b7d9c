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
                "The parameters of a run.",
                of: OpenAPI.object(
                    "One parameter.",
                    required: ["name"],
                    [
                        "name": OpenAPI.string("Expressions call it params.NAME.", maxLength: 63),
                        "description": OpenAPI.string("What it is for."),
                        "default": OpenAPI.any("The value if a run does not give one; of any JSON type."),
                        "required": OpenAPI.boolean(
                            "Whether a run must give the parameter if it has no default. Default: true."
                        ),
                    ]
                ),
                keys: ["name"],
                maxItems: 256
            ),
            "priority": OpenAPI.integer(
                "Runs with a priority of at least the pool's queue.expressPriority (12) take the express lane. "
                    + "Default: 0.",
                in: Bounds.priority
            ),
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
            "maxAttempts": OpenAPI.integer("Attempts in all, the first included. Default: 1.", in: Bounds.attempts),
            "initialIntervalSeconds": OpenAPI.number(
                "Seconds before the second attempt. Default: 1.",
                in: Bounds.intervalSeconds
            ),
            "backoffCoefficient": OpenAPI.number(
                "The factor by which the wait grows after each attempt. Default: 2.",
                in: Bounds.backoffCoefficient
            ),
            "maxIntervalSeconds": OpenAPI.number(
                "The longest wait between two attempts, in seconds. Default: 60.",
                in: Bounds.intervalSeconds
            ),
            "nonRetryableReasons": OpenAPI.list(
                "Values of error.reason that are not retried.",
                of: ["type": "string"],
                isSet: true
            ),
        ]
    )

    private static let policy = OpenAPI.object(
        "Bounds that hold for a whole run.",
        [
            "parallelism": OpenAPI.integer(
                "Steps queued or running at once. Default: no bound.",
                in: Bounds.parallelism
            ),
            "timeoutSeconds": OpenAPI.integer(
                "Seconds from the creation of a run until it fails with DeadlineExceeded. Default: no bound.",
                in: Bounds.timeoutSeconds
            ),
            "retry": retry,
            "maxTokens": OpenAPI.integer(
                "Tokens that all steps may use together. Has no effect yet.",
                in: Bounds.tokens,
                format: "int64"
            ),
            "caching": OpenAPI.object(
                "Reuse of the outputs of equal work. Has no effect yet.",
                [
                    "enabled": OpenAPI.boolean("Whether outputs may be reused."),
                    "ttlSeconds": OpenAPI.integer(
                        "Seconds for which an output may be reused.",
                        in: Bounds.timeoutSeconds
                    ),
                ]
            ),
        ]
    )

    private static let step = OpenAPI.object(
        "One step.",
        required: ["id", "actor"],
        [
            "id": OpenAPI.string("Unique among the steps; expressions call it steps.ID.", maxLength: 63),
            "actor": OpenAPI.choice(
                "Who does the work. The built-in runner offers exec, sleep and noop; see docs/steps.md.",
                WorkflowValidation.actors
            ),
            "with": StepInputSchema.schema,
            "dependsOn": OpenAPI.list("Steps that end before this one begins.", of: ["type": "string"]),
            "when": OpenAPI.string("A CEL expression; where it is false the step is skipped.", maxLength: 4096),
            "retry": retry,
            "timeoutSeconds": OpenAPI.integer(
                "Seconds that one attempt may take. Default: no bound.",
                in: Bounds.timeoutSeconds
            ),
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
