import APIMachinery
import KubeAPI
import Testing

@testable import LocalNode

/// A Pod under test: feeds inputs at chosen seconds and shows what comes of them.
private struct Subject {
    var lifecycle: PodLifecycle
    var now: Int64 = 0

    init(policy: String? = nil, status: PodStatus? = nil, _ change: (inout PodSpec) -> Void = { _ in }) {
        var pod = Pod(metadata: ObjectMeta(name: "p", namespace: "n"), spec: PodSpec(), status: status)
        pod.metadata.uid = "u"
        pod.spec?.restartPolicy = policy
        pod.spec?.containers = [Container(name: "c", image: "i:1")]
        if var spec = pod.spec {
            change(&spec)
            pod.spec = spec
        }
        lifecycle = PodLifecycle(pod, at: Self.moment(0))
    }

    static func moment(_ second: Int64) -> Moment {
        Moment(instant: .seconds(second), wall: Timestamp(seconds: 1000 + second))
    }

    /// What is done about an input, without the events.
    mutating func handle(_ input: PodLifecycle.Input, at second: Int64? = nil) -> [PodLifecycle.Action] {
        if let second { now = second }
        return lifecycle.handle(input, Self.moment(now)).filter { if case .event = $0 { false } else { true } }
    }

    mutating func status() -> PodStatus {
        lifecycle.status(at: Self.moment(now), addresses: ["127.0.0.1"], generation: 1)
    }

    mutating func condition(_ type: String) -> String {
        let condition = status().conditions?.first { $0.type == type }
        return [condition?.status, condition?.reason].compactMap(\.self).joined(separator: " ")
    }

    mutating func state(_ index: Int = 0) -> String {
        let state = status().containerStatuses?[index].state
        if let waiting = state?.waiting { return "waiting \(waiting.reason ?? "")" }
        if let end = state?.terminated { return "terminated \(end.reason ?? "") \(end.exitCode)" }
        return state?.running == nil ? "none" : "running"
    }

    /// Ends the container with a code, and starts it again as soon as it may be.
    mutating func crash(_ code: Int = 1) {
        _ = handle(.exited(container: "c", .ended(code: code)))
    }

    mutating func start(_ name: String = "c") -> [PodLifecycle.Action] {
        handle(.started(container: name, id: "id", imageID: "/bin/i"))
    }
}

struct PodLifecycleTests {
    @Test func aPodStartsAndBecomesReady() {
        var pod = Subject()
        #expect(pod.status().phase == "Pending")
        #expect(pod.handle(.tick) == [.start(container: "c", attempt: 0)])
        #expect(pod.state() == "waiting ContainerCreating")
        #expect(pod.condition("Ready") == "False ContainersNotReady")
        #expect(pod.handle(.tick) == [])
        _ = pod.start()
        let status = pod.status()
        #expect(status.phase == "Running")
        #expect(status.containerStatuses?.first?.ready == true)
        #expect(status.containerStatuses?.first?.started == true)
        #expect(status.podIP == "127.0.0.1")
        for type in ["Ready", "ContainersReady", "Initialized", "PodScheduled", "PodReadyToStartContainers"] {
            #expect(pod.condition(type) == "True", "\(type)")
        }
    }

    @Test(
        "What an end leads to",
        arguments: [
            ("Always", 0, "Running", true), ("Always", 1, "Running", true), ("OnFailure", 0, "Succeeded", false),
            ("OnFailure", 1, "Running", true), ("Never", 0, "Succeeded", false), ("Never", 1, "Failed", false),
        ]
    )
    func ends(_ policy: String, _ code: Int, _ phase: String, _ restarts: Bool) {
        var pod = Subject(policy: policy)
        _ = pod.handle(.tick)
        _ = pod.start()
        let actions = pod.handle(.exited(container: "c", .ended(code: code)), at: 5)
        #expect(actions == (restarts ? [.start(container: "c", attempt: 1)] : []))
        #expect(pod.status().phase == phase)
        let end = pod.status().containerStatuses?.first?.state?.terminated
        #expect(end?.exitCode == code)
        #expect(end?.reason == (code == 0 ? "Completed" : "Error"))
        #expect(end?.startedAt == Timestamp(seconds: 1000))
        #expect(end?.finishedAt == Timestamp(seconds: 1005))
        let readiness = ["Running": "ContainersNotReady", "Succeeded": "PodCompleted", "Failed": "PodFailed"]
        #expect(pod.condition("Ready") == "False \(readiness[phase] ?? "")")
    }

