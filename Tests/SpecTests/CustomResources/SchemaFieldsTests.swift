import APIMachinery
import KubeYAML
import Spec
import Testing

/// The Swift types and the schemas are written apart; this holds them together.
@Suite struct SchemaFieldsTests {
    /// Samples in which every field has a value.
    static let workflow = """
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: full}
        spec:
          pool: p
          params: [{name: x, description: d, default: 1, required: false}]
          priority: 1
          policy:
            parallelism: 1
            timeoutSeconds: 1
            retry: &retry {maxAttempts: 1, initialIntervalSeconds: 1, backoffCoefficient: 1, maxIntervalSeconds: 1, nonRetryableReasons: [x]}
            maxTokens: 1
            caching: {enabled: true, ttlSeconds: 1}
          steps: [{id: a, actor: noop, with: {}, dependsOn: [b], when: 'true', retry: *retry, timeoutSeconds: 1}]
        status:
          observedGeneration: 1
          conditions: [{type: Ready, status: 'True', observedGeneration: 1, lastTransitionTime: 2026-01-01T00:00:00Z, reason: R, message: m}]
          currentRevision: r
          revision: 1
          runs: {Running: 1}
        """

    static let pool = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: full}
        spec:
          version: '1'
          queue: {maxDepth: 1, expressPriority: 1, visibilityTimeoutSeconds: 9, maxDeliveries: 1}
          concurrency: 1
          replicas: 1
          autoscaling:
            minReplicas: 1
            maxReplicas: 1
            metrics:
            - type: Queue
              queue: {target: &target {type: Value, averageValue: 1, value: 1, averageUtilization: 1}}
              resource: {name: cpu, target: *target}
            behavior:
              scaleUp: &rules
                stabilizationWindowSeconds: 1
                selectPolicy: Max
                policies: [{type: Pods, value: 1, periodSeconds: 1}]
                tolerance: '0.1'
              scaleDown: *rules
          updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}
          rollbackOnFailure: true
          minReadySeconds: 1
          progressDeadlineSeconds: 1
          revisionHistoryLimit: 1
          paused: true
          drainTimeoutSeconds: 1
          template: {}
        status:
          observedGeneration: 1
          replicas: 1
          readyReplicas: 1
          availableReplicas: 1
          unavailableReplicas: 1
          updatedReplicas: 1
          busyReplicas: 1
          drainingReplicas: 1
          desiredReplicas: 1
          selector: s
          currentRevision: r
          updateRevision: r
          version: '1'
          collisionCount: 1
          reason: R
          rollout:
            revision: r
            previousRevision: r
            lastProgressTime: 2026-01-01T00:00:00Z
            completionTime: 2026-01-01T00:00:00Z
            failureTime: 2026-01-01T00:00:00Z
            failureReason: R
            failureMessage: m
          conditions: [{type: Ready, status: 'True', observedGeneration: 1, lastTransitionTime: 2026-01-01T00:00:00Z, reason: R, message: m}]
          queue: {depth: 1, express: 1, leased: 1, delayed: 1, deadLetters: 1, oldestAgeSeconds: 1}
          lastScaleTime: 2026-01-01T00:00:00Z
        """

    static let run = """
        apiVersion: runs.martinet.dev/v1alpha1
        kind: WorkflowRun
        metadata: {name: full}
        spec: {workflowRef: {name: w}, params: {x: 1}, priority: 1}
        status:
          phase: Running
          reason: R
          message: m
          startedAt: 2026-01-01T00:00:00Z
          finishedAt: 2026-01-01T00:00:00Z
          progress: 0/1
          conditions:
          - {type: Complete, status: "True", reason: R, message: m, lastTransitionTime: 2026-01-01T00:00:00Z}
          submitter: alice
          workflowRevision: r
          unreadable: [spec.params]
          steps:
          - id: a
            phase: Running
            attempts: 1
            deliveries: 2
            startedAt: 2026-01-01T00:00:00Z
            finishedAt: 2026-01-01T00:00:00Z
            runner: p
            output: {}
            error: {reason: R, message: m, exitCode: 1}
            metrics: {cpu_percent: 1}
        """

    @Test func workflows() throws {
        let sample = try JSONValueDecoder().decode(Workflow.self, from: YAML.parse(Self.workflow))
        try check(sample, CustomResourceDefinitionTests.definitions[0])
    }

    @Test func pools() throws {
        let sample = try JSONValueDecoder().decode(WorkerPool.self, from: YAML.parse(Self.pool))
        try check(sample, CustomResourceDefinitionTests.definitions[1])
    }

    @Test func runs() throws {
        let sample = try JSONValueDecoder().decode(WorkflowRun.self, from: YAML.parse(Self.run))
        try check(sample, CustomResourceDefinitionTests.definitions[2])
    }

    private func check(_ sample: some Resource, _ definition: JSONValue) throws {
        let schema = try CustomResourceDefinitionTests.schema(definition)
        for child in Mirror(reflecting: sample).children where child.label != "metadata" {
            let name = child.label ?? ""
            compare(child.value, try #require(schema.value(at: "properties", name)), name)
        }
    }

    /// Compares the stored properties of a value with the properties of a schema, and so on downwards.
    private func compare(_ value: Any, _ schema: JSONValue, _ path: String) {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional {
            guard let some = mirror.children.first?.value else {
                Issue.record("\(path): the sample leaves it out")
                return
            }
            compare(some, schema, path)
            return
        }
        if mirror.displayStyle == .collection {
            guard let first = mirror.children.first?.value else {
                Issue.record("\(path): the sample has no element")
                return
            }
            compare(first, schema["items"] ?? .null, path + "[]")
            return
        }
        // Free JSON, quantities and times are one value in the schema, whatever they are made of in Swift.
        guard mirror.displayStyle == .struct, let properties = schema["properties"]?.objectValue else { return }
        let fields = Set(mirror.children.compactMap(\.label))
        if schema["x-kubernetes-preserve-unknown-fields"] != true || path == "status" {
            #expect(fields.subtracting(properties.keys) == [], "\(path): fields that the schema lacks")
        }
        #expect(Set(properties.keys).subtracting(fields) == [], "\(path): fields that the Swift type lacks")
        for child in mirror.children {
            guard let name = child.label, let property = properties[name] else { continue }
            compare(child.value, property, "\(path).\(name)")
        }
    }
}
