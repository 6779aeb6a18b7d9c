import APIMachinery
import KubeAPI

/// What containers report.
extension PodLifecycle {
    mutating func started(
        _ name: String,
        _ id: String,
        _ imageID: String,
        _ moment: Moment,
        _ actions: inout [Action]
    ) {
        guard let index = index(of: name) else { return }
        containers[index].phase = .running(since: moment)
        containers[index].containerID = id
        containers[index].imageID = imageID
        containers[index].isStarted = containers[index].spec.startupProbe == nil
        containers[index].isReady =
            containers[index].isStarted && containers[index].spec.readinessProbe == nil
            && containers[index].stopDeadline == nil
        actions.append(
            .event(isWarning: false, reason: "Created", message: "Created container: \(name)", container: name)
        )
        actions.append(
            .event(isWarning: false, reason: "Started", message: "Started container \(name)", container: name)
        )
        // It was asked to end before it had begun.
        if containers[index].stopDeadline != nil { actions.append(.terminate(container: name)) }
    }

    mutating func startFailed(
        _ name: String,
        _ failure: StartFailure,
        _ moment: Moment,
        _ actions: inout [Action]
    ) {
        guard let index = index(of: name) else { return }
        containers[index].stopDeadline = nil
        func event(_ reason: String, _ message: String, isWarning: Bool = true) {
            actions.append(.event(isWarning: isWarning, reason: reason, message: message, container: name))
        }
        switch failure {
        case .image(let message):
            let image = containers[index].spec.image ?? ""
            let delay = containers[index].pulls.delay(after: moment.instant)
            containers[index].phase = .backingOff(
                reason: "ErrImagePull",
                message: message,
                until: moment.instant + delay
            )
            containers[index].escalation = moment.instant + min(delay / 2, .seconds(2))
            event("Failed", "Failed to pull image \"\(image)\": \(message)")
            event("Failed", "Error: ErrImagePull")
        case .configuration(let message):
            // What is missing may be created any moment, so the wait does not grow.
            containers[index].phase = .backingOff(
                reason: "CreateContainerConfigError",
                message: message,
                until: moment.instant + min(containers[index].crashes.base, .seconds(5))
            )
            event("Failed", "Error: \(message)")
        }
    }

    mutating func exited(_ name: String, _ exit: ContainerExit, _ moment: Moment) {
        guard let index = index(of: name) else { return }
        var end = ContainerState.Terminated(exitCode: exit.code, reason: exit.reason)
        end.signal = exit.signal
        end.message = exit.message
        end.finishedAt = moment.wall.truncatedToSeconds
        end.startedAt = end.finishedAt
        if case .running(let since) = containers[index].phase { end.startedAt = since.wall.truncatedToSeconds }
        end.containerID = containers[index].containerID
        containers[index].phase = .ended(end)
        containers[index].stopDeadline = nil
        containers[index].isReady = false
        containers[index].isStarted = false
    }

    mutating func probed(
        _ name: String,
        _ kind: ProbeKind,
        _ isSuccess: Bool,
        _ message: String,
        _ moment: Moment,
        _ actions: inout [Action]
    ) {
        // An answer may come late, from a process that has ended since.
        guard let index = index(of: name), case .running = containers[index].phase else { return }
        if !isSuccess {
            let title = kind.rawValue.prefix(1).uppercased() + kind.rawValue.dropFirst()
            actions.append(
                .event(
                    isWarning: true,
                    reason: "Unhealthy",
                    message: "\(title) probe failed: \(message)",
                    container: name
                )
            )
        }
        switch kind {
        case .readiness:
            containers[index].isReady =
                isSuccess && containers[index].isStarted && containers[index].stopDeadline == nil
        case .startup where isSuccess:
            containers[index].isStarted = true
            containers[index].isReady =
                containers[index].spec.readinessProbe == nil && containers[index].stopDeadline == nil
        case .liveness where isSuccess: break
        case .liveness, .startup:
            guard containers[index].stopDeadline == nil else { return }
            actions.append(
                .event(
                    isWarning: false,
                    reason: "Killing",
                    message: "Container \(name) failed \(kind.rawValue) probe, will be restarted",
                    container: name
                )
            )
            let probe = kind == .liveness ? containers[index].spec.livenessProbe : containers[index].spec.startupProbe
            let grace = probe?.terminationGracePeriodSeconds.map { Duration.seconds($0) } ?? gracePeriod
            stop(index, within: grace, moment, &actions)
        }
    }

    /// A missing image shows `ErrImagePull` first and, while waiting, `ImagePullBackOff`.
    mutating func escalate(_ moment: Moment, _ actions: inout [Action]) {
        for index in containers.indices {
            guard let at = containers[index].escalation, moment.instant >= at else { continue }
            containers[index].escalation = nil
            guard case .backingOff("ErrImagePull", let message, let until) = containers[index].phase else { continue }
            let image = containers[index].spec.image ?? ""
            let name = containers[index].spec.name
            containers[index].phase = .backingOff(
                reason: "ImagePullBackOff",
                message: "Back-off pulling image \"\(image)\": ErrImagePull: \(message)",
                until: until
            )
            for (isWarning, reason, message) in [
                (false, "BackOff", "Back-off pulling image \"\(image)\""), (true, "Failed", "Error: ImagePullBackOff"),
            ] {
                actions.append(.event(isWarning: isWarning, reason: reason, message: message, container: name))
            }
        }
    }
}

extension ContainerMachine {
    var isWaitingForImage: Bool {
        if case .backingOff(let reason, _, _) = phase {
            reason == "ErrImagePull" || reason == "ImagePullBackOff"
        } else {
            false
        }
    }

    mutating func retryNow(_ moment: Moment) {
        guard case .backingOff(let reason, let message, _) = phase else { return }
        phase = .backingOff(reason: reason, message: message, until: moment.instant)
    }
}
