import APIMachinery
import KubeAPI
import KubeTestSupport
import RunEngine
import Spec
import Synchronization
import Testing

@testable import Controller

/// What a pool says of jobs that used up the memory of their runners.
@Suite struct PoolMemoryTests {
    private func kill(_ world: PoolWorld, attempt: Int) {
        world.queues.setOutOfMemory(
            JobOutOfMemory(
                at: world.time.now,
                runner: "p-1",
                job: "attempt \(attempt) of step a of run r",
                message: "its container used up its memory of 128Mi"
            )
        )
    }

    @Test func aKillIsToldOnceAndForgottenAfterAWhile() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(4)
        kill(world, attempt: 1)
        try await world.step(3)
        #expect(try await world.condition("OutOfMemory") == "True OOMKilled")
        #expect(try await world.status().reason == "OOMKilled")
        #expect(world.events.messages("OOMKilled").count == 1)
        #expect(world.events.messages("OOMKilled").first?.contains("step a of run r on runner p-1") == true)
        let before = world.writes
        try await world.step(10)
        #expect(world.writes == before, "nothing is written while nothing happens")
        kill(world, attempt: 2)
        try await world.step(2)
        #expect(world.events.messages("OOMKilled").count == 2)
        world.time.advance(by: PoolConditions.outOfMemoryPeriod)
        try await world.step(2)
        #expect(try await world.condition("OutOfMemory") == nil)
        #expect(try await world.status().reason == "NewRevisionAvailable")
    }

    @Test func aRestartedControllerDoesNotForgetIt() async throws {
        let world = PoolWorld()
        world.isForgetful.withLock { $0 = true }
        try await world.create(["replicas": 1])
        try await world.step(4)
        kill(world, attempt: 1)
        try await world.step(2)
        world.queues.setOutOfMemory(nil)
        try await world.step(20)
        #expect(try await world.condition("OutOfMemory") == "True OOMKilled")
        #expect(world.events.messages("OOMKilled").count == 1)
        world.time.advance(by: PoolConditions.outOfMemoryPeriod)
        try await world.step(2)
        #expect(try await world.condition("OutOfMemory") == nil)
    }

    @Test func runnersAreToldTheLimitOfTheirContainer() async throws {
        let world = PoolWorld()
        try await world.create([
            "replicas": 1,
            "template": [
                "spec": [
                    "containers": [
                        ["name": "agent-runner", "image": "r", "resources": ["limits": ["memory": "128Mi"]]]
                    ]
                ]
            ],
        ])
        try await world.step(3)
        let env = try await world.pods().first?.spec?.containers.first?.env ?? []
        #expect(env.first { $0.name == "MARTINET_MEMORY_LIMIT" }?.value == "134217728")
    }

    @Test(arguments: ["a/b", "a.b/c", "..", "", "A", "a?x=1", "a%2Fb"])
    func aRunnerWhoseNameIsNoPodsIsNotAskedFor(_ name: String) async {
        let world = PoolWorld()
        let kills = PodMemoryKills(client: world.client)
        #expect(await kills.memoryKill(namespace: "default", runner: name, podUID: "") == nil)
        #expect(await kills.memoryKill(namespace: name, runner: "p-1", podUID: "") == nil)
        #expect(world.api.requests.isEmpty)
        #expect(await kills.memoryKill(namespace: "default", runner: "p-1", podUID: "") == nil)
        #expect(world.api.requests.count == 1)
    }

    @Test func aPodTellsOfItsLastKill() throws {
        let pod = try Unstructured([
            "metadata": ["name": "p-1", "namespace": "default", "uid": "u"],
            "spec": ["containers": [["name": "a", "resources": ["limits": ["memory": "128Mi"]]]]],
            "status": [
                "containerStatuses": [
                    [
                        "name": "a", "ready": false, "restartCount": 2,
                        "state": [
                            "terminated": ["exitCode": 137, "reason": "Error", "finishedAt": "2026-01-02T03:04:09Z"]
                        ],
                        "lastState": [
                            "terminated": [
                                "exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-02T03:04:05Z",
                                "message": "Job 1.0.1 used most",
                            ]
                        ],
                    ]
                ]
            ],
        ]).decode(Pod.self)
        let kill = try #require(PodMemoryKills.kill(in: pod))
        #expect(
            kill
                == MemoryKill(
                    at: try #require(Timestamp(rfc3339: "2026-01-02T03:04:05Z")),
                    limit: "128Mi",
                    message: "Job 1.0.1 used most"
                )
        )
    }
}
