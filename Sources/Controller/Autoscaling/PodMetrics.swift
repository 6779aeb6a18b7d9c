public import APIMachinery

/// A Pod as the autoscaler's arithmetic sees it. All amounts are thousandths: millicores, or milli-bytes.
public struct PodMetrics: Sendable, Hashable {
    /// How far the Pod is in its life.
    public enum Phase: Sendable, Hashable {
        /// Not started yet.
        case pending
        /// Running, or in a phase that is not known.
        case running
        /// Ended well; Kubernetes 1.36 still counts its measurements.
        case succeeded
        /// Ended badly.
        case failed
    }

    /// What the Pod's condition `Ready` says.
    public enum Readiness: Sendable, Hashable {
        case ready, unready, unknown
    }

    /// What a container asks for; `nil` where it asks for nothing.
    public struct Request: Sendable, Hashable {
        public var container: String
        public var amount: Int64?

        /// The request of the container of that name.
        public init(container: String, amount: Int64?) {
            self.container = container
            self.amount = amount
        }
    }

    /// What the Pod was measured to use.
    public struct Sample: Sendable, Hashable {
        public var value: Int64
        /// The end of the time over which was measured.
        public var timestamp: Timestamp
        /// How long was measured.
        public var window: Duration

        /// A measurement.
        public init(value: Int64, timestamp: Timestamp, window: Duration) {
            self.value = value
            self.timestamp = timestamp
            self.window = window
        }
    }

    public var name: String
    public var phase: Phase
    /// Whether the Pod is on its way out.
    public var isDeleting: Bool
    /// `nil` where the Pod has no such condition yet.
    public var readiness: Readiness?
    /// When the condition `Ready` last changed.
    public var readinessChangedAt: Timestamp?
    public var startedAt: Timestamp?
    /// Of every container, sidecars last.
    public var requests: [Request]
    /// What the Pod as a whole asks for; if there is such a request, it replaces those of the containers.
    public var podRequest: Int64?
    public var sample: Sample?

    /// A Pod of that name that is pending.
    public init(name: String) {
        self.name = name
        phase = .pending
        isDeleting = false
        requests = []
    }
}

/// Pods by what their measurements are good for.
public struct PodGroups: Sendable, Hashable {
    /// How many count with their measurements.
    public var readyCount = 0
    /// Pods that are starting: their measurements say nothing yet.
    public var unready: Set<String> = []
    /// Pods that run and have no measurement.
    public var missing: Set<String> = []
    /// Pods that are gone or going.
    public var ignored: Set<String> = []

    /// Sorts Pods into groups.
    ///
    /// Only processor use depends on readiness: a program that starts uses more of it than it will later.
    public init(
        _ pods: [PodMetrics],
        isCPU: Bool,
        cpuInitializationPeriod: Duration,
        initialReadinessDelay: Duration,
        now: Timestamp
    ) {
        for pod in pods {
            if pod.isDeleting || pod.phase == .failed {
                ignored.insert(pod.name)
            } else if pod.phase == .pending {
                unready.insert(pod.name)
            } else if let sample = pod.sample {
                let isStarting =
                    isCPU
                    && Self.isStarting(
                        pod,
                        sample,
                        period: cpuInitializationPeriod,
                        delay: initialReadinessDelay,
                        now: now
                    )
                if isStarting { unready.insert(pod.name) } else { readyCount += 1 }
            } else {
                missing.insert(pod.name)
            }
        }
    }

    private static func isStarting(
        _ pod: PodMetrics,
        _ sample: PodMetrics.Sample,
        period: Duration,
        delay: Duration,
        now: Timestamp
    ) -> Bool {
        guard let readiness = pod.readiness, let startedAt = pod.startedAt else { return true }
        guard let changedAt = pod.readinessChangedAt else { return readiness == .unready }
        if startedAt.advanced(by: period) > now {
            // While it may still be starting: unready, or measured before a whole window had passed since a change.
            return readiness == .unready || sample.timestamp < changedAt.advanced(by: sample.window)
        }
        // Later only a Pod that has never been ready is still starting.
        return readiness == .unready && startedAt.advanced(by: delay) > changedAt
    }
}
