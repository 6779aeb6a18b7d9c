import APIMachinery

/// The OpenAPI schema of a WorkerPool.
enum WorkerPoolSchema {
    static let schema = OpenAPI.object(
        "A set of agent runners that work off one queue.",
        required: ["spec"],
        [
            "apiVersion": OpenAPI.string("The version of this kind: martinet.dev/v1alpha1."),
            "kind": OpenAPI.string("WorkerPool."),
            "metadata": ["type": "object"],
            "spec": spec,
            "status": status,
        ]
    )

    private static let spec = OpenAPI.object(
        "The wanted runners, and how they are replaced.",
        [
            "version": OpenAPI.string(
                "The version of the runners, as shown in the history and named by ctl rollback --version.",
                maxLength: 128
            ),
            "queue": OpenAPI.object(
                "Bounds of the pool's queue.",
                [
                    "maxDepth": OpenAPI.integer(
                        "Waiting jobs; more are refused with 429. Default: 10000.",
                        in: Bounds.queueDepth
                    ),
                    "expressPriority": OpenAPI.integer(
                        "The priority from which a run takes the express lane. Default: 12.",
                        in: 0...Bounds.priority.upperBound
                    ),
                    "visibilityTimeoutSeconds": OpenAPI.integer(
                        "Seconds for which a lease holds without a heartbeat; at least three heartbeats of 3 s. "
                            + "Default: 30.",
                        in: Bounds.leaseSeconds
                    ),
                    "maxDeliveries": OpenAPI.integer(
                        "Deliveries without a report after which a job is a dead letter. Default: 3.",
                        in: Bounds.deliveries
                    ),
                ]
            ),
            "concurrency": OpenAPI.integer("Jobs at once in one runner. Default: 4.", in: Bounds.concurrency),
            "replicas": OpenAPI.withDefault(
                1,
                OpenAPI.integer(
                    "Runners wanted; with autoscaling, the autoscaler writes it. Default: 1.",
                    in: Bounds.replicas
                )
            ),
            "autoscaling": autoscaling,
            "updateStrategy": OpenAPI.object(
                "How runners of an old revision are replaced.",
                [
                    "type": OpenAPI.choice("Default: RollingUpdate.", ["RollingUpdate", "Recreate"]),
                    "rollingUpdate": OpenAPI.object(
                        "Bounds of a rolling update.",
                        [
                            "maxSurge": OpenAPI.intOrString("Runners above the wanted number. Default: 1."),
                            "maxUnavailable": OpenAPI.intOrString("Runners below it. Default: 0."),
                        ]
                    ),
                ]
            ),
            "rollbackOnFailure": OpenAPI.boolean(
                "Whether a failed rollout is rolled back automatically. Default: false."
            ),
            "minReadySeconds": OpenAPI.integer(
                "Seconds for which a runner must be ready before it is available. Default: 0.",
                in: Bounds.readySeconds
            ),
            "progressDeadlineSeconds": OpenAPI.integer(
                "Seconds without progress after which a rollout has failed. Default: 600.",
                in: 1...Bounds.readySeconds.upperBound
            ),
            "revisionHistoryLimit": OpenAPI.integer("Old revisions that are kept. Default: 10.", in: 0...10_000),
            "paused": OpenAPI.boolean("Whether the rollout of template changes is paused. Default: false."),
            "drainTimeoutSeconds": OpenAPI.integer(
                "Seconds that a runner gets to finish its jobs before it is stopped. Default: 60.",
                in: 0...Bounds.timeoutSeconds.upperBound
            ),
            "template": template,
        ]
    )

    /// What the controller reads of a template is described; the rest of core/v1 PodTemplateSpec passes through.
    private static let template: JSONValue = {
        var container = OpenAPI.object(
            "A container (core/v1 Container).",
            required: ["name", "image"],
            [
                "name": OpenAPI.string("Unique in the Pod."),
                "image": OpenAPI.string("The program to run; on one machine, an image of ctl image list."),
            ]
        )
        container["x-kubernetes-preserve-unknown-fields"] = true
        var podSpec = OpenAPI.object(
            "core/v1 PodSpec.",
            required: ["containers"],
            ["containers": OpenAPI.list("The containers.", of: container, keys: ["name"], minItems: 1)]
        )
        podSpec["x-kubernetes-preserve-unknown-fields"] = true
        return OpenAPI.object(
            "The runners' Pods (core/v1 PodTemplateSpec). Default: one container of the built-in agent runner.",
            [
                "metadata": OpenAPI.object(
                    "Labels and annotations of the Pods.",
                    [
                        "labels": OpenAPI.map("Labels.", of: ["type": "string"]),
                        "annotations": OpenAPI.map("Annotations.", of: ["type": "string"]),
                    ]
                ),
                "spec": podSpec,
            ]
        )
    }()

    private static let target = OpenAPI.object(
        "The target value of the metric.",
        required: ["type"],
        [
            "type": OpenAPI.choice("How it is counted.", ["AverageValue", "Value", "Utilization"]),
            "averageValue": OpenAPI.quantity("A quantity for each runner."),
            "value": OpenAPI.quantity("A quantity for all runners together."),
            "averageUtilization": OpenAPI.integer("Percent of what the Pods request.", in: 1...Int(Int32.max)),
        ]
    )

