public import APIMachinery

/// A set of agent runners that work off one queue: `martinet.dev/v1alpha1 WorkerPool`.
public struct WorkerPool: Resource, Equatable {
    public static let groupVersionKind = GroupVersionKind(
        group: "martinet.dev",
        version: "v1alpha1",
        kind: "WorkerPool"
    )
    public static let resource = GroupVersionResource(
        group: "martinet.dev",
        version: "v1alpha1",
        resource: "workerpools"
    )
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    public var spec: WorkerPoolSpec
    public var status: WorkerPoolStatus?

    /// A pool as a user declares it.
    public init(metadata: ObjectMeta, spec: WorkerPoolSpec) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// What runners there should be, and how they are replaced by others.
public struct WorkerPoolSpec: Sendable, Hashable, Codable {
    /// The version's name for people: shown in the history, named in a rollback.
    public var version: String?
    /// Bounds of the pool's queue.
    public var queue: QueueSpec?
    /// Jobs at once in one runner. Default: 4.
    public var concurrency: Int?
    /// Runners wanted, where there is no `autoscaling`. Default: 1.
    public var replicas: Int?
    /// How the number of runners follows the load.
    public var autoscaling: AutoscalingSpec?
    /// How runners of an old revision give way.
    public var updateStrategy: UpdateStrategy?
    /// Whether a rollout that fails goes back to the revision before. Default: false.
    public var rollbackOnFailure: Bool?
    /// Seconds a runner must have been ready to count as available. Default: 0.
    public var minReadySeconds: Int?
    /// Seconds without progress after which a rollout has failed. Default: 600.
    public var progressDeadlineSeconds: Int?
    /// Old revisions that are kept. Default: 10.
    public var revisionHistoryLimit: Int?
    /// Whether changes of the template wait. Default: false.
    public var paused: Bool?
    /// Seconds a runner that must go gets to finish its jobs. Default: 60.
    public var drainTimeoutSeconds: Int?
    /// The runners' Pods (core/v1 PodTemplateSpec), kept as it was written.
    public var template: JSONValue?

    /// A specification in which everything has its default.
    public init() {}
}

/// Bounds of a queue.
public struct QueueSpec: Sendable, Hashable, Codable {
    /// Jobs that may wait; submissions beyond are answered 429. Default: 10,000.
    public var maxDepth: Int?
    /// The priority from which a run takes the express lane. Default: 12.
    public var expressPriority: Int?
    /// Seconds for which a lease holds without a heartbeat. Default: 30.
    public var visibilityTimeoutSeconds: Int?
    /// Deliveries after which a job that was never reported is put aside as a dead letter. Default: 3.
    public var maxDeliveries: Int?

    /// Bounds; what is left out has its default.
    public init(
        maxDepth: Int? = nil,
        expressPriority: Int? = nil,
        visibilityTimeoutSeconds: Int? = nil,
        maxDeliveries: Int? = nil
    ) {
        self.maxDepth = maxDepth
        self.expressPriority = expressPriority
        self.visibilityTimeoutSeconds = visibilityTimeoutSeconds
        self.maxDeliveries = maxDeliveries
    }
}

/// How old runners are replaced by new ones.
public struct UpdateStrategy: Sendable, Hashable, Codable {
    /// `RollingUpdate` (default) or `Recreate`.
    public var type: String?
    public var rollingUpdate: RollingUpdate?

    /// Bounds of a rolling update, as in `apps/v1`: numbers, or percentages such as `"25%"`.
    public struct RollingUpdate: Sendable, Hashable, Codable {
        public var maxSurge: IntOrString?
        public var maxUnavailable: IntOrString?

        /// Bounds; the defaults are a surge of 1 and nothing unavailable.
        public init(maxSurge: IntOrString? = nil, maxUnavailable: IntOrString? = nil) {
            self.maxSurge = maxSurge
            self.maxUnavailable = maxUnavailable
        }
    }

    /// A strategy of that type.
    public init(type: String? = nil, rollingUpdate: RollingUpdate? = nil) {
        self.type = type
        self.rollingUpdate = rollingUpdate
    }
}

/// What the controller observed of a pool.
public struct WorkerPoolStatus: Sendable, Hashable, Codable {
    public var observedGeneration: Int64?
    /// Runners that exist.
    public var replicas: Int?
    public var readyReplicas: Int?
    public var availableReplicas: Int?
    public var unavailableReplicas: Int?
    /// Runners of the newest revision.
    public var updatedReplicas: Int?
    /// Runners that have work.
    public var busyReplicas: Int?
    /// Runners that finish what they have and then go.
    public var drainingReplicas: Int?
    /// What the autoscaler, or `spec.replicas`, asks for.
    public var desiredReplicas: Int?
    /// The selector of the pool's Pods, for the `scale` subresource.
    public var selector: String?
    /// The revision that all runners had before the rollout that is under way.
    public var currentRevision: String?
    /// The revision that runners are being replaced by.
    public var updateRevision: String?
    /// `spec.version` of the revision that runs.
    public var version: String?
    public var collisionCount: Int?
    /// The reason of the worst condition: the whole state in a word.
    public var reason: String?
    public var rollout: RolloutRecord?
    public var conditions: [Condition]?
    public var queue: QueueStatus?
    public var lastScaleTime: Timestamp?

    /// A status in which nothing has been observed yet.
    public init() {}

    /// What a rollout must not lose with the controller: when it came further, and that it failed.
    public struct RolloutRecord: Sendable, Hashable, Codable {
        /// The revision that is, or was last, rolled out.
        public var revision: String
        /// The last revision that worked before it, to which a failure goes back.
        public var previousRevision: String?
        /// When the rollout last came further.
        public var lastProgressTime: Timestamp?
        /// When all runners were of the revision for the first time.
        public var completionTime: Timestamp?
        /// When it first failed; stays if it recovers, as one rollout fails once.
        public var failureTime: Timestamp?
        /// Why it has failed; gone when it has recovered.
        public var failureReason: String?
        public var failureMessage: String?

        /// The rollout of that revision.
        public init(revision: String) { self.revision = revision }
    }

    /// The queue, as last seen.
    public struct QueueStatus: Sendable, Hashable, Codable {
        /// Jobs that wait and could start.
        public var depth: Int?
        /// Those of them in the express lane.
        public var express: Int?
        /// Jobs that runners have.
        public var leased: Int?
        /// Jobs that wait for a retry's time.
        public var delayed: Int?
        public var deadLetters: Int?
        /// How long the oldest ready job has waited.
        public var oldestAgeSeconds: Int?

        /// A queue of which nothing is known.
        public init() {}
    }
}
