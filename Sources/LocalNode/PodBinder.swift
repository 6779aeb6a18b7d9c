import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import Logging

/// Carries the scheduler's decisions out, and records on waiting Pods why they wait.
struct PodBinder {
    let context: NodeContext
    let recorder: EventRecorder
    /// Pods that were bound but that the cache still shows as waiting.
    private var assumed: Set<String> = []
    /// The reason last recorded on each waiting Pod, by uid.
    private var recorded: [String: String] = [:]

    init(context: NodeContext, recorder: EventRecorder) {
        self.context = context
        self.recorder = recorder
    }

    /// Binds what fits. Answers whether Pods are left that wait.
    mutating func bind(_ pods: [Pod]) async -> Bool {
        let uids = Set(pods.compactMap(\.metadata.uid))
        let bound = pods.filter { !($0.spec?.nodeName ?? "").isEmpty }.compactMap(\.metadata.uid)
        assumed = assumed.intersection(uids).subtracting(bound)
        recorded = recorded.filter { uids.contains($0.key) }
        guard pods.contains(where: { isWaiting($0) }) else { return false }
        let node: Node
        do {
            node = try await context.client.get(Node.self, name: context.options.nodeName)
        } catch {
            if !Task.isCancelled { context.logger.warning("node could not be read", metadata: ["error": "\(error)"]) }
            return true
        }
        let scheduler = Scheduler(
            nodeName: context.options.nodeName,
            labels: node.metadata.labels ?? [:],
            allocatable: node.status?.allocatable ?? context.options.capacity,
            isUnschedulable: node.spec?.unschedulable ?? false,
            taints: node.spec?.taints ?? []
        )
        let known = pods.map { pod in
            guard assumed.contains(pod.metadata.uid ?? "") else { return pod }
            var pod = pod
            pod.spec?.nodeName = context.options.nodeName
            return pod
        }
        var isAnyLeft = false
        for (pod, decision) in scheduler.decide(known) {
            switch decision {
            case .bind: if await !bind(pod) { isAnyLeft = true }
            case .wait(let message):
                isAnyLeft = true
                await recordWait(pod, message)
            }
        }
        return isAnyLeft
    }

    private func isWaiting(_ pod: Pod) -> Bool {
        (pod.spec?.nodeName ?? "").isEmpty && !pod.isFinished && !assumed.contains(pod.metadata.uid ?? "")
    }

    private mutating func bind(_ pod: Pod) async -> Bool {
        let name = pod.metadata.name ?? ""
        let namespace = pod.metadata.namespace ?? ""
        let binding: JSONValue = [
            "apiVersion": "v1", "kind": "Binding",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "uid": .string(pod.metadata.uid ?? ""),
            ],
            "target": ["apiVersion": "v1", "kind": "Node", "name": .string(context.options.nodeName)],
        ]
        do {
            try await context.client.create(
                Pod.resource,
                namespace: namespace,
                name: name,
                subresource: "binding",
                binding
            )
            assumed.insert(pod.metadata.uid ?? "")
            recorder.normal(
                ObjectReference(pod),
                reason: "Scheduled",
                "Successfully assigned \(namespace)/\(name) to \(context.options.nodeName)"
            )
            return true
        } catch let status as Status where status.isNotFound || status.isConflict {
            // It is gone, or bound already; the cache is going to show which.
            return true
        } catch {
            if !Task.isCancelled {
                context.logger.warning(
                    "pod could not be bound",
                    metadata: ["pod": "\(namespace)/\(name)", "error": "\(error)"]
                )
            }
            return false
        }
    }

    /// Records why a Pod waits, once for each reason: in its condition and as an Event.
    private mutating func recordWait(_ pod: Pod, _ message: String) async {
        let uid = pod.metadata.uid ?? ""
        guard recorded[uid] != message else { return }
        var conditions = (pod.status?.conditions ?? []).filter { $0.type != "PodScheduled" }
        conditions.append(
            PodCondition(
                type: "PodScheduled",
                status: "False",
                lastTransitionTime: context.time.now.truncatedToSeconds,
                reason: "Unschedulable",
                message: message
            )
        )
        do {
            let json = try JSONValueEncoder().encode(conditions)
            _ = try await context.client.patchStatus(
                Pod.resource,
                namespace: pod.metadata.namespace ?? "",
                name: pod.metadata.name ?? "",
                .merge(["metadata": ["uid": .string(uid)], "status": ["phase": "Pending", "conditions": json]])
            )
            recorded[uid] = message
            recorder.warning(ObjectReference(pod), reason: "FailedScheduling", message)
        } catch {
            context.logger.debug("pod condition could not be written", metadata: ["error": "\(error)"])
        }
    }
}
