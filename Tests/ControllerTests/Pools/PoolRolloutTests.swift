import APIMachinery
import KubeAPI
import KubeClient
import RunEngine
import Spec
import Synchronization
import Testing

/// Revisions, rollouts and rollbacks of a pool against an API server in memory.
@Suite struct PoolRolloutTests {
    static func template(_ image: String) -> JSONValue {
        ["spec": ["containers": [["name": "agent-runner", "image": .string(image)]]]]
    }

    static func images(_ world: PoolWorld) async throws -> [String] {
        try await world.pods().compactMap { $0.spec?.containers.first?.image }
    }

    @Test(arguments: [false, true])
    func rollsOutANewVersion(isForgetful: Bool) async throws {
        let world = PoolWorld()
        world.isForgetful.withLock { $0 = isForgetful }
        try await world.create(["replicas": 3, "version": "1", "template": Self.template("r:1")])
        try await world.step(4)
        var status = try await world.status()
        #expect(status.version == "1")
        #expect(status.conditions?["Available"]?.status == "True")
        #expect(status.conditions?["Progressing"]?.reason == "NewRevisionAvailable")
        #expect(status.selector == "martinet.dev/pool=p")

        try await world.change(["version": "2", "template": Self.template("r:2")])
        for _ in 0..<30 {
            try await world.step()
            #expect(try await world.pods().count <= 4)
            #expect(try await world.pods().count(where: \.isReady) >= 3)
        }
        #expect(try await Self.images(world) == ["r:2", "r:2", "r:2"])
        status = try await world.status()
        #expect(status.version == "2")
        #expect(status.updatedReplicas == 3)
        #expect(status.currentRevision == status.updateRevision)
        #expect(try await world.revisions().map(\.revision).sorted() == [1, 2])
        if !isForgetful {
            #expect(world.events.messages("RolloutStarted").count == 1)
            #expect(world.events.messages("RolloutComplete").count == 2)
        }
    }

    @Test func aBusyRunnerFinishesBeforeItIsReplaced() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "template": Self.template("r:1"), "drainTimeoutSeconds": 600])
        try await world.step(3)
        let old = try #require(try await world.pods().first?.metadata.name)
        world.runners.setJobs(1, old)
        try await world.change(["template": Self.template("r:2")])
        try await world.step(10)
        #expect(try await world.pods().contains { $0.metadata.name == old })
        world.runners.setJobs(0, old)
        try await world.step(3)
        #expect(try await Self.images(world) == ["r:2"])
        #expect(world.events.messages("Interrupted").isEmpty)
    }

    @Test func goesBackByItselfAndSaysWhy() async throws {
        let world = PoolWorld()
        let first = Self.template("r:1")
        try await world.create(["replicas": 2, "version": "1", "rollbackOnFailure": true, "template": first])
        try await world.step(4)
        let good = try #require(try await world.status().currentRevision)
        world.badImages.withLock { _ = $0.insert("r:bad") }
        var second = Self.template("r:bad")
        second["spec"]?["hostNetwork"] = true
        try await world.change(["version": "2", "concurrency": 9, "template": second])
        try await world.step(12)
        let pool = try await world.pool()
        #expect(pool.json.value(at: "spec", "template") == first)
        #expect(pool.json.value(at: "spec", "version") == "1")
        #expect(pool.json.value(at: "spec", "concurrency") == nil)
        #expect(pool.json.value(at: "spec", "replicas") == 2)
        #expect(try await Self.images(world) == ["r:1", "r:1"])
        let status = try await world.status()
        #expect(status.currentRevision == good)
        #expect(status.version == "1")
        let condition = try #require(status.conditions?["RolledBack"])
        #expect(condition.reason == "CrashLoopBackOff")
        #expect(condition.message.contains("version 2"))
        #expect(world.events.messages("RolledBack").count == 1)
        #expect(world.events.messages("RolloutFailed").count == 1)
        // The old state is the newest again, and numbered so.
        #expect(try await world.revisions().first { $0.revisionHash == good }?.revision == 3)

        // What a person asks for next is a new attempt, and the old story is over.
        try await world.change(["version": "3", "template": Self.template("r:3")])
        try await world.step(15)
        #expect(try await world.status().conditions?["RolledBack"] == nil)
        #expect(try await world.status().version == "3")
    }

    @Test func withoutRollbackItStopsAndKeepsWhatWorks() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 2, "template": Self.template("r:1")])
        try await world.step(4)
        world.badImages.withLock { _ = $0.insert("r:bad") }
        try await world.change(["template": Self.template("r:bad")])
        try await world.step(10)
        #expect(try await Self.images(world).sorted() == ["r:1", "r:1", "r:bad"])
        let progressing = try await world.status().conditions?["Progressing"]
        #expect(progressing?.status == "False")
        #expect(progressing?.reason == "CrashLoopBackOff")
    }

    @Test func pausedChangesWait() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "template": Self.template("r:1")])
        try await world.step(3)
        try await world.change(["paused": true, "template": Self.template("r:2")])
        try await world.step(5)
        #expect(try await Self.images(world) == ["r:1"])
        try await world.change(["replicas": 2])
        try await world.step(3)
        #expect(try await Self.images(world) == ["r:1", "r:1"])
        #expect(try await world.revisions().count == 1)
        try await world.change(["paused": false])
        try await world.step(15)
        #expect(try await Self.images(world) == ["r:2", "r:2"])
    }

    @Test func aRestartIsARevisionLikeAnyOther() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(3)
        let old = try await world.pods().first?.metadata.name
        try await world.change(["template": ["metadata": ["annotations": ["martinet.dev/restartedAt": "now"]]]])
        try await world.step(8)
        let pods = try await world.pods()
        #expect(pods.count == 1)
        #expect(pods.first?.metadata.name != old)
        #expect(pods.first?.metadata.annotations?["martinet.dev/restartedAt"] == "now")
    }

    @Test func keepsAsManyRevisionsAsAskedFor() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "revisionHistoryLimit": 2, "template": Self.template("r:0")])
        for number in 1...5 {
            try await world.change(["template": Self.template("r:\(number)")])
            try await world.step(8)
        }
        #expect(try await world.revisions().map(\.revision).sorted() == [3, 4, 5])
    }

    @Test func aRevisionNameThatIsTakenIsAvoided() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        let pool = try await world.pool()
        let hash = PoolRevision(of: pool).hash()
        _ = try await world.client.create(
            ControllerRevision(metadata: ObjectMeta(name: "p-\(hash)", namespace: "default"), revision: 1)
        )
        try await world.source.refresh(world.client)
        await #expect(throws: Status.self) { try await world.look() }
        try await world.step(2)
        #expect(try await world.pods().count == 1)
        #expect(try await world.revisions().count == 2)
    }
}
