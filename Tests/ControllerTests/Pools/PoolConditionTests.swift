import APIMachinery
import KubeAPI
import KubeClient
import KubeTestSupport
import RunEngine
import Spec
import Synchronization
import Testing

@testable import Controller

/// What a pool says of itself, as a Deployment does.
@Suite struct PoolConditionTests {
    static let template = PoolRolloutTests.template

    @Test func aDrainIsNoFailureOfTheNewVersion() async throws {
        let world = PoolWorld()
        try await world.create([
            "replicas": 1, "template": Self.template("r:1"), "drainTimeoutSeconds": 300,
            "progressDeadlineSeconds": 20, "rollbackOnFailure": true,
        ])
        try await world.step(3)
        let old = try #require(try await world.pods().first?.metadata.name)
        world.runners.setJobs(1, old)
        try await world.change(["template": Self.template("r:2")])
        try await world.step(70)
        #expect(world.events.messages("RolloutFailed").isEmpty)
        #expect(try await world.condition("Progressing") == "True RolloutProgressing")
        world.runners.setJobs(0, old)
        try await world.step(4)
        #expect(try await PoolRolloutTests.images(world) == ["r:2"])
        #expect(try await world.condition("Progressing") == "True NewRevisionAvailable")
    }

    /// Killed before every look or not: the counter and the Event come once, the reason stays.
    @Test(arguments: [false, true])
    func aRolloutFailsOnce(isForgetful: Bool) async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 2, "template": Self.template("r:1"), "progressDeadlineSeconds": 20])
        try await world.step(4)
        world.badImages.withLock { _ = $0.insert("r:bad") }
        world.isForgetful.withLock { $0 = isForgetful }
        try await world.change(["template": Self.template("r:bad")])
        var reasons: Set<String> = []
        for second in 0..<90 {
            if second % 9 == 5 { try await world.change(["replicas": second % 2 == 0 ? 2 : 3]) }
            try await world.step()
            // The container runs between two crashes.
            if second % 3 == 0 {
                for pod in try await world.pods() where pod.spec?.containers.first?.image == "r:bad" {
                    try await world.setStatus(
                        pod.metadata.name ?? "",
                        [
                            "containerStatuses": [
                                ["name": "agent-runner", "ready": false, "restartCount": .int(Int64(second))]
                            ]
                        ]
                    )
                }
            }
            let progressing = try await world.status().conditions?["Progressing"]
            if progressing?.status == "False" { reasons.insert(progressing?.reason ?? "") }
        }
        #expect(world.events.messages("RolloutFailed").count == 1)
        #expect(reasons == ["CrashLoopBackOff"])
    }

    @Test func aChangingSizeDoesNotPutTheDeadlineOff() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 2, "template": Self.template("r:1"), "progressDeadlineSeconds": 20])
        try await world.step(4)
        world.hangingImages.withLock { _ = $0.insert("r:hangs") }
        try await world.change(["template": Self.template("r:hangs")])
        for second in 0..<30 {
            if second % 9 == 8 { try await world.change(["replicas": second % 2 == 0 ? 2 : 4]) }
            try await world.step()
        }
        #expect(try await world.condition("Progressing") == "False ProgressDeadlineExceeded")
    }

    @Test func aPausedPoolSaysSo() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "template": Self.template("r:1")])
        try await world.step(3)
        try await world.change(["paused": true, "template": Self.template("r:2")])
        try await world.step(3)
        #expect(try await world.condition("Progressing") == "Unknown RolloutPaused")
        #expect(try await world.status().reason == "RolloutPaused")
        world.hangingImages.withLock { _ = $0.insert("r:2") }
        try await world.change(["paused": false])
        try await world.source.refresh(world.client)
        try await world.look()
        #expect(try await world.condition("Progressing") == "Unknown RolloutResumed")
        world.hangingImages.withLock { $0 = [] }
        try await world.step(8)
        #expect(try await world.condition("Progressing") == "True NewRevisionAvailable")
    }

    @Test func pausingHidesNoFailure() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "template": Self.template("r:1")])
        try await world.step(3)
        world.badImages.withLock { _ = $0.insert("r:bad") }
        try await world.change(["template": Self.template("r:bad")])
        try await world.step(4)
        try await world.change(["paused": true])
        try await world.step(3)
        #expect(try await world.condition("Progressing") == "False CrashLoopBackOff")
    }

    @Test func withRecreateNothingIsAvailableWhileNothingIs() async throws {
        let world = PoolWorld()
        world.hangingImages.withLock { $0 = ["r:1"] }
        try await world.create([
            "replicas": 2, "template": Self.template("r:1"), "updateStrategy": ["type": "Recreate"],
        ])
        try await world.step(3)
        #expect(try await world.condition("Available") == "False MinimumReplicasUnavailable")
        #expect(try await world.status().reason == "MinimumReplicasUnavailable")
    }

    @Test func aHealedFailureIsGone() async throws {
        let world = PoolWorld()
        world.api.setFault { request in
            request.method == .post && request.path.hasSuffix("/pods")
                ? Status.forbidden(Pod.resource.groupResource, name: "", "exceeded quota") : nil
        }
        try await world.create(["replicas": 1])
        try await world.step(3)
        #expect(try await world.condition("ReplicaFailure") == "True FailedCreate")
        #expect(try await world.status().reason == "FailedCreate")
        // It is not the server who gives way, but the wish.
        try await world.change(["replicas": 0])
        try await world.step(2)
        #expect(try await world.condition("ReplicaFailure") == nil)
        try await world.change(["replicas": 1])
        try await world.step(2)
        #expect(try await world.condition("ReplicaFailure") == "True FailedCreate")
        world.api.setFault(nil)
        try await world.step(6)
        #expect(try await world.condition("ReplicaFailure") == nil)
        #expect(try await world.status().reason == "NewRevisionAvailable")
    }

    @Test(
        arguments: [
            (
                ["state": ["waiting": ["reason": "CreateContainerConfigError", "message": "secret \"s\" not found"]]],
                "CreateContainerConfigError"
            ),
            (["state": ["waiting": ["reason": "ErrImagePull", "message": "no such image"]]], "ImagePullBackOff"),
            (["restartCount": 5, "state": ["running": [:]]], "CrashLoopBackOff"),
        ] as [(JSONValue, String)]
    )
    func aPoolWhosePodsCannotStartSaysSo(_ change: JSONValue, _ reason: String) async throws {
        let world = PoolWorld()
        world.hangingImages.withLock { $0 = ["r:1"] }
        try await world.create(["replicas": 1, "template": Self.template("r:1")])
        try await world.step(2)
        let pod = try #require(try await world.pods().first?.metadata.name)
        var container: JSONValue = ["name": "agent-runner", "ready": false, "restartCount": 0]
        for (key, value) in change.objectValue ?? [:] { container[key] = value }
        try await world.setStatus(pod, ["phase": "Pending", "containerStatuses": [container]])
        try await world.step(2)
        #expect(try await world.condition("ReplicaFailure") == "True \(reason)")
        #expect(try await world.status().reason == reason)
        #expect(try await world.status().conditions?["Available"]?.message.contains(pod) == true)
        #expect(world.events.messages("FailedStart").count == 1)
        world.hangingImages.withLock { $0 = [] }
        try await world.step(3)
        #expect(try await world.condition("ReplicaFailure") == nil)
    }

    @Test func aPoolWhosePodsHaveNoNodeSaysSo() async throws {
        let world = PoolWorld()
        world.hangingImages.withLock { $0 = ["r:1"] }
        try await world.create(["replicas": 1, "template": Self.template("r:1")])
        try await world.step(2)
        let pod = try #require(try await world.pods().first?.metadata.name)
        let scheduled: JSONValue = [
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available",
        ]
        try await world.setStatus(pod, ["phase": "Pending", "conditions": [scheduled]])
        try await world.step(2)
        #expect(try await world.condition("ReplicaFailure") == "True Unschedulable")
    }

    @Test(arguments: [false, true])
    func givingUpAHangingRolloutIsRecorded(isForgetful: Bool) async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "version": "1", "template": Self.template("r:1")])
        try await world.step(4)
        world.isForgetful.withLock { $0 = isForgetful }
        world.hangingImages.withLock { $0 = ["r:2"] }
        try await world.change(["version": "2", "template": Self.template("r:2")])
        try await world.step(3)
        try await world.change(["version": "1", "template": Self.template("r:1")])
        try await world.step(5)
        let condition = try #require(try await world.status().conditions?["RolledBack"])
        #expect(condition.reason == "Requested")
        #expect(condition.message.contains("version 2") && condition.message.contains("version 1"))
        #expect(world.events.messages("RolledBack").count == 1)
        #expect(try await world.condition("Progressing") == "True NewRevisionAvailable")
        #expect(try await world.status().reason == "NewRevisionAvailable", "it is what somebody asked for")
        try await world.change(["version": "3", "template": Self.template("r:3")])
        try await world.step(8)
        #expect(try await world.status().conditions?["RolledBack"] == nil)
    }

    /// The old runner and its jobs are gone when the first of the new one fail.
    @Test func theJobsOfAPoolOfOneRunnerJudgeIt() async throws {
        let world = PoolWorld()
        try await world.create(["replicas": 1, "rollbackOnFailure": true, "template": Self.template("r:1")])
        try await world.step(3)
        let old = try #require(try await world.pods().first?.metadata.name)
        world.queues.setOutcomes(JobOutcomes(succeeded: 12), old)
        try await world.change(["template": Self.template("r:2")])
        try await world.step(8)
        #expect(try await PoolRolloutTests.images(world) == ["r:2"])
        #expect(try await world.condition("Progressing") == "True NewRevisionAvailable")
        let new = try #require(try await world.pods().first?.metadata.name)
        world.queues.setOutcomes(JobOutcomes(failed: 12), new)
        try await world.step(10)
        #expect(try await PoolRolloutTests.images(world) == ["r:1"])
        #expect(world.events.messages("RolloutFailed").count == 1)
        #expect(world.events.messages("RolledBack").count == 1)
        let status = try await world.status()
        #expect(status.conditions?["RolledBack"]?.reason == "JobsFail")
        #expect(status.reason == "RolledBack")
        #expect(status.currentRevision == status.updateRevision)
    }

    @Test(
        arguments: [
            ([("Progressing", "False", "JobsFail"), ("Available", "False", "X")], "JobsFail"),
            ([("Progressing", "True", "NewRevisionAvailable"), ("Available", "False", "X")], "X"),
            ([("Progressing", "True", "NewRevisionAvailable"), ("Available", "True", "Y")], "NewRevisionAvailable"),
            ([("Progressing", "Unknown", "RolloutPaused"), ("Available", "True", "Y")], "RolloutPaused"),
            (
                [("Progressing", "True", "NewRevisionAvailable"), ("ScaledToZero", "True", "ScaledToZero")],
                "ScaledToZero"
            ),
            ([("Progressing", "True", "NewRevisionAvailable"), ("RolledBack", "True", "JobsFail")], "RolledBack"),
            (
                [("Progressing", "True", "RolloutProgressing"), ("ScalingActive", "False", "FailedGetQueueMetric")],
                "FailedGetQueueMetric"
            ),
        ] as [([(String, String, String)], String)]
    )
    func theWorstConditionShows(_ conditions: [(String, String, String)], _ worst: String) {
        let list = conditions.map { type, status, reason in
            Condition(
                type: type,
                status: status,
                lastTransitionTime: PodNotation.now,
                reason: reason,
                message: ""
            )
        }
        #expect(PoolConditions.worst(list) == worst)
        #expect(PoolConditions.worst(list.reversed()) == worst)
    }
}
