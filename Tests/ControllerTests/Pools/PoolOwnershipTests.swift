import APIMachinery
import KubeAPI
import KubeClient
import KubeTestSupport
import Spec
import Synchronization
import Testing

@testable import Controller

/// The Secret that runners need, and which objects are a pool's.
@Suite struct PoolOwnershipTests {
    private static func secret(_ world: PoolWorld) async throws -> [String: String]? {
        try await world.client.find(Secret.self, namespace: "default", name: "martinet-runner")?.stringData
    }

    @Test func theSecretIsMadeAgain() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(8)
        _ = try await world.client.delete(Secret.resource, namespace: "default", name: "martinet-runner")
        try await world.step()
        #expect(try await Self.secret(world) == ["p": "secret"])
        let before = world.writes
        try await world.step(10)
        #expect(world.writes == before)
    }

    @Test func aKeyThatIsMissingIsPutBack() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(8)
        for change: JSONValue in [["p": .null, "other": "kept"], ["p": "wrong"]] {
            _ = try await world.client.patch(
                Secret.resource,
                namespace: "default",
                name: "martinet-runner",
                .merge(["stringData": change])
            )
            try await world.step()
            #expect(try await Self.secret(world) == ["p": "secret", "other": "kept"])
        }
    }

    /// A write that the cache does not show yet is not done twice, and is not believed for ever.
    @Test func aSecretGoneRightAfterItWasWrittenIsMadeAgain() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.source.refresh(world.client)
        for _ in 0..<3 { try await world.look() }
        #expect(world.api.requests.count { $0.method == .post && $0.path.hasSuffix("/secrets") } == 1)
        _ = try await world.client.delete(Secret.resource, namespace: "default", name: "martinet-runner")
        try await world.step(7)
        #expect(try await Self.secret(world) == ["p": "secret"])
    }

    @Test func aSecretThatCannotBeWrittenStopsNothingElse() async throws {
        let world = PoolWorld()
        world.api.setFault { request in
            request.path.contains("/secrets") && request.method != .get
                ? Status.forbidden(Secret.resource.groupResource, name: "martinet-runner", "no") : nil
        }
        try await world.create(["replicas": 2])
        try await world.step(4)
        #expect(try await world.pods().count == 2)
        #expect(world.events.messages("FailedSecret").count == 1, "tried again after a while, not at every look")
    }

    private static func own(_ world: PoolWorld, _ pod: String, _ owners: JSONValue) async throws {
        _ = try await world.client.patch(
            Pod.resource,
            namespace: "default",
            name: pod,
            .merge(["metadata": ["ownerReferences": owners]])
        )
    }

    @Test func aPodWhoseOwnerWasRemovedIsAdopted() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(3)
        let pod = try #require(try await world.pods().first?.metadata.name)
        try await Self.own(world, pod, .null)
        try await world.step(3)
        let pods = try await world.pods()
        #expect(pods.map(\.metadata.name) == [pod])
        #expect(pods.first?.metadata.controller?.uid == (try await world.pool().uid))
        #expect(world.events.messages("Adopted").count == 1)
        #expect(world.getsJobs(pod))
    }

    /// `kubectl delete --cascade=orphan`, and the pool is made again.
    @Test func aNewPoolAdoptsWhatAnOldOneLeft() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(3)
        let pod = try #require(try await world.pods().first?.metadata.name)
        let revision = try #require(try await world.revisions().first?.metadata.name)
        _ = try await world.client.delete(WorkerPool.resource, namespace: "default", name: "p")
        try await Self.own(world, pod, .null)
        _ = try await world.client.patch(
            ControllerRevision.resource,
            namespace: "default",
            name: revision,
            .merge(["metadata": ["ownerReferences": .null]])
        )
        try await world.step(2)
        try await world.create(["replicas": 1])
        try await world.step(4)
        let uid = try await world.pool().uid
        #expect(try await world.pods().map(\.metadata.name) == [pod])
        #expect(try await world.pods().first?.metadata.controller?.uid == uid)
        #expect(try await world.revisions().map(\.metadata.name) == [revision])
        #expect(try await world.revisions().first?.metadata.controller?.uid == uid)
    }

    /// A lagging cache shows the orphan once more.
    @Test func anAdoptionIsNotForgottenWhileTheCacheLags() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(3)
        let pod = try #require(try await world.pods().first?.metadata.name)
        try await Self.own(world, pod, .null)
        try await world.source.refresh(world.client)
        for _ in 0..<3 { try await world.look() }
        #expect(try await world.pods().count == 1)
        #expect(world.events.messages("Adopted").count == 1)
    }

    @Test(
        arguments: [
            ["martinet.dev/pool": "debug"], ["martinet.dev/revision": .null, "martinet.dev/pool": .null],
        ] as [JSONValue]
    )
    func aPodThatLosesItsLabelIsReleased(_ labels: JSONValue) async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1])
        try await world.step(3)
        let pod = try #require(try await world.pods().first?.metadata.name)
        world.runners.setJobs(1, pod)
        _ = try await world.client.patch(
            Pod.resource,
            namespace: "default",
            name: pod,
            .merge(["metadata": ["labels": labels]])
        )
        try await world.step(4)
        let pods = try await world.pods()
        #expect(pods.count == 2)
        #expect(pods.first { $0.metadata.name == pod }?.metadata.ownerReferences ?? [] == [])
        #expect(!world.getsJobs(pod), "it finishes what it has and gets no more of the pool's jobs")
        #expect(world.runners.released.isEmpty, "what it works on stays with it")
        #expect(world.events.messages("Released").count == 1)
        #expect(try await world.status().readyReplicas == 1)
        // Nor does a controller that starts anew give it any.
        world.runners.setDraining(false, namespace: "default", runner: pod)
        world.isForgetful.withLock { $0 = true }
        try await world.step()
        #expect(!world.getsJobs(pod))
    }

    @Test(
        arguments: [
            ("mine", true, false, false, .keep), ("mine", false, false, false, .release),
            ("mine", false, true, false, .keep), ("other", true, false, false, .ignore),
            (nil, true, false, false, .adopt), (nil, false, false, false, .ignore),
            (nil, true, true, false, .ignore), (nil, true, false, true, .ignore),
        ] as [(String?, Bool, Bool, Bool, OwnershipClaim)]
    )
    func claims(_ owner: String?, _ hasLabel: Bool, _ isGoing: Bool, _ isFinished: Bool, _ claim: OwnershipClaim) {
        var object = ObjectMeta(name: "x", labels: hasLabel ? [PoolRevision.poolLabel: "p"] : [:])
        if isGoing { object.deletionTimestamp = PodNotation.now }
        object.ownerReferences = owner.map {
            [
                OwnerReference(
                    apiVersion: "martinet.dev/v1alpha1",
                    kind: "WorkerPool",
                    name: "p",
                    uid: $0,
                    controller: true
                )
            ]
        }
        #expect(OwnershipClaim(object, isFinished: isFinished, pool: "p", uid: "mine") == claim)
    }
}
