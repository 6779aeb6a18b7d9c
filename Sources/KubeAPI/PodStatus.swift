public import APIMachinery

/// What became of a Pod.
public struct PodStatus: Sendable, Hashable, Codable {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    public var phase: String?
    public var observedGeneration: Int64?
    public var conditions: [PodCondition]?
    public var message: String?
    public var reason: String?
    public var hostIP: String?
    public var hostIPs: [IP]?
    public var podIP: String?
    public var podIPs: [IP]?
    public var nominatedNodeName: String?
    /// When the node accepted the Pod.
    public var startTime: Timestamp?
    public var initContainerStatuses: [ContainerStatus]?
    public var containerStatuses: [ContainerStatus]?
    public var qosClass: String?

    /// A status in that phase.
    public init(phase: String? = nil) { self.phase = phase }

    /// One address.
    public struct IP: Sendable, Hashable, Codable {
        public var ip: String

        /// That address.
        public init(ip: String) { self.ip = ip }
    }
}

/// One aspect of a Pod's state: `PodScheduled`, `Initialized`, `ContainersReady`, `Ready`.
public struct PodCondition: Sendable, Hashable, Codable {
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var observedGeneration: Int64?
    public var lastProbeTime: Timestamp?
    public var lastTransitionTime: Timestamp?
    public var reason: String?
    public var message: String?

    /// A condition that began to hold at that time.
    public init(
        type: String,
        status: String,
        lastTransitionTime: Timestamp? = nil,
        reason: String? = nil,
        message: String? = nil
    ) {
        self.type = type
        self.status = status
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }
}

/// What became of a container.
public struct ContainerStatus: Sendable, Hashable, Codable {
    public var name: String
    public var state: ContainerState?
    /// How the run before this one ended.
    public var lastState: ContainerState?
    public var ready: Bool
    public var restartCount: Int
    public var image: String?
    public var imageID: String?
    public var containerID: String?
    public var started: Bool?

    /// The status of a container that has not begun.
    public init(name: String, ready: Bool = false, restartCount: Int = 0, image: String? = nil) {
        self.name = name
        self.ready = ready
        self.restartCount = restartCount
        self.image = image
        imageID = ""
    }
}

/// What a container does at the moment; exactly one field is set.
public struct ContainerState: Sendable, Hashable, Codable {
    public var waiting: Waiting?
    public var running: Running?
    public var terminated: Terminated?

    /// It cannot start yet, or not again yet.
    public struct Waiting: Sendable, Hashable, Codable {
        /// `ContainerCreating`, `CrashLoopBackOff`, `ErrImagePull`, `ImagePullBackOff`, …
        public var reason: String?
        public var message: String?

        /// Waiting for that reason.
        public init(reason: String? = nil, message: String? = nil) {
            self.reason = reason
            self.message = message
        }
    }

    /// It runs.
    public struct Running: Sendable, Hashable, Codable {
        public var startedAt: Timestamp?

        /// Running since then.
        public init(startedAt: Timestamp? = nil) { self.startedAt = startedAt }
    }

    /// It ran.
    public struct Terminated: Sendable, Hashable, Codable {
        public var exitCode: Int
        public var signal: Int?
        /// `Completed`, `Error`, `OOMKilled`, …
        public var reason: String?
        public var message: String?
        public var startedAt: Timestamp?
        public var finishedAt: Timestamp?
        public var containerID: String?

        /// Ended with that exit code.
        public init(exitCode: Int, reason: String? = nil) {
            self.exitCode = exitCode
            self.reason = reason
        }
    }

    /// Waiting.
    public init(waiting: Waiting) { self.waiting = waiting }

    /// Running.
    public init(running: Running) { self.running = running }

    /// Terminated.
    public init(terminated: Terminated) { self.terminated = terminated }
}

extension Pod {
    /// The condition of that type.
    public func condition(_ type: String) -> PodCondition? { status?.conditions?.first { $0.type == type } }

    /// Whether its readiness probes answer.
    public var isReady: Bool { condition("Ready")?.status == "True" }

    /// Whether it will not run again, however it ended.
    public var isFinished: Bool { status?.phase == "Succeeded" || status?.phase == "Failed" }
}
