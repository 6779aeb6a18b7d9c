import APIMachinery
import Controller
import KubeAPI
import KubeClient
import KubeTestSupport
import RunEngine
import Spec
import Synchronization
import TestSupport

/// A pool to which everything happens that people, nodes and jobs do to one, in an order that a seed decides.
struct PoolSimulation {
    private let world = PoolWorld()
    private var random: SplitMix64
    private var image = 1
    /// The revision that the pool asked for, and the failures that were recorded when it began to.
    private var epoch: (revision: String?, failures: Int) = (nil, 0)
    /// What must never happen, and did.
    private(set) var violations: [String] = []

    init(seed: UInt64) async throws {
        random = SplitMix64(seed: seed)
        world.badImages.withLock { $0 = ["r:bad"] }
        try await world.create([
            "replicas": .int(Int64(Int.random(in: 1...4, using: &random))), "template": Self.template("r:1"),
            "drainTimeoutSeconds": 6, "progressDeadlineSeconds": 15,
            "rollbackOnFailure": .bool(random.chance(50)),
            "updateStrategy": [
                "rollingUpdate": [
                    "maxSurge": 1, "maxUnavailable": .int(Int64(Int.random(in: 0...1, using: &random))),
                ]
            ],
        ])
    }

    private static func template(_ image: String) -> JSONValue { PoolRolloutTests.template(image) }

    /// A second in which something may happen.
    mutating func tick() async throws {
        try await disturb()
        try await world.source.refresh(world.client)
        world.isForgetful.withLock { $0 = random.chance(15) }
        let before = try await observe()
        try await world.look()
        try await check(before)
        if random.chance(30) { try await checkRest() }
        try await world.runNode()
        world.time.advance(by: .seconds(1))
    }

    private mutating func disturb() async throws {
        let pod = try await world.pods().randomElement(using: &random)?.metadata.name
        switch Int.random(in: 0..<40, using: &random) {
        case 0:
            image += 1
            try await world.change(["template": Self.template("r:\(image)")])
        case 1: try await world.change(["template": Self.template("r:bad")])
        case 2, 3: try await world.change(["replicas": .int(Int64(Int.random(in: 0...4, using: &random)))])
        case 4: try await world.change(["paused": .bool(random.chance(40))])
        case 5: _ = try? await world.client.delete(Secret.resource, namespace: "default", name: "martinet-runner")
        case 6:
            if let pod { _ = try await world.client.delete(Pod.resource, namespace: "default", name: pod) }
        case 7:
            if let pod { try await world.setStatus(pod, ["phase": "Failed", "conditions": []]) }
        case 8:
            guard let pod else { return }
            _ = try await world.client.patch(
                Pod.resource,
                namespace: "default",
                name: pod,
                .merge(["metadata": ["ownerReferences": .null]])
            )
        case 9...15:
            if let pod { world.runners.setJobs(Int.random(in: 0...2, using: &random), pod) }
        default: break
        }
    }

    private struct Observation {
        var available: Set<String>
        var floor: Int
    }

    private func observe() async throws -> Observation {
        let pool = try await world.pool().decode(WorkerPool.self)
        let replicas = pool.spec.replicas ?? 1
        let strategy = RolloutStrategy(pool.spec.updateStrategy, replicas: replicas)
        let available = try await world.pods().filter { pod in
            pod.isReady && !pod.isFinished && pod.metadata.deletionTimestamp == nil
                && pod.metadata.annotations?["martinet.dev/drain-requested-at"] == nil
        }
        return Observation(
            available: Set(available.compactMap(\.metadata.name)),
            floor: max(0, replicas - strategy.maxUnavailable)
        )
    }

    private mutating func check(_ before: Observation) async throws {
        let after = try await observe()
        let left = after.available.intersection(before.available).count
        if left < before.available.count && left < after.floor {
            violations.append("\(before.available.count) available were made \(left), below \(after.floor)")
        }
        let status = try await world.status()
        let failures = world.events.messages("RolloutFailed").count
        if status.updateRevision != epoch.revision { epoch = (status.updateRevision, failures) }
        if failures > epoch.failures + 1 { violations.append("one rollout failed \(failures - epoch.failures) times") }
        if failures > epoch.failures, status.rollout?.failureTime == nil, status.updateRevision == epoch.revision {
            violations.append("a failure was recorded that is not durable")
        }
    }

    /// While nothing happens and no time passes, looks come to an end of what they write.
    private mutating func checkRest() async throws {
        for _ in 0..<10 {
            let before = world.writes
            try await world.source.refresh(world.client)
            try await world.look()
            if world.writes == before {
                try await world.look()
                if world.writes != before { violations.append("a second look writes") }
                return
            }
        }
        violations.append("looks at the same state write on and on")
    }

    /// Left alone, it is what the specification asks for.
    mutating func settle() async throws {
        world.isForgetful.withLock { $0 = false }
        for pod in try await world.pods() { world.runners.setJobs(0, pod.metadata.name ?? "") }
        try await world.change(["paused": false, "replicas": 2, "template": Self.template("r:last")])
        try await world.step(15)
        // Pods that ended hold their replacements back for up to five minutes.
        world.time.advance(by: .seconds(300))
        try await world.step(25)
        let status = try await world.status()
        if status.readyReplicas != 2 { violations.append("\(status.readyReplicas ?? 0) of 2 are ready") }
        if status.reason != "NewRevisionAvailable" { violations.append("\(status.reason ?? "")") }
        let images = try await PoolRolloutTests.images(world)
        if images.contains(where: { $0 != "r:last" }) { violations.append("\(images)") }
        try await checkRest()
    }
}
