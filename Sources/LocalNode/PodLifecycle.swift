import APIMachinery
import KubeAPI

/// A Pod's life on a node: what happened so far, what to do next, what its status says. No I/O, no clock.
///
/// Init containers run one after the other; then all others start. An end leads to another start as `restartPolicy`
/// says, after the back-off. Deletion, a shutdown of the node, a passed deadline stop everything: SIGTERM, the grace
/// period, SIGKILL. The Pod object goes when no process is left.
struct PodLifecycle: Sendable, Hashable {
    /// What happened.
    enum Input: Sendable, Hashable {
        /// Deletion was asked for, with that much time.
        case deletionRequested(grace: Duration)
        /// The object is gone: the processes are killed without grace.
        case objectGone
        /// The node stops; its Pods go on at its next start. `nil` gives them the time that they ask for.
        case nodeStops(grace: Duration?)
        case started(container: String, id: String, imageID: String)
        case startFailed(container: String, StartFailure)
        case exited(container: String, ContainerExit)
        case probed(container: String, ProbeKind, isSuccess: Bool, message: String)
        /// An image was added to the store.
        case imagesChanged
        /// Time has passed.
        case tick
    }

    /// What is to be done.
    enum Action: Sendable, Hashable {
        case start(container: String, attempt: Int)
        /// SIGTERM to the container's main process.
        case terminate(container: String)
        /// SIGKILL to everything of the container.
        case kill(container: String)
        case event(isWarning: Bool, reason: String, message: String, container: String?)
        /// Remove the Pod object; nothing of it runs any more.
        case removeObject
    }

    private enum Ending: Sendable, Hashable {
        case deletion
        case objectGone
        case nodeStop
        /// `activeDeadlineSeconds` has passed.
        case deadline
    }

    let uid: String
    let namespacedName: NamespacedName
    let spec: PodSpec
    var containers: [ContainerMachine]
    private var ending: Ending?
    private var isRemovalAsked = false
    var startTime: Timestamp?
    /// Conditions as last written, for their transition times.
    var conditions: [PodCondition]
    private var startInstant: Duration?
    /// Set for good when the Pod has run to its end.
    private(set) var finalPhase: String?
    var failureReason: (reason: String, message: String)? {
        ending == .deadline
            ? ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline") : nil
    }

    /// A Pod as the node finds it. Containers that its status says are running ended with the node's last run.
    init(_ pod: Pod, backoff: RestartBackoff = RestartBackoff(), at moment: Moment) {
        uid = pod.metadata.uid ?? ""
        namespacedName = NamespacedName(namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "")
        spec = pod.spec ?? PodSpec()
        containers =
            (spec.initContainers ?? []).map { ContainerMachine($0, isInit: true, backoff: backoff) }
            + spec.containers.map { ContainerMachine($0, isInit: false, backoff: backoff) }
        conditions = pod.status?.conditions ?? []
        startTime = pod.status?.startTime
        if pod.isFinished { finalPhase = pod.status?.phase }
        let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
        for index in containers.indices {
            guard let status = statuses.first(where: { $0.name == containers[index].spec.name }) else { continue }
            adopt(status, at: index, moment)
        }
    }

    private mutating func adopt(_ status: ContainerStatus, at index: Int, _ moment: Moment) {
        containers[index].restartCount = status.restartCount
        containers[index].last = status.lastState?.terminated
        containers[index].containerID = status.containerID
        containers[index].imageID = status.imageID ?? ""
        if let end = status.state?.terminated {
            containers[index].phase = .ended(end)
        } else if let running = status.state?.running {
            var end = ContainerState.Terminated(exitCode: 137, reason: "ContainerStatusUnknown")
            end.message = "The container ended with the node's last run, however that ended"
            end.startedAt = running.startedAt
            end.finishedAt = moment.wall.truncatedToSeconds
            end.containerID = status.containerID
            containers[index].phase = .ended(end)
        } else if status.restartCount > 0, let last = containers[index].last {
            // It was backing off; the wait is not continued, since its length is not known any more.
            containers[index].phase = .ended(last)
        }
    }

    var restartPolicy: String { spec.restartPolicy ?? "Always" }

    /// How long containers have between SIGTERM and SIGKILL if nothing else is asked for.
    var gracePeriod: Duration { .seconds(spec.terminationGracePeriodSeconds ?? 30) }

    /// Whether the containers of an ending Pod have all ended.
    var isOver: Bool {
        guard !containers.contains(where: \.isAlive) else { return false }
        return ending == .objectGone || ending == .nodeStop || isRemovalAsked
    }

    /// Whether the Pod waits for an image.
    var waitsForImage: Bool { containers.contains { $0.isWaitingForImage } }

    /// When something is to be done even if nothing happens.
    var nextDeadline: Duration? {
        var deadlines: [Duration] = []
        for container in containers {
            if let deadline = container.stopDeadline { deadlines.append(deadline) }
            if ending == nil, case .backingOff(_, _, let until) = container.phase { deadlines.append(until) }
            if ending == nil, let escalation = container.escalation { deadlines.append(escalation) }
        }
        if let deadline = activeDeadline { deadlines.append(deadline) }
        return deadlines.min()
    }

    private var activeDeadline: Duration? {
        guard ending == nil, finalPhase == nil, let startInstant, let seconds = spec.activeDeadlineSeconds else {
            return nil
        }
        return startInstant + .seconds(seconds)
    }

