import APIMachinery
import KubeAPI

/// The two clocks at one moment: one that only runs, for deadlines, and the calendar's, for what is written down.
struct Moment: Sendable, Hashable {
    var instant: Duration
    var wall: Timestamp
}

/// How a container's process ended.
struct ContainerExit: Sendable, Hashable {
    /// The exit code; 128 + signal if a signal ended it.
    var code: Int
    var signal: Int?
    /// `Completed`, `Error`, `OOMKilled`, `StartError`, …
    var reason: String
    var message: String?

    /// An end as the shim reports it.
    static func ended(code: Int, signal: Int? = nil) -> ContainerExit {
        ContainerExit(code: code, signal: signal, reason: code == 0 ? "Completed" : "Error")
    }
}

/// Why a container's process could not be started at all.
enum StartFailure: Sendable, Hashable {
    /// The image is not in the store.
    case image(String)
    /// A variable's source does not exist, or the specification makes no sense on this node.
    case configuration(String)
}

/// One container's part of a Pod's life.
struct ContainerMachine: Sendable, Hashable {
    enum Phase: Sendable, Hashable {
        /// Nothing has been tried yet.
        case pending
        /// The start is under way.
        case starting
        case running(since: Moment)
        /// Waiting for another try, as the reason says.
        case backingOff(reason: String, message: String, until: Duration)
        case ended(ContainerState.Terminated)
    }

    let spec: Container
    let isInit: Bool
    var phase: Phase = .pending
    var restartCount = 0
    /// How the run before this one ended.
    var last: ContainerState.Terminated?
    /// Whether the readiness probe has succeeded, or the container has none.
    var isReady = false
    /// Whether the startup probe has succeeded, or the container has none.
    var isStarted = false
    var containerID: String?
    var imageID = ""
    /// When the process is killed if it has not ended by then.
    var stopDeadline: Duration?
    var crashes: RestartBackoff
    var pulls: RestartBackoff
    /// When `ErrImagePull` becomes `ImagePullBackOff`.
    var escalation: Duration?

    init(_ spec: Container, isInit: Bool, backoff: RestartBackoff) {
        self.spec = spec
        self.isInit = isInit
        crashes = backoff
        pulls = backoff
        // Unlike the first crash, the first failure to find an image waits: trying again at once would not help.
        _ = pulls.delay(after: .zero)
    }

    /// Whether there is, or is about to be, a process.
    var isAlive: Bool {
        switch phase {
        case .starting, .running: true
        case .pending, .backingOff, .ended: false
        }
    }

    var hasSucceeded: Bool { if case .ended(let end) = phase { end.exitCode == 0 } else { false } }
    var hasFailed: Bool { if case .ended(let end) = phase { end.exitCode != 0 } else { false } }

    /// Whether an end is followed by another start.
    func restarts(_ policy: String, exitCode: Int) -> Bool {
        if isInit { return exitCode != 0 && policy != "Never" }
        return switch policy {
        case "Never": false
        case "OnFailure": exitCode != 0
        default: true
        }
    }

    /// What the container's status says.
    func status(podIsInitialized: Bool) -> ContainerStatus {
        var status = ContainerStatus(name: spec.name, ready: isReady, restartCount: restartCount, image: spec.image)
        status.imageID = imageID
        status.containerID = containerID
        status.started = isInit ? nil : isStarted
        if let last { status.lastState = ContainerState(terminated: last) }
        switch phase {
        case .pending, .starting:
            if let last {
                // Between an end and the next start, kubelet goes on showing the end.
                status.state = ContainerState(terminated: last)
            } else {
                let reason = podIsInitialized || isInit ? "ContainerCreating" : "PodInitializing"
                status.state = ContainerState(waiting: .init(reason: reason))
            }
        case .running(let since):
            status.state = ContainerState(running: .init(startedAt: since.wall.truncatedToSeconds))
        case .backingOff(let reason, let message, _):
            status.state = ContainerState(waiting: .init(reason: reason, message: message))
        case .ended(let end):
            status.state = ContainerState(terminated: end)
            // A finished init container counts as ready.
            if isInit { status.ready = end.exitCode == 0 }
        }
        return status
    }
}
