import APIMachinery
import KubeAPI
import KubeClient
import KubeTestSupport
import RunEngine
import Spec
import Synchronization
import Testing

/// The reconciler against an API server in memory.
@Suite struct WorkerPoolReconcilerTests {
    @Test func makesPodsFromTheTemplate() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 2, "version": "1.0", "concurrency": 7, "drainTimeoutSeconds": 30])
        try await world.step()
        let objects = try await world.client.listAll(Pod.resource, namespace: "default").items
        #expect(objects.count == 2)
        let pod = try #require(objects.first)
        let hash = try #require(pod.labels[PoolRevision.revisionLabel])
        #expect(pod.name.hasPrefix("p-\(hash)-"))
        #expect(pod.labels["martinet.dev/pool"] == "p")
        #expect(pod.labels["controller-revision-hash"] == hash)
        #expect(pod.labels["martinet.dev/version"] == "1.0")
        #expect(pod.annotations["note"] == "kept")
        #expect(pod.ownerReferences.first?.kind == "WorkerPool")
        #expect(pod.ownerReferences.first?.controller == true)
        #expect(pod.json.value(at: "spec", "nodeSelector", "disk") == "ssd")
        #expect(pod.json.value(at: "spec", "terminationGracePeriodSeconds") == 45)
        let container = try #require(pod.json.value(at: "spec", "containers")?[0])
        #expect(container.value(at: "unknown", "kept") == true)
        #expect(container.value(at: "readinessProbe", "httpGet", "path") == "/readyz")
        #expect(container.value(at: "livenessProbe", "httpGet", "path") == "/livez")
        for probe in ["readinessProbe", "livenessProbe"] {
            let period = container.value(at: [probe, "periodSeconds"])?.intValue ?? 0
            #expect(period >= 5, "\(probe): a pool at rest costs as much as its runners are asked")
        }
        let typed: Pod = try pod.decode()
        let env = try #require(typed.spec?.containers.first?.env)
        func variable(_ name: String) -> EnvVar? { env.first { $0.name == name } }
        #expect(variable("MARTINET_CONTROLLER_URL")?.value == "http://127.0.0.1:8080")
        #expect(variable("MARTINET_POOL")?.value == "p")
        #expect(variable("MARTINET_WORKERS")?.value == "7")
        #expect(variable("MARTINET_TOKEN")?.valueFrom?.secretKeyRef?.name == "martinet-runner")
        #expect(variable("MARTINET_TOKEN")?.valueFrom?.secretKeyRef?.key == "p", "a key for every pool")
        #expect(variable("POD_NAME")?.valueFrom?.fieldRef?.fieldPath == "metadata.name")
        #expect(variable("POD_UID")?.valueFrom?.fieldRef?.fieldPath == "metadata.uid")
        let secret = try await world.client.get(Secret.self, namespace: "default", name: "martinet-runner")
        #expect(secret.stringData == ["p": "secret"])
        #expect(world.events.messages("SuccessfulCreate").count == 1)
    }

    @Test func whatTheTemplateSaysStays() async throws {
        let world = PoolWorld()
        try await world.create([
            "template": [
                "spec": [
                    "terminationGracePeriodSeconds": 5,
                    "containers": [
                        ["name": "side", "image": "s"],
                        [
                            "name": "agent-runner", "image": "r",
                            "env": [["name": "MARTINET_WORKERS", "value": "1"]],
                            "readinessProbe": ["exec": ["command": ["true"]]],
                        ],
                    ],
                ]
            ]
        ])
        try await world.step()
        let pod = try #require(try await world.client.listAll(Pod.resource, namespace: "default").items.first)
        #expect(pod.json.value(at: "spec", "terminationGracePeriodSeconds") == 5)
        let containers = try #require(pod.json.value(at: "spec", "containers")?.arrayValue)
        #expect(containers[0]["env"] == nil)
        #expect(containers[1].value(at: "readinessProbe", "exec") != nil)
        let workers = containers[1]["env"]?.arrayValue?.filter { $0["name"] == "MARTINET_WORKERS" }
        #expect(workers?.map { $0["value"] } == ["1"])
    }

    @Test func aPoolWithoutTemplateGetsTheBuiltInRunner() async throws {
        let world = PoolWorld()
        try await world.create(["template": .null])
        try await world.change(["template": .null])
        try await world.step()
        let image = try await world.pods().first?.spec?.containers.first?.image
        #expect(image == "martinet/agent-runner:\(Version.text)")
    }

    @Test func aPoolWithoutTemplateCanBeRestarted() async throws {
        let world = PoolWorld()
        try await world.create([:])
        try await world.change(["template": .null])
        try await world.step(3)
        let first = try await world.pods().first?.metadata.name
        try await world.change(["template": ["metadata": ["annotations": ["martinet.dev/restartedAt": "now"]]]])
        try await world.step(8)
        let pod = try #require(try await world.pods().first)
        #expect(pod.metadata.name != first)
        #expect(pod.spec?.containers.first?.name == "agent-runner")
    }

    @Test func aCacheThatLagsMakesNoTwoPodsOfOne() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 3])
        try await world.source.refresh(world.client)
        for _ in 0..<4 { try await world.look() }
        #expect(try await world.pods().count == 3)
        #expect(try await world.revisions().count == 1)
        try await world.step(2)
        #expect(try await world.pods().count == 3)
        #expect(try await world.status().readyReplicas == 3)
    }

    @Test func aPodWhoseCreationWasNotAnsweredIsNotMadeTwice() async throws {
        let world = PoolWorld { LossyTransport($0, method: .post, path: "/api/v1/namespaces/default/pods") }
        try await world.create(["replicas": 1])
        try await world.step(6)
        #expect(try await world.pods().count == 1)
    }

    @Test func aRefusedPodIsToldAndTriedAgain() async throws {
        let world = PoolWorld()
        world.api.setFault { request in
            guard request.method == .post, request.path.hasSuffix("/pods") else { return nil }
            return Status.forbidden(Pod.resource.groupResource, name: "x", "exceeded quota")
        }
        try await world.create(["replicas": 2])
        try await world.step(3)
        let failure = try await world.status().conditions?["ReplicaFailure"]
        #expect(failure?.reason == "FailedCreate")
        #expect(failure?.message.contains("exceeded quota") == true)
        #expect(world.events.messages("FailedCreate").count == 2)
        world.api.setFault(nil)
        try await world.step(6)
        #expect(try await world.pods().count == 2)
        #expect(try await world.status().conditions?["ReplicaFailure"] == nil)
    }

    @Test func scalesDownTheIdleAndDrainsTheBusy() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 3, "drainTimeoutSeconds": 30])
        try await world.step(2)
        let names = try await world.pods().compactMap(\.metadata.name)
        world.runners.setJobs(2, names[0])
        world.runners.setJobs(1, names[2])
        try await world.change(["replicas": 1])
        try await world.step(4)
        // The idle one is gone; of the busy ones, the one with less to do finishes it.
        #expect(try await world.pods().compactMap(\.metadata.name) == [names[0], names[2]])
        #expect(world.runners.draining.contains(names[2]))
        #expect(!world.runners.draining.contains(names[0]))
        var status = try await world.status()
        #expect(status.drainingReplicas == 1)
        #expect(status.desiredReplicas == 1)
        world.runners.setJobs(0, names[2])
        try await world.step(2)
        #expect(try await world.pods().compactMap(\.metadata.name) == [names[0]])
        status = try await world.status()
        #expect(status.drainingReplicas == 0)
        #expect(world.events.messages("Draining").count == 2)
        #expect(world.events.messages("Interrupted").isEmpty)
        #expect(world.events.messages("ScaledDown") == ["from 3 to 1 runners because spec.replicas is 1"])
    }

    @Test func interruptsWhoDoesNotFinishInTime() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "drainTimeoutSeconds": 5])
        try await world.step(2)
        let name = try #require(try await world.pods().first?.metadata.name)
        world.runners.setJobs(2, name)
        try await world.change(["replicas": 0])
        try await world.step(4)
        #expect(try await world.pods().count == 1)
        try await world.step(4)
        #expect(try await world.pods().isEmpty)
        #expect(world.events.messages("Interrupted").count == 1)
        #expect(world.runners.released == [name])
    }

    @Test func aDrainOutlivesTheController() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(2)
        let name = try #require(try await world.pods().first?.metadata.name)
        world.runners.setJobs(1, name)
        try await world.change(["replicas": 0])
        try await world.step(2)
        // The engine's mark is lost with the process; the annotation is not.
        world.runners.setDraining(false, namespace: "default", runner: name)
        world.isForgetful.withLock { $0 = true }
        try await world.step()
        #expect(world.runners.draining.contains(name))
    }

    @Test func replacesWhatEndsAndGivesItsJobsToOthers() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(2)
        let first = try #require(try await world.pods().first?.metadata.name)
        try await world.setStatus(first, ["phase": "Failed", "conditions": []])
        try await world.step(2)
        let pods = try await world.pods()
        #expect(pods.count == 1)
        #expect(pods.first?.metadata.name != first)
        #expect(world.runners.released == [first])
    }

    @Test func leavesPodsOfADeletedPoolToTheGarbageCollector() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(2)
        _ = try await world.client.delete(WorkerPool.resource, namespace: "default", name: "p")
        try await world.step(2)
        #expect(try await world.pods().count == 1)
    }

    @Test func writesNothingWhenNothingChanges() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 2])
        try await world.step(5)
        let before = world.api.requests.count { $0.method != .get }
        try await world.step(10)
        #expect(world.api.requests.count { $0.method != .get } == before)
    }
}

/// Carries every request out and loses the answer of the first that matches.
private final class LossyTransport: APITransport {
    private let api: MemoryAPI
    private let method: APIRequest.Method
    private let path: String

    init(_ api: MemoryAPI, method: APIRequest.Method, path: String) {
        self.api = api
        self.method = method
        self.path = path
    }

    func send(_ request: APIRequest) async throws -> APIResponse {
        let isFirst = !api.requests.contains { $0.method == method && $0.path == path }
        let response = try await api.send(request)
        if isFirst && request.method == method && request.path == path {
            throw TransportError(.interrupted, "the answer is lost")
        }
        return response
    }

    func shutdown() async {}
}
