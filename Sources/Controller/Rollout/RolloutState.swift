public import APIMachinery
public import RunEngine

/// Everything a rollout goes by at one moment.
public struct RolloutState: Sendable, Hashable {
    /// How many Pods there should be.
    public var replicas: Int
    /// The revision that Pods should have.
    public var updateRevision: String
    /// The last revision that was seen to work; `nil` if there has been none.
    public var currentRevision: String?
    public var pods: [RunnerPod]
    public var strategy: RolloutStrategy
    public var minReadySeconds: Int
    public var progressDeadlineSeconds: Int
    public var drainTimeoutSeconds: Int
    public var isPaused: Bool
    public var rollbackOnFailure: Bool
    /// Until when no Pod of a revision is made, because Pods made before came to nothing; by revision.
    public var createNotBefore: [String: Timestamp]
    /// Pods of the newest revision that ended by themselves, lately.
    public var recentFailures: Int
    /// What the jobs of runners of the newest revision came to, and of the one before it (`progress.previousRevision`);
    /// runners that are gone count.
    public var updateOutcomes: JobOutcomes
    public var previousOutcomes: JobOutcomes
    /// Why the server refused the last Pod.
    public var createError: String?
    /// What was reached before.
    public var progress: RolloutProgress

    /// A pool of that size, with the defaults of `WorkerPoolSpec`.
    public init(
        replicas: Int,
        updateRevision: String,
        currentRevision: String? = nil,
        pods: [RunnerPod] = [],
        strategy: RolloutStrategy = RolloutStrategy(),
        progress: RolloutProgress
    ) {
        self.replicas = replicas
        self.updateRevision = updateRevision
        self.currentRevision = currentRevision
        self.pods = pods
        self.strategy = strategy
        self.progress = progress
        minReadySeconds = 0
        progressDeadlineSeconds = 600
        drainTimeoutSeconds = 60
        isPaused = false
        rollbackOnFailure = false
        createNotBefore = [:]
        recentFailures = 0
        updateOutcomes = JobOutcomes()
        previousOutcomes = JobOutcomes()
    }
}

/// One thing to be done.
public enum RolloutAction: Sendable, Hashable {
    /// Make Pods of a revision.
    case create(revision: String, count: Int)
    /// Give a runner no more jobs; it stays until it has finished those it has.
    case drain(pod: String, reason: String)
    /// Give a runner jobs again that had been told to finish.
    case undrain(pod: String)
    /// Delete a Pod. If it `interrupts`, the jobs that it still has go back to the queue.
    case delete(pod: String, reason: String, interrupts: Bool)
    /// Make the specification what it was in that revision.
    case rollBack(revision: String, failure: RolloutFailure)
}

/// Why a rollout has failed.
public struct RolloutFailure: Error, Sendable, Hashable {
    /// The reason of a revision whose jobs fail.
    static let jobsFail = "JobsFail"
    /// The reason of a revision whose Pods the server refuses.
    static let failedCreate = "FailedCreate"

    /// `CrashLoopBackOff`, `ImagePullBackOff`, `JobsFail`, `FailedCreate` or `ProgressDeadlineExceeded`.
    public var reason: String
    /// What was seen, for people.
    public var message: String

    /// A failure for that reason.
    public init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }
}

/// How a rollout stands.
public struct RolloutStatus: Sendable, Hashable {
    /// Where a rollout is in its life.
    public enum Phase: String, Sendable, Hashable {
        case complete = "Complete"
        case progressing = "Progressing"
        case paused = "Paused"
        case failed = "Failed"
    }

    public var phase: Phase
    /// Pods that exist, draining ones included.
    public var replicas = 0
    public var readyReplicas = 0
    public var availableReplicas = 0
    public var unavailableReplicas = 0
    public var updatedReplicas = 0
    public var busyReplicas = 0
    public var drainingReplicas = 0
    /// Whether as many Pods are available as must be.
    public var isAvailable = false
    /// Whether the rollout came further since the last plan.
    public var hasAdvanced = false
    /// The last revision that was seen to work, as of now.
    public var currentRevision: String?
    public var failure: RolloutFailure?
    /// What keeps Pods from starting.
    public var problem: PodProblem?
}

/// What to do next, and how things stand.
public struct RolloutPlan: Sendable, Hashable {
    public var actions: [RolloutAction]
    public var status: RolloutStatus
    /// What was reached, to be handed in the next time.
    public var progress: RolloutProgress
    /// Pods that are to be made now, or as soon as `createNotBefore` allows.
    public var missing: Int
    /// When time alone will have changed something; `nil` if only events can.
    public var nextCheck: Duration?
}