    @Test func crashesAreRestartedWithGrowingPauses() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.start()
        var pauses: [Int64] = []
        for count in 1...8 {
            pod.crash()
            if count > 1 { #expect(pod.state() == "waiting CrashLoopBackOff") }
            #expect(pod.status().phase == "Running")
            let due = pod.lifecycle.nextDeadline?.components.seconds ?? pod.now
            pauses.append(due - pod.now)
            if due > pod.now {
                #expect(pod.handle(.tick, at: due - 1) == [])
                #expect(pod.handle(.tick, at: due) == [.start(container: "c", attempt: count)])
            }
            _ = pod.start()
            #expect(pod.status().containerStatuses?.first?.restartCount == count)
            #expect(pod.status().containerStatuses?.first?.lastState?.terminated?.exitCode == 1)
        }
        #expect(pauses == [0, 10, 20, 40, 80, 160, 300, 300])
        // After a long run without an end it begins anew.
        pod.now += 601
        pod.crash()
        #expect(pod.state() == "terminated Error 1")
        #expect(pod.lifecycle.nextDeadline == nil)
    }

    @Test func theBackOffSaysWhoIsMeant() {
        var pod = Subject()
        _ = pod.handle(.tick)
        for _ in 0..<2 {
            _ = pod.start()
            pod.crash()
        }
        let message = pod.status().containerStatuses?.first?.state?.waiting?.message
        #expect(message == "back-off 10s restarting failed container=c pod=p_n(u)")
    }

