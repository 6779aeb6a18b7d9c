import APIMachinery
import KubeAPI
import KubeClient
import KubeTestSupport
import RunEngine
import Spec
import Synchronization
import Testing

/// Autoscaling of a pool against an API server in memory.
@Suite struct PoolScalingTests {
    static let queue: JSONValue = [
        "type": "Queue", "queue": ["target": ["type": "AverageValue", "averageValue": "8"]],
    ]

    static func autoscaling(_ min: Int64, _ max: Int64, window: Int64 = 10, _ metrics: JSONValue...) -> JSONValue {
        [
            "minReplicas": .int(min), "maxReplicas": .int(max),
            "metrics": .array(metrics.isEmpty ? [queue] : metrics),
            "behavior": [
                "scaleDown": ["stabilizationWindowSeconds": .int(window)],
                "scaleUp": ["policies": [["type": "Pods", "value": 100, "periodSeconds": 15]]],
            ],
        ]
    }

    @Test func followsTheQueueUpAndDown() async throws {
        let world = PoolWorld()
        try await world.create(["autoscaling": Self.autoscaling(1, 5)])
        try await world.step(3)
        #expect(try await world.pods().count == 1)
        world.queues.set(QueueStatistics(ready: 30, leased: 4))
        try await world.step(4)
        #expect(try await world.pods().count == 5)
        var status = try await world.status()
        #expect(status.desiredReplicas == 5)
        #expect(status.queue?.depth == 30)
        #expect(status.queue?.leased == 4)
        #expect(status.conditions?["ScalingActive"]?.status == "True")
        #expect(status.lastScaleTime != nil)
        let message = try #require(world.events.messages("ScaledUp").first)
        #expect(message.hasPrefix("from 1 to 5 runners because queue above target"))
        #expect(message.contains("34 jobs (30 waiting, 4 running), the target is 8 for each runner: 5 runners"))

        world.queues.set(QueueStatistics())
        try await world.step(5)
        #expect(try await world.status().desiredReplicas == 5)
        try await world.step(12)
        status = try await world.status()
        #expect(status.desiredReplicas == 1)
        #expect(try await world.pods().count == 1)
        #expect(world.events.messages("ScaledDown").count == 1)
    }

    @Test(arguments: [false, true])
    func sleepsAndWakes(isForgetful: Bool) async throws {
        let world = PoolWorld()
        world.isForgetful.withLock { $0 = isForgetful }
        try await world.create(["autoscaling": Self.autoscaling(0, 3, window: 0)])
        try await world.step(4)
        #expect(try await world.pods().isEmpty)
        world.queues.set(QueueStatistics(ready: 1))
        try await world.step(4)
        #expect(try await world.pods().count == 1)
        world.queues.set(QueueStatistics(leased: 1))
        try await world.step(6)
        #expect(try await world.pods().count == 1)
        world.queues.set(QueueStatistics())
        try await world.step(8)
        #expect(try await world.pods().isEmpty)
        #expect(try await world.pool().json.value(at: "spec", "replicas") == 0)
        world.queues.set(QueueStatistics(express: 1))
        try await world.step(4)
        #expect(try await world.pods().count == 1)
    }

    @Test func aPersonsZeroSwitchesScalingOff() async throws {
        let world = PoolWorld()
        try await world.create(["autoscaling": Self.autoscaling(0, 3)])
        world.queues.set(QueueStatistics(ready: 5))
        try await world.step(4)
        try await world.change(["replicas": 0])
        try await world.step(8)
        #expect(try await world.pods().isEmpty)
        #expect(try await world.status().conditions?["ScalingActive"]?.reason == "ScalingDisabled")
        try await world.change(["replicas": 1])
        try await world.step(4)
        #expect(try await world.pods().count == 1)
    }