    /// Takes note of what happened; answers what to do about it.
    mutating func handle(_ input: Input, _ moment: Moment) -> [Action] {
        var actions: [Action] = []
        if startTime == nil { startTime = moment.wall.truncatedToSeconds }
        if startInstant == nil {
            // The deadline counts from the first start, also over a restart of the node.
            startInstant = moment.instant - moment.wall.since(startTime ?? moment.wall)
        }
        switch input {
        case .deletionRequested(let grace):
            if ending == nil || ending == .deadline { ending = .deletion }
            stopAll(within: grace, moment, &actions)
        case .objectGone:
            ending = .objectGone
            stopAll(within: .seconds(2), moment, &actions)
        case .nodeStops(let grace):
            ending = ending ?? .nodeStop
            stopAll(within: min(grace ?? gracePeriod, gracePeriod), moment, &actions)
        case .imagesChanged:
            for index in containers.indices where containers[index].isWaitingForImage {
                containers[index].retryNow(moment)
            }
        case .started(let name, let id, let imageID): started(name, id, imageID, moment, &actions)
        case .startFailed(let name, let failure): startFailed(name, failure, moment, &actions)
        case .exited(let name, let exit): exited(name, exit, moment)
        case .probed(let name, let kind, let isSuccess, let message):
            probed(name, kind, isSuccess, message, moment, &actions)
        case .tick: break
        }
        advance(moment, &actions)
        return actions
    }

    func index(of name: String) -> Int? { containers.firstIndex { $0.spec.name == name } }

    /// Asks every living container to end; a shorter grace period than before counts.
    mutating func stopAll(within grace: Duration, _ moment: Moment, _ actions: inout [Action]) {
        for index in containers.indices where containers[index].isAlive {
            let isFirst = containers[index].stopDeadline == nil
            stop(index, within: grace, moment, &actions)
            if isFirst, ending != .nodeStop {
                let name = containers[index].spec.name
                actions.append(
                    .event(isWarning: false, reason: "Killing", message: "Stopping container \(name)", container: name)
                )
            }
        }
    }

    mutating func stop(_ index: Int, within grace: Duration, _ moment: Moment, _ actions: inout [Action]) {
        let name = containers[index].spec.name
        let deadline = moment.instant + grace
        if let earlier = containers[index].stopDeadline {
            containers[index].stopDeadline = min(earlier, deadline)
        } else {
            containers[index].stopDeadline = deadline
            containers[index].isReady = false
            if case .running = containers[index].phase { actions.append(.terminate(container: name)) }
        }
    }

    /// Does everything that is due.
    private mutating func advance(_ moment: Moment, _ actions: inout [Action]) {
        if let deadline = activeDeadline, moment.instant >= deadline {
            ending = .deadline
            stopAll(within: gracePeriod, moment, &actions)
        }
        for index in containers.indices {
            if let deadline = containers[index].stopDeadline, moment.instant >= deadline, containers[index].isAlive {
                actions.append(.kill(container: containers[index].spec.name))
                // Asked once more after a while: the first kill may have met a start that was under way.
                containers[index].stopDeadline = moment.instant + .seconds(5)
            }
        }
        if ending != nil {
            finishIfEnded(moment, &actions)
        } else if finalPhase == nil {
            escalate(moment, &actions)
            startWhatIsDue(moment, &actions)
            decideFinalPhase()
        }
    }

    private mutating func finishIfEnded(_ moment: Moment, _ actions: inout [Action]) {
        guard !containers.contains(where: \.isAlive) else { return }
        if ending == .deadline { finalPhase = "Failed" }
        if ending == .deletion, !isRemovalAsked {
            isRemovalAsked = true
            actions.append(.removeObject)
        }
    }

    /// Starts what may run now: the first init container that has not succeeded, or all others.
    private mutating func startWhatIsDue(_ moment: Moment, _ actions: inout [Action]) {
        for index in containers.indices where containers[index].isInit {
            if containers[index].hasSucceeded { continue }
            startIfDue(index, moment, &actions)
            return
        }
        for index in containers.indices where !containers[index].isInit { startIfDue(index, moment, &actions) }
    }

    private mutating func startIfDue(_ index: Int, _ moment: Moment, _ actions: inout [Action]) {
        switch containers[index].phase {
        case .starting, .running: return
        case .pending: break
        case .backingOff(let reason, _, let until):
            guard moment.instant >= until else { return }
            if reason == "CrashLoopBackOff" { containers[index].restartCount += 1 }
        case .ended(let end):
            guard containers[index].restarts(restartPolicy, exitCode: end.exitCode) else { return }
            containers[index].last = end
            let delay = containers[index].crashes.delay(after: moment.instant)
            if delay > .zero {
                backOff(index, delay, moment, &actions)
                return
            }
            containers[index].restartCount += 1
        }
        containers[index].phase = .starting
        containers[index].escalation = nil
        actions.append(.start(container: containers[index].spec.name, attempt: containers[index].restartCount))
    }

    private mutating func backOff(_ index: Int, _ delay: Duration, _ moment: Moment, _ actions: inout [Action]) {
        let name = containers[index].spec.name
        let pod = "\(namespacedName.name)_\(namespacedName.namespace)(\(uid))"
        containers[index].phase = .backingOff(
            reason: "CrashLoopBackOff",
            message: "back-off \(describe(delay)) restarting failed container=\(name) pod=\(pod)",
            until: moment.instant + delay
        )
        actions.append(
            .event(
                isWarning: true,
                reason: "BackOff",
                message: "Back-off restarting failed container \(name) in pod \(pod)",
                container: name
            )
        )
    }

    private mutating func decideFinalPhase() {
        let main = containers.filter { !$0.isInit }
        if containers.contains(where: { $0.isInit && $0.hasFailed }), restartPolicy == "Never" {
            finalPhase = "Failed"
        } else if restartPolicy != "Always", !main.isEmpty, main.allSatisfy({ $0.hasSucceeded || $0.hasFailed }) {
            finalPhase = main.allSatisfy(\.hasSucceeded) ? "Succeeded" : "Failed"
        }
    }
}
