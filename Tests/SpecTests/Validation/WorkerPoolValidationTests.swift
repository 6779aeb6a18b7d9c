import APIMachinery
import Spec
import Testing

/// What a pool's schema cannot state, with the message of each fault.
@Suite struct WorkerPoolValidationTests {
    static let valid: [String] = [
        "{}",
        "{version: '1', concurrency: 1, replicas: 0, minReadySeconds: 0, drainTimeoutSeconds: 0, revisionHistoryLimit: 0}",
        "{minReadySeconds: 10, progressDeadlineSeconds: 11}",
        "{queue: {maxDepth: 1, expressPriority: 0, visibilityTimeoutSeconds: 9, maxDeliveries: 1}}",
        "{autoscaling: {minReplicas: 0, maxReplicas: 1}}",
        "{autoscaling: {minReplicas: 3, maxReplicas: 3, metrics: []}}",
        "{autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: AverageValue, averageValue: 8}}}]}}",
        "{autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: Value, value: 1500m}}}]}}",
        "{autoscaling: {maxReplicas: 2, metrics: [{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 64Mi}}}]}}",
        "{autoscaling: {maxReplicas: 2, behavior: {scaleUp: {stabilizationWindowSeconds: 3600, selectPolicy: Disabled}}}}",
        "{autoscaling: {maxReplicas: 2, behavior: {scaleDown: {policies: [{type: Percent, value: 1, periodSeconds: 1800}]}}}}",
        "{updateStrategy: {type: Recreate}}",
        "{updateStrategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}}",
        "{updateStrategy: {rollingUpdate: {maxSurge: 1%, maxUnavailable: 0}}}",
        "{updateStrategy: {rollingUpdate: {maxSurge: 150%}}}",
        "{template: {spec: {containers: [{name: a, image: i}, {name: b, image: i}]}}}",
        "{template: {}}",
        "{template: {metadata: {annotations: {martinet.dev/restartedAt: now}}}}",
    ]

    @Test("What is right is left alone", arguments: valid)
    func accepted(_ spec: String) throws {
        #expect(try WorkerPoolValidation.validate(Manifest.pool(spec)) == [])
    }

    static let pools: [Row] = [
        Row(
            "{replicas: -1, concurrency: 0, minReadySeconds: -1, drainTimeoutSeconds: -1, revisionHistoryLimit: -1}",
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.concurrency: Invalid value: 0: must be greater than or equal to 1",
            "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.drainTimeoutSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"
        ),
        Row(
            "{minReadySeconds: 30, progressDeadlineSeconds: 30}",
            "spec.progressDeadlineSeconds: Invalid value: 30: must be greater than minReadySeconds"
        ),
        Row(
            "{queue: {maxDepth: 0, expressPriority: -1, visibilityTimeoutSeconds: 0, maxDeliveries: 0}}",
            "spec.queue.maxDepth: Invalid value: 0: must be greater than or equal to 1",
            "spec.queue.expressPriority: Invalid value: -1: must be greater than or equal to 0",
            "spec.queue.visibilityTimeoutSeconds: Invalid value: 0: must be greater than or equal to 9",
            "spec.queue.maxDeliveries: Invalid value: 0: must be greater than or equal to 1"
        ),
        Row(
            "{concurrency: 2000, replicas: 100001, drainTimeoutSeconds: 9223372036854775807}",
            "spec.replicas: Invalid value: 100001: must be less than or equal to 100000",
            "spec.concurrency: Invalid value: 2000: must be less than or equal to 1024",
            "spec.drainTimeoutSeconds: Invalid value: 9223372036854775807: must be less than or equal to 31536000"
        ),
        Row(
            "{template: {metadata: {labels: {a b: c, ok: '50%'}, annotations: {'': x}}}}",
            "spec.template.metadata.labels: Invalid value: \"a b\": "
                + Validation.qualifiedName("a b").joined(),
            "spec.template.metadata.labels: Invalid value: \"50%\": " + Validation.labelValue("50%").joined(),
            "spec.template.metadata.annotations: Invalid value: \"\": " + Validation.qualifiedName("")[0],
            "spec.template.metadata.annotations: Invalid value: \"\": " + Validation.qualifiedName("")[1]
        ),
        Row(
            "{template: {spec: {containers: [{name: A_b, image: i}]}}}",
            "spec.template.spec.containers[0].name: Invalid value: \"A_b\": "
                + Validation.dns1123Label("A_b").joined()
        ),
        Row(
            "{minReadySeconds: 600}",
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"
        ),
        Row(
            "{queue: {visibilityTimeoutSeconds: 2}}",
            "spec.queue.visibilityTimeoutSeconds: Invalid value: 2: must be greater than or equal to 9"
        ),
        Row(
            "{updateStrategy: {rollingUpdate: {maxUnavailable: 150%}}}",
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%"
        ),
        Row(
            "{updateStrategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}}",
            "spec.updateStrategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
        ),
        Row(
            "{updateStrategy: {type: BigBang}}",
            "spec.updateStrategy.type: Unsupported value: \"BigBang\": supported values: \"RollingUpdate\", \"Recreate\""
        ),
        Row(
            "{updateStrategy: {rollingUpdate: {maxSurge: many, maxUnavailable: -1}}}",
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: \"many\": "
                + "must be a number or a percentage such as \"25%\"",
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"
        ),
        Row(
            "{updateStrategy: {rollingUpdate: {maxSurge: 0}}}",
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"
        ),
        Row(
            "{updateStrategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 0%}}}",
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"
        ),
        Row("{template: {spec: {}}}", "spec.template.spec.containers: Required value: the runner's container"),
        Row(
            "{template: {spec: {containers: []}}}",
            "spec.template.spec.containers: Required value: the runner's container"
        ),
        Row(
            "{template: {spec: {containers: [{name: a, image: i}, {name: a}, {image: i}]}}}",
            "spec.template.spec.containers[1].name: Duplicate value: \"a\"",
            "spec.template.spec.containers[1].image: Required value",
            "spec.template.spec.containers[2].name: Required value"
        ),
    ]