    @Test func missingImagesAreWaitedFor() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.handle(.startFailed(container: "c", .image("not there")))
        #expect(pod.state() == "waiting ErrImagePull")
        #expect(pod.status().phase == "Pending")
        #expect(pod.lifecycle.waitsForImage)
        _ = pod.handle(.tick, at: 2)
        #expect(pod.state() == "waiting ImagePullBackOff")
        let message = pod.status().containerStatuses?.first?.state?.waiting?.message
        #expect(message == "Back-off pulling image \"i:1\": ErrImagePull: not there")
        #expect(pod.handle(.tick, at: 9) == [])
        #expect(pod.handle(.tick, at: 10) == [.start(container: "c", attempt: 0)])
        _ = pod.handle(.startFailed(container: "c", .image("not there")))
        #expect(pod.handle(.tick, at: 29) == [])
        // Added meanwhile: no reason to wait any longer.
        #expect(pod.handle(.imagesChanged) == [.start(container: "c", attempt: 0)])
        _ = pod.start()
        #expect(pod.status().containerStatuses?.first?.restartCount == 0)
        #expect(!pod.lifecycle.waitsForImage)
    }

    @Test func missingConfigurationIsLookedForAgain() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.handle(.startFailed(container: "c", .configuration("secret \"s\" not found")))
        #expect(pod.state() == "waiting CreateContainerConfigError")
        #expect(pod.handle(.tick, at: 5) == [.start(container: "c", attempt: 0)])
    }

    @Test func initContainersComeFirstOneAfterTheOther() {
        var pod = Subject(policy: "Never") { $0.initContainers = [Container(name: "a"), Container(name: "b")] }
        #expect(pod.handle(.tick) == [.start(container: "a", attempt: 0)])
        #expect(pod.state() == "waiting PodInitializing")
        _ = pod.start("a")
        #expect(pod.status().phase == "Pending")
        #expect(pod.condition("Initialized") == "False ContainersNotInitialized")
        #expect(pod.handle(.exited(container: "a", .ended(code: 0))) == [.start(container: "b", attempt: 0)])
        _ = pod.start("b")
        #expect(pod.handle(.exited(container: "b", .ended(code: 0))) == [.start(container: "c", attempt: 0)])
        #expect(pod.condition("Initialized") == "True")
    }

    @Test func aFailedInitContainerFailsThePodOrIsTriedAgain() {
        var never = Subject(policy: "Never") { $0.initContainers = [Container(name: "a")] }
        _ = never.handle(.tick)
        _ = never.start("a")
        #expect(never.handle(.exited(container: "a", .ended(code: 3))) == [])
        #expect(never.status().phase == "Failed")
        var always = Subject(policy: "Always") { $0.initContainers = [Container(name: "a")] }
        _ = always.handle(.tick)
        _ = always.start("a")
        #expect(always.handle(.exited(container: "a", .ended(code: 3))) == [.start(container: "a", attempt: 1)])
        #expect(always.status().phase == "Pending")
    }

    @Test func deletionEndsContainersAndThenRemovesTheObject() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.start()
        #expect(pod.handle(.deletionRequested(grace: .seconds(30)), at: 10) == [.terminate(container: "c")])
        #expect(pod.condition("Ready") == "False ContainersNotReady")
        #expect(pod.handle(.deletionRequested(grace: .seconds(30)), at: 12) == [])
        #expect(pod.handle(.tick, at: 39) == [])
        #expect(pod.handle(.tick, at: 40) == [.kill(container: "c")])
        #expect(!pod.lifecycle.isOver)
        let end = ContainerExit.ended(code: 137, signal: 9)
        #expect(pod.handle(.exited(container: "c", end), at: 41) == [.removeObject])
        #expect(pod.lifecycle.isOver)
    }

    @Test func aShorterGracePeriodHolds() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.start()
        _ = pod.handle(.deletionRequested(grace: .seconds(30)), at: 0)
        _ = pod.handle(.deletionRequested(grace: .seconds(5)), at: 1)
        #expect(pod.handle(.tick, at: 6) == [.kill(container: "c")])
    }

    @Test func aContainerThatIsJustStartingIsEndedWhenItHas() {
        var pod = Subject()
        _ = pod.handle(.tick)
        #expect(pod.handle(.deletionRequested(grace: .seconds(30))) == [])
        #expect(pod.start() == [.terminate(container: "c")])
        #expect(pod.status().containerStatuses?.first?.ready == false)
        var missing = Subject()
        _ = missing.handle(.tick)
        _ = missing.handle(.deletionRequested(grace: .seconds(30)))
        #expect(missing.handle(.startFailed(container: "c", .image("x"))) == [.removeObject])
    }

    @Test func aPodOfWhichNothingRunsIsRemovedAtOnce() {
        var pod = Subject()
        #expect(pod.handle(.deletionRequested(grace: .seconds(30))) == [.removeObject])
    }

    @Test func anObjectThatVanishesTakesItsProcessesAlong() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.start()
        #expect(pod.handle(.objectGone, at: 0) == [.terminate(container: "c")])
        #expect(pod.handle(.tick, at: 2) == [.kill(container: "c")])
        #expect(pod.handle(.exited(container: "c", .ended(code: 137, signal: 9))) == [])
        #expect(pod.lifecycle.isOver)
    }

    @Test func aNodeThatStopsKeepsItsPods() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.start()
        #expect(pod.handle(.nodeStops(grace: .seconds(20))) == [.terminate(container: "c")])
        #expect(pod.handle(.exited(container: "c", .ended(code: 0))) == [])
        #expect(pod.lifecycle.isOver)
    }

    @Test func aNodeThatStopsGivesPodsTheTimeThatTheyAskFor() {
        var pod = Subject { $0.terminationGracePeriodSeconds = 300 }
        _ = pod.handle(.tick)
        _ = pod.start()
        #expect(pod.handle(.nodeStops(grace: nil), at: 10) == [.terminate(container: "c")])
        #expect(pod.handle(.tick, at: 309) == [])
        #expect(pod.handle(.tick, at: 310) == [.kill(container: "c")])
    }

    @Test func aNodeThatIsHurriedKillsAtOnce() {
        var pod = Subject { $0.terminationGracePeriodSeconds = 300 }
        _ = pod.handle(.tick)
        _ = pod.start()
        #expect(pod.handle(.nodeStops(grace: nil), at: 10) == [.terminate(container: "c")])
        #expect(pod.handle(.nodeStops(grace: .zero), at: 11) == [.kill(container: "c")])
        #expect(pod.handle(.exited(container: "c", .ended(code: 137, signal: 9)), at: 12) == [])
        #expect(pod.lifecycle.isOver)
    }

    @Test func theNextStartOfTheNodeGoesOn() {
        var status = PodStatus(phase: "Running")
        var container = ContainerStatus(name: "c", ready: true, restartCount: 3)
        container.state = ContainerState(running: .init(startedAt: Timestamp(seconds: 900)))
        status.containerStatuses = [container]
        var always = Subject(policy: "Always", status: status)
        #expect(always.handle(.tick) == [.start(container: "c", attempt: 4)])
        let last = always.status().containerStatuses?.first?.state?.terminated
        #expect(last?.reason == "ContainerStatusUnknown")
        #expect(last?.exitCode == 137)
        #expect(last?.startedAt == Timestamp(seconds: 900))
        var never = Subject(policy: "Never", status: status)
        #expect(never.handle(.tick) == [])
        #expect(never.status().phase == "Failed")
        status.phase = "Succeeded"
        var done = Subject(policy: "Always", status: status)
        #expect(done.handle(.tick) == [])
        #expect(done.status().phase == "Succeeded")
    }

    @Test func deadlinesEndThePod() {
        var pod = Subject { $0.activeDeadlineSeconds = 60 }
        _ = pod.handle(.tick)
        _ = pod.start()
        #expect(pod.handle(.tick, at: 59) == [])
        #expect(pod.handle(.tick, at: 60) == [.terminate(container: "c")])
        #expect(pod.handle(.exited(container: "c", .ended(code: 0))) == [])
        #expect(pod.status().phase == "Failed")
        #expect(pod.status().reason == "DeadlineExceeded")
    }

    @Test func probesDecideAboutReadinessAndLife() {
        var pod = Subject { spec in
            spec.containers[0].livenessProbe = Probe()
            spec.containers[0].readinessProbe = Probe()
            spec.containers[0].startupProbe = Probe()
            spec.terminationGracePeriodSeconds = 7
        }
        func probe(_ kind: ProbeKind, _ isSuccess: Bool) -> PodLifecycle.Input {
            .probed(container: "c", kind, isSuccess: isSuccess, message: "m")
        }
        _ = pod.handle(.tick)
        _ = pod.start()
        #expect(pod.status().containerStatuses?.first?.started == false)
        _ = pod.handle(probe(.readiness, true))
        #expect(pod.status().containerStatuses?.first?.ready == false)
        _ = pod.handle(probe(.startup, true))
        #expect(pod.status().containerStatuses?.first?.started == true)
        _ = pod.handle(probe(.readiness, true))
        #expect(pod.condition("Ready") == "True")
        _ = pod.handle(probe(.readiness, false), at: 3)
        #expect(pod.condition("Ready") == "False ContainersNotReady")
        #expect(pod.handle(probe(.liveness, false), at: 5) == [.terminate(container: "c")])
        #expect(pod.handle(probe(.liveness, false), at: 6) == [])
        #expect(pod.handle(.tick, at: 12) == [.kill(container: "c")])
        let end = ContainerExit.ended(code: 137, signal: 9)
        #expect(pod.handle(.exited(container: "c", end)) == [.start(container: "c", attempt: 1)])
        // A late answer about the process before.
        #expect(pod.handle(probe(.liveness, false)) == [])
    }

    @Test func conditionsKeepTheTimeOfTheirLastChange() {
        var pod = Subject()
        _ = pod.handle(.tick)
        _ = pod.status()
        pod.now = 5
        _ = pod.start()
        func ready(_ pod: inout Subject) -> Timestamp? {
            pod.status().conditions?.first { $0.type == "Ready" }?.lastTransitionTime
        }
        #expect(ready(&pod) == Timestamp(seconds: 1005))
        pod.now = 50
        #expect(ready(&pod) == Timestamp(seconds: 1005))
    }

    @Test(
        "Quality of service",
        arguments: [
            ([:], [:], "BestEffort"), (["cpu": 1], [:], "Burstable"), ([:], ["cpu": 1, "memory": 2], "Guaranteed"),
            (["cpu": 1, "memory": 2], ["cpu": 1, "memory": 2], "Guaranteed"),
            (["cpu": 1, "memory": 1], ["cpu": 1, "memory": 2], "Burstable"), ([:], ["cpu": 1], "Burstable"),
        ] as [([String: Int64], [String: Int64], String)]
    )
    func quality(_ requests: [String: Int64], _ limits: [String: Int64], _ expected: String) {
        var container = Container(name: "c")
        container.resources = ResourceRequirements(
            requests: requests.mapValues { Quantity($0) },
            limits: limits.mapValues { Quantity($0) }
        )
        #expect(PodLifecycle.qosClass(PodSpec(containers: [container])) == expected)
    }
}
