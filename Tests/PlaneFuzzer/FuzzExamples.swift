import APIMachinery

/// Valid objects by kind, from which mutations reach deeper than from nothing. No image is one that could run: it is
/// the plane that is tested, not the machine.
enum FuzzExamples {
    /// The pool whose jobs the fuzzer's own runners do.
    static let pool: JSONValue = [
        "apiVersion": "martinet.dev/v1alpha1", "kind": "WorkerPool", "metadata": ["name": "fuzz"],
        "spec": [
            "version": "1.0.0", "replicas": 1, "concurrency": 4, "queue": ["maxDepth": 1000, "maxDeliveries": 3],
            "template": ["spec": ["containers": [["name": "agent-runner", "image": "missing:latest"]]]],
        ],
    ]

    static let workflow: JSONValue = [
        "apiVersion": "martinet.dev/v1alpha1", "kind": "Workflow", "metadata": ["name": "fuzz"],
        "spec": [
            "pool": "fuzz", "params": [["name": "x", "default": 1]],
            "policy": [
                "timeoutSeconds": 600, "parallelism": 4,
                "retry": ["maxAttempts": 3, "initialIntervalSeconds": 0.01, "maxIntervalSeconds": 0.02],
            ],
            "steps": [
                ["id": "a", "actor": "noop", "with": ["n": "${{ params.x }}"]],
                [
                    "id": "b", "actor": "noop", "dependsOn": ["a"], "when": "steps.a.phase == 'Succeeded'",
                    "with": ["o": "${{ steps.a.output }}"], "timeoutSeconds": 60,
                ],
                ["id": "c", "actor": "noop", "dependsOn": ["a", "b"]],
            ],
        ],
    ]

    private static let otherWorkflow: JSONValue = [
        "apiVersion": "martinet.dev/v1alpha1", "kind": "Workflow", "metadata": ["name": "fuzz"],
        "spec": [
            "pool": "fuzz", "priority": 12,
            "params": [["name": "x", "default": ["a": [1, 2.5, "three"]]], ["name": "y", "required": false]],
            "steps": [
                [
                    "id": "run", "actor": "exec", "timeoutSeconds": 5,
                    "with": [
                        "command": ["true", "${{ params.x.a[0] }}"], "env": ["A": "b"],
                        "limits": ["memory": "64Mi", "cpuSeconds": 10],
                    ],
                    "retry": ["maxAttempts": 5, "backoffCoefficient": 1.5, "nonRetryableReasons": ["TimedOut"]],
                ],
                ["id": "wait", "actor": "sleep", "with": ["seconds": 0.01], "dependsOn": ["run"]],
                [
                    "id": "last", "actor": "noop", "dependsOn": ["wait"],
                    "when": "steps.run.output != null && params.x.a.size() > 2",
                    "with": ["all": "${{ steps.run.output }} and ${{ params.x.a.map(v, v) }}"],
                ],
            ],
        ],
    ]

    private static let scaledPool: JSONValue = [
        "apiVersion": "martinet.dev/v1alpha1", "kind": "WorkerPool", "metadata": ["name": "scaled"],
        "spec": [
            "version": "2.0.0", "concurrency": 2, "minReadySeconds": 1, "progressDeadlineSeconds": 5,
            "rollbackOnFailure": true, "revisionHistoryLimit": 2, "drainTimeoutSeconds": 1,
            "queue": ["visibilityTimeoutSeconds": 10, "expressPriority": 12],
            "autoscaling": [
                "minReplicas": 0, "maxReplicas": 3,
                "metrics": [["type": "QueueDepth", "target": ["averageValue": 5]]],
                "behavior": [
                    "scaleDown": [
                        "stabilizationWindowSeconds": 1,
                        "policies": [["type": "Percent", "value": 50, "periodSeconds": 1]],
                    ]
                ],
            ],
            "updateStrategy": [
                "type": "RollingUpdate", "rollingUpdate": ["maxSurge": "50%", "maxUnavailable": 0],
            ],
            "template": [
                "metadata": ["labels": ["app": "scaled"]],
                "spec": [
                    "terminationGracePeriodSeconds": 1,
                    "containers": [
                        [
                            "name": "agent-runner", "image": "missing:latest",
                            "env": [["name": "A", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]],
                            "resources": ["limits": ["cpu": "500m", "memory": "64Mi"]],
                        ]
                    ],
                ],
            ],
        ],
    ]

    private static let pod: JSONValue = [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "fuzz"],
        "spec": [
            "containers": [
                [
                    "name": "main", "image": "missing:latest", "env": [["name": "A", "value": "b"]],
                    "resources": ["requests": ["cpu": "100m"], "limits": ["memory": "64Mi"]],
                    "livenessProbe": ["httpGet": ["path": "/", "port": 80], "periodSeconds": 10],
                ]
            ]
        ],
    ]

    private static let definition: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "things.fuzz.example"],
        "spec": [
            "group": "fuzz.example", "scope": "Namespaced",
            "names": ["plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
                    "schema": ["openAPIV3Schema": schema],
                    "additionalPrinterColumns": [["name": "N", "type": "integer", "jsonPath": ".spec.n"]],
                ]
            ],
        ],
    ]

    /// The schema of the custom resources that the fuzzer defines.
    static let schema: JSONValue = [
        "type": "object",
        "properties": [
            "spec": [
                "type": "object",
                "properties": [
                    "n": ["type": "integer", "minimum": 0, "default": 1],
                    "l": ["type": "array", "maxItems": 5, "items": ["type": "string", "maxLength": 20]],
                    "m": ["type": "object", "additionalProperties": ["type": "number"]],
                    "p": ["type": "string", "pattern": "^[a-z]*$"],
                    "any": ["x-kubernetes-preserve-unknown-fields": true],
                ],
                "x-kubernetes-validations": [["rule": "self.n < 10", "message": "too many"]],
            ],
            "status": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
        ],
    ]

    /// Objects by kind.
    static let objects: [String: [JSONValue]] = [
        "Workflow": [workflow, otherWorkflow],
        "WorkerPool": [pool, scaledPool],
        "Pod": [pod],
        "CustomResourceDefinition": [definition],
        "WorkflowRun": [
            [
                "apiVersion": "runs.martinet.dev/v1alpha1", "kind": "WorkflowRun", "metadata": ["name": "fuzz"],
                "spec": ["workflowRef": ["name": "fuzz"], "params": ["x": 1]],
            ]
        ],
        "ConfigMap": [
            ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "fuzz"], "data": ["a": "b"]]
        ],
        "Secret": [
            ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "fuzz"], "data": ["a": "AAAA"]]
        ],
        "Lease": [
            [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "fuzz"],
                "spec": ["holderIdentity": "a", "leaseDurationSeconds": 15],
            ]
        ],
        "Event": [
            [
                "apiVersion": "v1", "kind": "Event", "metadata": ["name": "fuzz"], "type": "Normal", "reason": "Fuzz",
                "involvedObject": ["kind": "Pod", "namespace": "default", "name": "fuzz"], "message": "fuzz",
            ]
        ],
        "ControllerRevision": [
            [
                "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": ["name": "fuzz"], "revision": 1,
                "data": ["spec": ["steps": [["id": "a", "actor": "noop"]]]],
            ]
        ],
        "Thing": [
            [
                "apiVersion": "fuzz.example/v1", "kind": "Thing", "metadata": ["name": "fuzz"],
                "spec": ["n": 1, "l": ["a"], "m": ["a": 1.5], "p": "abc", "any": ["x": [1]]],
            ]
        ],
    ]
}