    /// The pool has slept before, so its zero was the autoscaler's once.
    @Test(arguments: [false, true])
    func aPersonsZeroHoldsInAPoolThatSlept(isForgetful: Bool) async throws {
        let world = PoolWorld()
        world.isForgetful.withLock { $0 = isForgetful }
        try await world.create(["autoscaling": Self.autoscaling(0, 3, window: 0)])
        try await world.step(4)
        #expect(try await world.pods().isEmpty)
        // A person wakes it, and sends it to sleep for good.
        world.queues.set(QueueStatistics(leased: 1))
        try await world.change(["replicas": 1])
        try await world.step(4)
        #expect(try await world.pods().count == 1)
        #expect(try await world.pool().annotations["martinet.dev/scaled-to-zero"] == nil)
        world.queues.set(QueueStatistics(ready: 5))
        try await world.change(["replicas": 0])
        try await world.step(10)
        #expect(try await world.pods().isEmpty)
        #expect(try await world.condition("ScalingActive") == "False ScalingDisabled")
        try await world.change(["replicas": 1])
        try await world.step(4)
        #expect(try await world.pods().count >= 1)
    }

    /// The person's 1 and 0 both come between two looks; the server knows who wrote the 0.
    @Test(arguments: [("kubectl", "ScalingDisabled", 0), ("martinet-controller", "ValidMetricFound", 1)])
    func theServerKnowsWhoseZeroItIs(_ manager: String, _ reason: String, _ atLeast: Int) async throws {
        let world = PoolWorld()
        try await world.create(["autoscaling": Self.autoscaling(0, 3, window: 0)])
        try await world.step(4)
        let owner: JSONValue = ["manager": .string(manager), "fieldsV1": ["f:spec": ["f:replicas": [:]]]]
        _ = try await world.client.patch(
            WorkerPool.resource,
            namespace: "default",
            name: "p",
            .merge(["metadata": ["managedFields": [owner]]])
        )
        world.queues.set(QueueStatistics(ready: 5))
        try await world.step(6)
        #expect(try await world.status().conditions?["ScalingActive"]?.reason == reason)
        #expect(try await world.pods().count >= atLeast)
        #expect(try await world.pods().isEmpty == (atLeast == 0))
    }

    @Test func aPersonsNumberIsWhereScalingGoesOn() async throws {
        let world = PoolWorld()
        try await world.create(["autoscaling": Self.autoscaling(1, 5)])
        try await world.step(3)
        // As long as the metrics have nothing to say, it stays; then the autoscaler goes on from there.
        world.queues.set(nil)
        try await world.change(["replicas": 4])
        try await world.step(6)
        #expect(try await world.pods().count == 4)
        world.queues.set(QueueStatistics())
        try await world.step(20)
        #expect(try await world.pods().count == 1)
    }

    @Test func boundsHoldWhateverIsSet() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 9, "autoscaling": Self.autoscaling(1, 3)])
        try await world.step(5)
        #expect(try await world.pods().count == 3)
    }

    @Test func aQueueThatCannotBeReadScalesNothingDown() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 3, "autoscaling": Self.autoscaling(1, 5, window: 0)])
        world.queues.set(nil)
        try await world.step(6)
        #expect(try await world.pods().count == 3)
        #expect(try await world.status().conditions?["ScalingActive"]?.reason == "FailedGetQueueMetric")
    }

    @Test func followsTheLoadOfTheProcessor() async throws {
        let world = PoolWorld()
        let cpu: JSONValue = [
            "type": "Resource",
            "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 50]],
        ]
        try await world.create([
            "autoscaling": Self.autoscaling(1, 6, cpu),
            "template": [
                "spec": [
                    "containers": [
                        ["name": "agent-runner", "image": "r", "resources": ["requests": ["cpu": "200m"]]]
                    ]
                ]
            ],
        ])
        try await world.step(10)
        for pod in try await world.pods() {
            world.runners.setLoad(cpuMillicores: 400, pod.metadata.name ?? "", now: world.time.now)
        }
        try await world.step(3)
        #expect(try await world.status().desiredReplicas == 4)
        #expect(world.events.messages("ScaledUp").first?.contains("cpu is at 200 % of the request") == true)
    }

    @Test func withoutAutoscalingItsConditionsGo() async throws {
        let world = PoolWorld()
        try await world.create(["autoscaling": Self.autoscaling(1, 3)])
        try await world.step(4)
        #expect(try await world.status().conditions?["ScalingActive"] != nil)
        try await world.change(["autoscaling": .null, "replicas": 2])
        try await world.step(3)
        #expect(try await world.status().conditions?["ScalingActive"] == nil)
        #expect(try await world.pods().count == 2)
    }
}
