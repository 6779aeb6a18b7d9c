import APIMachinery
import Controller
import ControllerRuntime
import KubeAPI
import KubeClient
import KubeTestSupport
import Spec
import Synchronization
import Testing

/// HorizontalPodAutoscalers of pools, against an API server in memory.
@Suite struct HorizontalPodAutoscalerReconcilerTests {
    private static let resource = GroupVersionResource(
        group: "autoscaling",
        version: "v2",
        resource: "horizontalpodautoscalers"
    )

    /// A pool with its controller, and the controller of its autoscalers.
    private struct Fixture {
        let world = PoolWorld()
        let reconciler: HorizontalPodAutoscalerReconciler
        private let known: KnownAutoscalers

        init() {
            let known = KnownAutoscalers()
            self.known = known
            reconciler = HorizontalPodAutoscalerReconciler(
                client: world.client,
                autoscalers: { namespace in known.list.filter { $0.namespace == namespace } },
                source: world.source,
                runners: world.runners,
                events: world.events,
                settings: PoolSettings(controllerURL: "http://127.0.0.1:8080"),
                time: world.time
            )
        }

        func create(_ name: String, _ spec: JSONValue = .object([:]), kind: String = "WorkerPool") async throws {
            var spec = spec
            let target: JSONValue = ["apiVersion": "martinet.dev/v1alpha1", "kind": .string(kind), "name": "p"]
            spec["scaleTargetRef"] = target
            if spec["maxReplicas"] == nil { spec["maxReplicas"] = 10 }
            if spec["metrics"] == nil {
                spec["metrics"] = [
                    [
                        "type": "Resource",
                        "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 50]],
                    ]
                ]
            }
            _ = try await world.client.create(
                resource,
                Unstructured([
                    "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                    "metadata": ["name": .string(name), "namespace": "default"], "spec": spec,
                ])
            )
        }

        /// The caches catch up, both controllers look, and the node acts.
        func step(_ names: String..., load: Int) async throws {
            known.list = try await world.client.listAll(resource, namespace: "default").items
            try await world.step()
            for pod in try await world.pods() {
                world.runners.setLoad(cpuMillicores: load, pod.metadata.name ?? "", now: world.time.now)
            }
            try await world.source.refresh(world.client)
            for name in names {
                _ = try await reconciler.reconcile(NamespacedName(namespace: "default", name: name))
            }
        }

        func status(_ name: String) async throws -> JSONValue {
            try await world.client.get(resource, namespace: "default", name: name).json["status"] ?? .null
        }

        func condition(_ name: String, _ type: String) async throws -> String {
            let conditions = try await status(name)["conditions"]?.arrayValue ?? []
            let condition = conditions.first { $0["type"]?.stringValue == type }
            return "\(condition?["status"]?.stringValue ?? "") \(condition?["reason"]?.stringValue ?? "")"
        }

        private var resource: GroupVersionResource { HorizontalPodAutoscalerReconcilerTests.resource }
    }

