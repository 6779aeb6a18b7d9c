import APIMachinery
import RunEngine
import Spec

/// Makes a pool's status of what was observed and decided. Pure.
struct PoolStatusBuilder {
    let pool: Unstructured
    let previous: WorkerPoolStatus
    let plan: RolloutPlan
    let replicas: Int
    let updateRevision: String
    /// The version of a revision, if it is recorded.
    let version: (_ hash: String) -> String?
    let queue: QueueStatistics?
    let scaling: PoolAutoscaler.Output?
    let createError: String?
    let outOfMemory: JobOutOfMemory?
    let now: Timestamp

    /// The status to be written.
    func status() -> WorkerPoolStatus {
        let rollout = plan.status
        var status = previous
        status.observedGeneration = pool.generation
        status.replicas = rollout.replicas
        status.readyReplicas = rollout.readyReplicas
        status.availableReplicas = rollout.availableReplicas
        status.unavailableReplicas = rollout.unavailableReplicas
        status.updatedReplicas = rollout.updatedReplicas
        status.busyReplicas = rollout.busyReplicas
        status.drainingReplicas = rollout.drainingReplicas
        status.desiredReplicas = replicas
        status.selector = "\(PoolRevision.poolLabel)=\(PoolRevision.labelValue(pool.name))"
        status.currentRevision = rollout.currentRevision
        status.updateRevision = updateRevision
        let isAllNew = rollout.replicas > 0 && rollout.updatedReplicas == rollout.replicas
        status.version = version(isAllNew ? updateRevision : rollout.currentRevision ?? updateRevision)
        status.rollout = plan.progress.record
        if let queue { status.queue = Self.queue(queue) }
        if scaling?.isRescale == true { status.lastScaleTime = now.truncatedToSeconds }
        let conditions = PoolConditions(
            pool: pool,
            previous: previous,
            rollout: rollout,
            replicas: replicas,
            updateRevision: updateRevision,
            version: version,
            scaling: scaling,
            createError: createError,
            outOfMemory: outOfMemory,
            now: now
        ).conditions()
        status.conditions = conditions
        status.reason = PoolConditions.worst(conditions)
        return status
    }

    private static func queue(_ statistics: QueueStatistics) -> WorkerPoolStatus.QueueStatus {
        var status = WorkerPoolStatus.QueueStatus()
        status.depth = statistics.backlog
        status.express = statistics.express
        status.leased = statistics.leased
        status.delayed = statistics.delayed
        status.deadLetters = statistics.dead
        status.oldestAgeSeconds = Int(clamping: statistics.oldestAgeSeconds.rounded(.down))
        return status
    }
}
