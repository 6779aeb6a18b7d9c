extension BrokenManifest {
    // What a pool can get wrong.
    static let pools: [BrokenManifest] = [
        pool("concurrency 0", "concurrency: 0", "spec.concurrency", "greater than or equal to 1"),
        pool("negative replicas", "replicas: -1", "spec.replicas", "greater than or equal to 0"),
        pool("replicas as text", "replicas: three", "spec.replicas", "must be of type integer"),
        pool("no room in the queue", "queue: {maxDepth: 0}", "spec.queue.maxDepth"),
        pool("a surge that is no number", "updateStrategy: {rollingUpdate: {maxSurge: many}}", "maxSurge", "many"),
        pool(
            "neither surge nor unavailability",
            "updateStrategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}",
            "spec.updateStrategy.rollingUpdate.maxUnavailable",
            "may not be 0 when `maxSurge` is 0"
        ),
        pool("an unknown strategy", "updateStrategy: {type: BigBang}", "spec.updateStrategy.type", "Unsupported value"),
        pool(
            "a deadline before readiness",
            "minReadySeconds: 30\nprogressDeadlineSeconds: 10",
            "spec.progressDeadlineSeconds",
            "must be greater than minReadySeconds"
        ),
        pool(
            "a template without containers",
            "template: {spec: {}}",
            "spec.template.spec.containers",
            "Required value"
        ),
        pool(
            "a container without an image",
            "template: {spec: {containers: [{name: x}]}}",
            "spec.template.spec.containers[0].image",
            "Required value"
        ),
    ]

    // What autoscaling can get wrong.
    static let autoscaling: [BrokenManifest] = [
        pool("no maximum", "autoscaling: {minReplicas: 1}", "spec.autoscaling.maxReplicas", "Required value"),
        pool(
            "maximum below minimum",
            "autoscaling: {minReplicas: 5, maxReplicas: 2}",
            "spec.autoscaling.maxReplicas",
            "must be greater than or equal to `minReplicas`"
        ),
        pool(
            "a metric nobody measures",
            "autoscaling: {maxReplicas: 2, metrics: [{type: Mood}]}",
            "spec.autoscaling.metrics[0].type",
            "Unsupported value"
        ),
        pool(
            "a queue metric without a target",
            "autoscaling: {maxReplicas: 2, metrics: [{type: Queue}]}",
            "spec.autoscaling.metrics[0].queue",
            "Required value"
        ),
        pool(
            "a target of nothing",
            "autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: AverageValue, averageValue: 0}}}]}",
            "averageValue",
            "must be positive"
        ),
        pool(
            "a target that is no quantity",
            "autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: AverageValue, averageValue: lots}}}]}",
            "averageValue",
            "lots"
        ),
        pool(
            "a tolerance that is no quantity",
            "autoscaling: {maxReplicas: 2, behavior: {scaleUp: {tolerance: true}}}",
            "spec.autoscaling.behavior.scaleUp.tolerance",
            "must be a quantity"
        ),
        pool(
            "a window of days",
            "autoscaling: {maxReplicas: 2, behavior: {scaleDown: {stabilizationWindowSeconds: 99999}}}",
            "stabilizationWindowSeconds",
            "3600"
        ),
        pool(
            "a policy without a period",
            "autoscaling: {maxReplicas: 2, behavior: {scaleUp: {policies: [{type: Pods, value: 1}]}}}",
            "periodSeconds",
            "Required value"
        ),
    ]

    // What is wrong before the specification is looked at.
    static let objects: [BrokenManifest] = [
        BrokenManifest(
            "an unknown kind",
            "apiVersion: martinet.dev/v1alpha1\nkind: Wrkflow\nmetadata: {name: x}\n",
            "Wrkflow"
        ),
        BrokenManifest(
            "an unknown version",
            "apiVersion: martinet.dev/v9\nkind: Workflow\nmetadata: {name: x}\nspec: {steps: [{id: a, actor: noop}]}\n",
            "martinet.dev/v9"
        ),
        BrokenManifest(
            "a name in capitals",
            "apiVersion: martinet.dev/v1alpha1\nkind: Workflow\nmetadata: {name: Broken}\nspec: {steps: [{id: a, actor: noop}]}\n",
            "metadata.name",
            "Broken"
        ),
        BrokenManifest(
            "no specification",
            "apiVersion: martinet.dev/v1alpha1\nkind: Workflow\nmetadata: {name: x}\n",
            "spec",
            "Required value"
        ),
        BrokenManifest("no YAML", "apiVersion: martinet.dev/v1alpha1\nkind: Workflow\n  metadata: {name: x}\n", "yaml"),
    ]
}