    private static let rules = OpenAPI.object(
        "How fast the number may change in this direction.",
        [
            "stabilizationWindowSeconds": OpenAPI.integer(
                "Seconds over which the most conservative recommendation is used. Default: 0 up, 300 down.",
                minimum: 0,
                maximum: 3600
            ),
            "selectPolicy": OpenAPI.choice(
                "Which policy applies where there are several. Default: Max.",
                ["Max", "Min", "Disabled"]
            ),
            "tolerance": OpenAPI.quantity(
                "How far the ratio of current to target value may be from 1 without scaling. Default: 0.1."
            ),
            "policies": OpenAPI.list(
                "Bounds on the change within a period.",
                of: OpenAPI.object(
                    "One bound.",
                    required: ["type", "value", "periodSeconds"],
                    [
                        "type": OpenAPI.choice(
                            "What value is a number of: Pods, or Percent of the current ones.",
                            ["Pods", "Percent"]
                        ),
                        "value": OpenAPI.integer("The greatest change.", in: 1...Int(Int32.max)),
                        "periodSeconds": OpenAPI.integer(
                            "The length of the period, in seconds.",
                            minimum: 1,
                            maximum: 1800
                        ),
                    ]
                )
            ),
        ]
    )

    private static let autoscaling = OpenAPI.object(
        "How the number of runners follows the load, with the fields and the arithmetic of autoscaling/v2.",
        required: ["maxReplicas"],
        [
            "minReplicas": OpenAPI.integer(
                "The smallest number of runners; with 0, an idle pool is scaled to zero. Default: 1.",
                in: Bounds.replicas
            ),
            "maxReplicas": OpenAPI.integer("The greatest number of runners.", in: 1...Bounds.replicas.upperBound),
            "metrics": OpenAPI.list(
                "The metrics to scale on; the one that asks for the most runners is used.",
                of: OpenAPI.object(
                    "One metric and its target.",
                    required: ["type"],
                    [
                        "type": OpenAPI.choice("Which metric.", ["Queue", "Resource"]),
                        "queue": OpenAPI.object(
                            "Jobs in the pool's queue, waiting and running.",
                            required: ["target"],
                            ["target": target]
                        ),
                        "resource": OpenAPI.object(
                            "A resource of the runners' Pods.",
                            required: ["name", "target"],
                            ["name": OpenAPI.choice("Which one.", ["cpu", "memory"]), "target": target]
                        ),
                    ]
                )
            ),
            "behavior": OpenAPI.object(
                "How fast the number may change.",
                ["scaleUp": rules, "scaleDown": rules]
            ),
        ]
    )

    private static let status = OpenAPI.object(
        "What the controller observed.",
        [
            "observedGeneration": OpenAPI.integer("The generation this status is about.", format: "int64"),
            "replicas": OpenAPI.integer("Runners that exist."),
            "readyReplicas": OpenAPI.integer("Runners that take jobs."),
            "availableReplicas": OpenAPI.integer("Runners ready for minReadySeconds."),
            "unavailableReplicas": OpenAPI.integer("Runners that are missing or not available."),
            "updatedReplicas": OpenAPI.integer("Runners of the newest revision."),
            "busyReplicas": OpenAPI.integer("Runners that have jobs."),
            "drainingReplicas": OpenAPI.integer("Runners that finish their jobs and then stop."),
            "desiredReplicas": OpenAPI.integer("The wanted number of runners."),
            "selector": OpenAPI.string("Selects the pool's Pods, for the scale subresource."),
            "currentRevision": OpenAPI.string("The revision before the current rollout."),
            "updateRevision": OpenAPI.string("The newest revision."),
            "version": OpenAPI.string("The version that runs."),
            "collisionCount": OpenAPI.integer("Hash collisions of revision names."),
            "lastScaleTime": OpenAPI.time("When the number was last changed by the autoscaler."),
            "reason": OpenAPI.string("The reason of the worst condition: the state of the pool in one word."),
            "rollout": OpenAPI.object(
                "The newest rollout: what the controller needs after a restart.",
                required: ["revision"],
                [
                    "revision": OpenAPI.string("The revision that is, or was last, rolled out."),
                    "previousRevision": OpenAPI.string(
                        "The last revision that worked; a failed rollout is rolled back to it."
                    ),
                    "lastProgressTime": OpenAPI.time("When the rollout last made progress."),
                    "completionTime": OpenAPI.time("When all runners had the revision for the first time."),
                    "failureTime": OpenAPI.time("When it first failed."),
                    "failureReason": OpenAPI.string("Why it has failed."),
                    "failureMessage": OpenAPI.string("The failure, as a sentence for people."),
                ]
            ),
            "conditions": OpenAPI.conditions,
            "queue": OpenAPI.object(
                "The pool's queue, as last seen.",
                [
                    "depth": OpenAPI.integer("Jobs that are ready to start."),
                    "express": OpenAPI.integer("Ready jobs in the express lane."),
                    "leased": OpenAPI.integer("Jobs leased to runners."),
                    "delayed": OpenAPI.integer("Jobs that wait for their next attempt."),
                    "deadLetters": OpenAPI.integer("Jobs that are dead letters after too many deliveries."),
                    "oldestAgeSeconds": OpenAPI.integer("How long the oldest ready job has waited."),
                ]
            ),
        ]
    )
}
