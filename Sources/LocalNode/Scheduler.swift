import APIMachinery
import KubeAPI

/// Which pending Pods go to this node, and why others do not: the part of kube-scheduler that one node needs. Pure.
struct Scheduler: Sendable {
    /// What becomes of a Pod that waits for a node.
    enum Decision: Sendable, Hashable {
        case bind
        /// The message of its `PodScheduled` condition.
        case wait(String)
    }

    let nodeName: String
    let labels: [String: String]
    let allocatable: [String: Quantity]
    let isUnschedulable: Bool
    let taints: [Taint]

    /// Decides about the Pods that wait, oldest first; each one bound takes its share before the next is looked at.
    func decide(_ pods: [Pod]) -> [(pod: Pod, decision: Decision)] {
        var free = allocatable
        for pod in pods where pod.spec?.nodeName == nodeName && !pod.isFinished {
            for (resource, amount) in Self.requests(pod) { free[resource] = (free[resource] ?? .zero) - amount }
        }
        let waiting = pods.filter { pod in
            let scheduler = pod.spec?.schedulerName ?? ""
            return (pod.spec?.nodeName ?? "").isEmpty && !pod.isFinished && pod.metadata.deletionTimestamp == nil
                && (scheduler.isEmpty || scheduler == "default-scheduler")
        }
        .sorted { first, second in
            let (a, b) = (first.metadata, second.metadata)
            if first.spec?.priority ?? 0 != second.spec?.priority ?? 0 {
                return first.spec?.priority ?? 0 > second.spec?.priority ?? 0
            }
            let (created, other) = (a.creationTimestamp, b.creationTimestamp)
            if let created, let other, created != other { return created < other }
            return (a.namespace ?? "", a.name ?? "") < (b.namespace ?? "", b.name ?? "")
        }
        var result: [(pod: Pod, decision: Decision)] = []
        for pod in waiting {
            let reasons = obstacles(pod, free)
            if reasons.isEmpty {
                for (resource, amount) in Self.requests(pod) { free[resource] = (free[resource] ?? .zero) - amount }
                result.append((pod, .bind))
            } else {
                let list = reasons.map { "1 \($0)" }.joined(separator: ", ")
                result.append((pod, .wait("0/1 nodes are available: \(list).")))
            }
        }
        return result
    }

    private func obstacles(_ pod: Pod, _ free: [String: Quantity]) -> [String] {
        var reasons: [String] = []
        if isUnschedulable { reasons.append("node(s) were unschedulable") }
        for taint in taints where taint.effect != "PreferNoSchedule" {
            let isTolerated = (pod.spec?.tolerations ?? []).contains { Self.tolerates($0, taint) }
            if !isTolerated {
                reasons.append("node(s) had untolerated taint(s) {\(taint.key): \(taint.value ?? "")}")
            }
        }
        if let selector = pod.spec?.nodeSelector, !selector.allSatisfy({ labels[$0.key] == $0.value }) {
            reasons.append("node(s) didn't match Pod's node affinity/selector")
        }
        for (resource, amount) in Self.requests(pod).sorted(by: { $0.key < $1.key }) {
            // A resource that the node does not have at all cannot be given either.
            if (free[resource] ?? .zero) < amount {
                reasons.append(resource == "pods" ? "Too many pods" : "Insufficient \(resource)")
            }
        }
        return reasons
    }

    private static func tolerates(_ toleration: Toleration, _ taint: Taint) -> Bool {
        if let effect = toleration.effect, !effect.isEmpty, effect != taint.effect { return false }
        if toleration.operator == "Exists" {
            return (toleration.key ?? "").isEmpty || toleration.key == taint.key
        }
        return toleration.key == taint.key && (toleration.value ?? "") == (taint.value ?? "")
    }

    /// What a Pod takes: the sum over its containers, or its largest init container if that is more, and one of `pods`.
    static func requests(_ pod: Pod) -> [String: Quantity] {
        func requests(_ container: Container) -> [String: Quantity] {
            // A limit without a request counts as a request.
            (container.resources?.limits ?? [:]).merging(container.resources?.requests ?? [:]) { $1 }
        }
        var result: [String: Quantity] = [:]
        for container in pod.spec?.containers ?? [] {
            result.merge(requests(container)) { $0 + $1 }
        }
        for container in pod.spec?.initContainers ?? [] {
            result.merge(requests(container)) { max($0, $1) }
        }
        result["pods"] = Quantity(1)
        return result
    }
}