    static let autoscaling: [Row] = [
        Row(
            "{autoscaling: {maxReplicas: 2, behavior: {scaleUp: {tolerance: abc}, scaleDown: {tolerance: '-0.1'}}}}",
            "spec.autoscaling.behavior.scaleUp.tolerance: Invalid value: \"abc\": "
                + "must be a quantity such as \"0.1\" or \"100m\"",
            "spec.autoscaling.behavior.scaleDown.tolerance: Invalid value: \"-0.1\": "
                + "must be greater than or equal to 0"
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: Value, value: 1, averageValue: 2}}}]}}",
            "spec.autoscaling.metrics[0].queue.target.averageValue: Forbidden: "
                + "may not be set for a target of type Value"
        ),
        Row(
            "{autoscaling: {minReplicas: -1, maxReplicas: 0}}",
            "spec.autoscaling.minReplicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.autoscaling.maxReplicas: Invalid value: 0: must be greater than or equal to 1"
        ),
        Row(
            "{autoscaling: {minReplicas: 5, maxReplicas: 2}}",
            "spec.autoscaling.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas` (5)"
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, metrics: [{type: Mood}, {type: Queue}, {type: Resource}]}}",
            "spec.autoscaling.metrics[0].type: Unsupported value: \"Mood\": supported values: \"Queue\", \"Resource\"",
            "spec.autoscaling.metrics[1].queue: Required value: must be set for a metric of type Queue",
            "spec.autoscaling.metrics[2].resource: Required value: must be set for a metric of type Resource"
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: Utilization, averageUtilization: 50}}}]}}",
            "spec.autoscaling.metrics[0].queue.target.type: Unsupported value: \"Utilization\": "
                + "supported values: \"AverageValue\", \"Value\""
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: AverageValue}}}]}}",
            "spec.autoscaling.metrics[0].queue.target.averageValue: Required value: "
                + "must be set for a target of type AverageValue"
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: Value, value: -2}}}]}}",
            "spec.autoscaling.metrics[0].queue.target.value: Invalid value: \"-2\": must be positive"
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, metrics: [{type: Queue, queue: {target: {type: AverageValue, averageValue: lots}}}]}}",
            "spec.autoscaling.metrics[0].queue.target.averageValue: Invalid value: \"lots\": "
                + "must be a quantity such as \"8\" or \"500m\""
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, metrics: [{type: Resource, resource: {name: gpu, target: {type: Utilization, averageUtilization: 0}}}]}}",
            "spec.autoscaling.metrics[0].resource.name: Unsupported value: \"gpu\": supported values: \"cpu\", \"memory\"",
            "spec.autoscaling.metrics[0].resource.target.averageUtilization: Invalid value: 0: "
                + "must be greater than or equal to 1"
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, behavior: {scaleDown: {stabilizationWindowSeconds: 3601, selectPolicy: Any, policies: []}}}}",
            "spec.autoscaling.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
            "spec.autoscaling.behavior.scaleDown.selectPolicy: Unsupported value: \"Any\": "
                + "supported values: \"Max\", \"Min\", \"Disabled\"",
            "spec.autoscaling.behavior.scaleDown.policies: Required value: must specify at least one Policy"
        ),
        Row(
            "{autoscaling: {maxReplicas: 2, behavior: {scaleUp: {policies: [{type: Runners, value: 0, periodSeconds: 1801}]}}}}",
            "spec.autoscaling.behavior.scaleUp.policies[0].type: Unsupported value: \"Runners\": "
                + "supported values: \"Pods\", \"Percent\"",
            "spec.autoscaling.behavior.scaleUp.policies[0].value: Invalid value: 0: "
                + "must be greater than or equal to 1",
            "spec.autoscaling.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800"
        ),
    ]

    @Test("Each fault names its field, its value and the remedy", arguments: pools + autoscaling)
    func invalid(_ row: Row) throws {
        #expect(try WorkerPoolValidation.validate(Manifest.pool(row.spec)).map(\.description) == row.faults)
    }
}
