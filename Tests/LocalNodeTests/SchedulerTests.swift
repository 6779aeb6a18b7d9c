import APIMachinery
import KubeAPI
import Testing

@testable import LocalNode

struct SchedulerTests {
    private func pod(
        _ name: String,
        cpu: Int64 = 0,
        node: String? = nil,
        created: Int64 = 0,
        _ change: (inout Pod) -> Void = { _ in }
    ) -> Pod {
        var container = Container(name: "c")
        container.resources = ResourceRequirements(requests: cpu == 0 ? [:] : ["cpu": Quantity(milli: cpu)])
        var pod = Pod(metadata: ObjectMeta(name: name, namespace: "n"), spec: PodSpec(containers: [container]))
        pod.metadata.creationTimestamp = Timestamp(seconds: created)
        pod.spec?.nodeName = node
        change(&pod)
        return pod
    }

    private func scheduler(
        isUnschedulable: Bool = false,
        taints: [Taint] = [],
        pods: Int64 = 110
    ) -> Scheduler {
        Scheduler(
            nodeName: "node",
            labels: ["disk": "ssd"],
            allocatable: ["cpu": Quantity(2), "memory": Quantity(1_000_000), "pods": Quantity(pods)],
            isUnschedulable: isUnschedulable,
            taints: taints
        )
    }

    private func decide(_ scheduler: Scheduler, _ pods: [Pod]) -> [String] {
        scheduler.decide(pods).map { pod, decision in
            switch decision {
            case .bind: "\(pod.metadata.name ?? "") binds"
            case .wait(let message): "\(pod.metadata.name ?? ""): \(message)"
            }
        }
    }

    @Test func oldestFirstUntilNothingIsLeft() {
        let pods = [
            pod("late", cpu: 1000, created: 3), pod("early", cpu: 500, created: 1),
            pod("there", cpu: 1000, node: "node"),
            pod("done", cpu: 2000, node: "node") { $0.status = PodStatus(phase: "Succeeded") },
            pod("elsewhere", cpu: 2000, node: "other"), pod("small", cpu: 500, created: 4),
        ]
        #expect(
            decide(scheduler(), pods) == [
                "early binds", "late: 0/1 nodes are available: 1 Insufficient cpu.", "small binds",
            ]
        )
    }

    @Test func priorityGoesFirst() {
        let pods = [pod("low", cpu: 1500), pod("high", cpu: 1500, created: 9) { $0.spec?.priority = 10 }]
        #expect(decide(scheduler(), pods).first == "high binds")
    }

    @Test func whatIsNotOursIsLeftAlone() {
        let pods = [
            pod("going") { $0.metadata.deletionTimestamp = Timestamp(seconds: 1) },
            pod("other") { $0.spec?.schedulerName = "custom" },
        ]
        #expect(decide(scheduler(), pods) == [])
    }

    @Test(
        "Each obstacle has its words",
        arguments: [
            (true, [], [:], "1 node(s) were unschedulable"),
            (
                false, [Taint(key: "k", value: "v", effect: "NoSchedule")], [:],
                "1 node(s) had untolerated taint(s) {k: v}"
            ),
            (false, [], ["disk": "tape"], "1 node(s) didn't match Pod's node affinity/selector"),
        ] as [(Bool, [Taint], [String: String], String)]
    )
    func obstacles(_ isUnschedulable: Bool, _ taints: [Taint], _ selector: [String: String], _ expected: String) {
        let scheduler = scheduler(isUnschedulable: isUnschedulable, taints: taints)
        let pods = [pod("p") { $0.spec?.nodeSelector = selector }]
        #expect(decide(scheduler, pods) == ["p: 0/1 nodes are available: \(expected)."])
    }

    @Test func taintsCanBeTolerated() {
        let scheduler = scheduler(taints: [Taint(key: "k", value: "v", effect: "NoExecute")])
        var exists = Toleration()
        exists.operator = "Exists"
        var equal = Toleration()
        (equal.key, equal.value, equal.effect) = ("k", "v", "NoExecute")
        var other = equal
        other.effect = "NoSchedule"
        for (toleration, binds) in [(exists, true), (equal, true), (other, false)] {
            let pods = [pod("p") { $0.spec?.tolerations = [toleration] }]
            #expect((decide(scheduler, pods) == ["p binds"]) == binds)
        }
    }

    @Test func theNumberOfPodsIsLimited() {
        #expect(
            decide(scheduler(pods: 1), [pod("a"), pod("b", created: 1)]) == [
                "a binds", "b: 0/1 nodes are available: 1 Too many pods.",
            ]
        )
    }

    @Test func initContainersCountIfTheyNeedMore() {
        let subject = pod("p", cpu: 500) { pod in
            var setup = Container(name: "i")
            setup.resources = ResourceRequirements(requests: ["cpu": Quantity(3)])
            pod.spec?.initContainers = [setup]
        }
        #expect(Scheduler.requests(subject)["cpu"] == Quantity(3))
        #expect(decide(scheduler(), [subject]).first?.contains("Insufficient cpu") == true)
    }

    @Test func unknownResourcesAreNotThere() {
        let subject = pod("p") { $0.spec?.containers[0].resources?.requests = ["nvidia.com/gpu": Quantity(1)] }
        #expect(decide(scheduler(), [subject]) == ["p: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu."])
    }
}
