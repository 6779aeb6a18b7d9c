import APIMachinery
import KubeAPI

/// What the Pod's status says.
extension PodLifecycle {
    /// The status at that moment; conditions keep the time of their last change.
    mutating func status(at moment: Moment, addresses: [String], generation: Int64?) -> PodStatus {
        var status = PodStatus(phase: phase)
        status.observedGeneration = generation
        status.startTime = startTime
        status.hostIP = addresses.first
        status.hostIPs = addresses.map { PodStatus.IP(ip: $0) }
        // Pods have no network of their own here: they share the machine's loopback interface.
        status.podIP = addresses.first
        status.podIPs = addresses.map { PodStatus.IP(ip: $0) }
        let isInitialized = self.isInitialized
        let initStatuses = containers.filter(\.isInit).map { $0.status(podIsInitialized: isInitialized) }
        status.initContainerStatuses = initStatuses.isEmpty ? nil : initStatuses
        status.containerStatuses = containers.filter { !$0.isInit }.map { $0.status(podIsInitialized: isInitialized) }
        if finalPhase == "Failed", let failure = failureReason {
            status.reason = failure.reason
            status.message = failure.message
        }
        status.qosClass = Self.qosClass(spec)
        updateConditions(moment)
        status.conditions = conditions
        return status
    }

    /// kubelet's `getPhase`.
    var phase: String {
        if let finalPhase { return finalPhase }
        if containers.contains(where: { $0.isInit && !$0.hasSucceeded }) { return "Pending" }
        let main = containers.filter { !$0.isInit }
        func isRunning(_ container: ContainerMachine) -> Bool {
            if case .running = container.phase { true } else { false }
        }
        // A container that ran before and waits for its next start counts as stopped, not as waiting.
        if main.contains(where: { !isRunning($0) && !$0.hasSucceeded && !$0.hasFailed && $0.last == nil }) {
            return "Pending"
        }
        return "Running"
    }

    var isInitialized: Bool { containers.allSatisfy { !$0.isInit || $0.hasSucceeded } }

    private mutating func updateConditions(_ moment: Moment) {
        let unready = containers.filter { !$0.isInit && !$0.isReady }.map(\.spec.name)
        let isSandboxReady = containers.contains(where: \.isAlive) || containers.contains { $0.last != nil }
        set("PodReadyToStartContainers", finalPhase == nil && isSandboxReady, moment)
        if isInitialized {
            set("Initialized", true, moment, reason: finalPhase == "Succeeded" ? "PodCompleted" : nil)
        } else {
            let incomplete = containers.filter { $0.isInit && !$0.hasSucceeded }.map(\.spec.name)
            set(
                "Initialized",
                false,
                moment,
                reason: "ContainersNotInitialized",
                message: "containers with incomplete status: [\(incomplete.joined(separator: " "))]"
            )
        }
        for type in ["Ready", "ContainersReady"] {
            switch finalPhase {
            case "Succeeded": set(type, false, moment, reason: "PodCompleted")
            case .some: set(type, false, moment, reason: "PodFailed")
            case nil where unready.isEmpty: set(type, true, moment)
            case nil:
                set(
                    type,
                    false,
                    moment,
                    reason: "ContainersNotReady",
                    message: "containers with unready status: [\(unready.joined(separator: " "))]"
                )
            }
        }
        // A Pod that is here has been scheduled, whatever its condition said while it waited.
        set("PodScheduled", true, moment)
    }

    private mutating func set(
        _ type: String,
        _ isTrue: Bool,
        _ moment: Moment,
        reason: String? = nil,
        message: String? = nil
    ) {
        let status = isTrue ? "True" : "False"
        guard let index = conditions.firstIndex(where: { $0.type == type }) else {
            conditions.append(
                PodCondition(
                    type: type,
                    status: status,
                    lastTransitionTime: moment.wall.truncatedToSeconds,
                    reason: reason,
                    message: message
                )
            )
            return
        }
        if conditions[index].status != status {
            conditions[index].lastTransitionTime = moment.wall.truncatedToSeconds
        }
        conditions[index].status = status
        conditions[index].reason = reason
        conditions[index].message = message
    }

    /// `Guaranteed` if every container has equal requests and limits of CPU and memory, `BestEffort` if none has any.
    static func qosClass(_ spec: PodSpec) -> String {
        let all = spec.containers + (spec.initContainers ?? [])
        let resources = ["cpu", "memory"]
        func isSet(_ quantity: Quantity?) -> Bool { quantity.map { !$0.isZero } ?? false }
        let isBestEffort = all.allSatisfy { container in
            resources.allSatisfy {
                !isSet(container.resources?.requests?[$0]) && !isSet(container.resources?.limits?[$0])
            }
        }
        if isBestEffort { return "BestEffort" }
        let isGuaranteed = all.allSatisfy { container in
            resources.allSatisfy { resource in
                guard let limit = container.resources?.limits?[resource], isSet(limit) else { return false }
                return (container.resources?.requests?[resource] ?? limit) == limit
            }
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }
}