    private final class KnownAutoscalers: Sendable {
        private let state = Mutex<[Unstructured]>([])
        var list: [Unstructured] {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    private static let template: JSONValue = [
        "spec": [
            "containers": [
                ["name": "agent-runner", "image": "runner:1", "resources": ["requests": ["cpu": "100m"]]]
            ]
        ]
    ]

    @Test("A pool grows with the processor use of its runners, and shrinks after the window")
    func utilization() async throws {
        let fixture = Fixture()
        try await fixture.world.create(["replicas": 1, "template": Self.template])
        try await fixture.create("a", ["minReplicas": 1, "maxReplicas": 3])
        try await fixture.step("a", load: 150)
        for _ in 0..<12 { try await fixture.step("a", load: 150) }
        #expect(try await fixture.world.pool().json.value(at: "spec", "replicas") == 3)
        #expect(try await fixture.condition("a", "AbleToScale") == "True ReadyForNewScale")
        #expect(try await fixture.condition("a", "ScalingActive") == "True ValidMetricFound")
        #expect(try await fixture.condition("a", "ScalingLimited") == "True TooManyReplicas")
        let status = try await fixture.status("a")
        #expect(status["desiredReplicas"] == 3)
        #expect(status["currentReplicas"] == 3)
        #expect(status["lastScaleTime"] != nil)
        let current = status["currentMetrics"]?[0]?.value(at: "resource", "current")
        #expect(current == ["averageUtilization": 150, "averageValue": "150m"])
        let event = try #require(fixture.world.events.messages("SuccessfulRescale").last)
        #expect(event == "New size: 3; reason: cpu resource utilization (percentage of request) above target")

        for _ in 0..<330 { try await fixture.step("a", load: 1) }
        #expect(try await fixture.world.pool().json.value(at: "spec", "replicas") == 1)
    }

    @Test("Runners whose template requests no processor give no size, and the condition names the remedy")
    func withoutRequests() async throws {
        let fixture = Fixture()
        try await fixture.world.create(["replicas": 2])
        try await fixture.create("a")
        for _ in 0..<8 { try await fixture.step("a", load: 100) }
        #expect(try await fixture.condition("a", "ScalingActive") == "False FailedGetResourceMetric")
        #expect(try await fixture.world.pool().json.value(at: "spec", "replicas") == 2)
        let messages = fixture.world.events.messages("FailedGetResourceMetric")
        #expect(messages.count <= 2, "once for each reason, not at every look")
        #expect(messages.last?.contains("set resources.requests.cpu") == true)
        #expect(try await fixture.status("a")["currentMetrics"] == [["type": ""]])
    }

    @Test("A pool with autoscaling of its own is left alone, and the condition says so")
    func poolScalesItself() async throws {
        let fixture = Fixture()
        try await fixture.world.create([
            "replicas": 1, "autoscaling": ["maxReplicas": 2], "template": Self.template,
        ])
        try await fixture.create("a", ["minReplicas": 4])
        for _ in 0..<3 { try await fixture.step("a", load: 500) }
        #expect(try await fixture.condition("a", "ScalingActive") == "False PoolScalesItself")
        #expect(try await fixture.condition("a", "AbleToScale") == "True SucceededGetScale")
        #expect(fixture.world.events.messages("PoolScalesItself").count == 1)
        #expect(fixture.world.events.messages("SuccessfulRescale").isEmpty)

        try await fixture.world.change(["autoscaling": .null])
        try await fixture.step("a", load: 0)
        #expect(try await fixture.world.pool().json.value(at: "spec", "replicas") == 4)
    }

    @Test("Of two autoscalers for one pool neither acts until one is gone")
    func ambiguous() async throws {
        let fixture = Fixture()
        try await fixture.world.create(["replicas": 1, "template": Self.template])
        for name in ["a", "b"] { try await fixture.create(name, ["minReplicas": 2]) }
        for _ in 0..<2 { try await fixture.step("a", "b", load: 0) }
        for name in ["a", "b"] {
            #expect(try await fixture.condition(name, "ScalingActive") == "False AmbiguousSelector")
        }
        let message = fixture.world.events.messages("AmbiguousSelector").first
        #expect(message?.hasSuffix("are controlled by multiple HPAs: [default/a default/b]") == true)
        #expect(try await fixture.world.pool().json.value(at: "spec", "replicas") == 1)
        try await fixture.world.client.delete(Self.resource, namespace: "default", name: "b")
        try await fixture.step("a", load: 0)
        #expect(try await fixture.world.pool().json.value(at: "spec", "replicas") == 2)
    }

    @Test("A target that is missing, or of another kind, is named")
    func targets() async throws {
        let fixture = Fixture()
        try await fixture.create("a")
        try await fixture.create("b", kind: "Deployment")
        try await fixture.step("a", "b", load: 0)
        for name in ["a", "b"] {
            #expect(try await fixture.condition(name, "AbleToScale") == "False FailedGetScale")
        }
        let messages = fixture.world.events.messages("FailedGetScale")
        #expect(messages.contains { $0.hasSuffix("workerpools.martinet.dev \"p\" not found") })
        #expect(messages.contains { $0.contains("Deployment of \"martinet.dev/v1alpha1\" is not scaled here") })
    }

    @Test("A zero that a person has set switches scaling off")
    func zero() async throws {
        let fixture = Fixture()
        try await fixture.world.create(["replicas": 0, "template": Self.template])
        try await fixture.create("a", ["minReplicas": 2])
        for _ in 0..<3 { try await fixture.step("a", load: 0) }
        #expect(try await fixture.condition("a", "ScalingActive") == "False ScalingDisabled")
        #expect(try await fixture.world.pool().json.value(at: "spec", "replicas") == 0)
    }

    @Test("Measurements alone are written at most every fifteen seconds, and at rest nothing is")
    func calm() async throws {
        let fixture = Fixture()
        try await fixture.world.create(["replicas": 1, "template": Self.template])
        try await fixture.create("a", ["maxReplicas": 1])
        for _ in 0..<10 { try await fixture.step("a", load: 20) }
        func writes() -> Int {
            fixture.world.api.requests.count {
                $0.method == .patch && $0.path.contains("/horizontalpodautoscalers/")
            }
        }
        var before = writes()
        for index in 0..<30 { try await fixture.step("a", load: 20 + index % 3) }
        #expect(writes() - before <= 3)
        for _ in 0..<20 { try await fixture.step("a", load: 20) }
        before = writes()
        for _ in 0..<60 { try await fixture.step("a", load: 20) }
        #expect(writes() == before)
    }
}
