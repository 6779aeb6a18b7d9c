import APIMachinery
import RunEngine
import Spec

/// Makes a pool's status of what was observed and decided. Pure.
struct PoolStatusBuilder {
    let pool: Unstructured
    let previous: WorkerPoolStatus
    let rollout: RolloutStatus
    let replicas: Int
    let updateRevision: String
    /// The version of a revision, if it is recorded.
    let version: (_ hash: String) -> String?
    let queue: QueueStatistics?
    let scaling: PoolAutoscaler.Output?
    let createError: String?
    let now: Timestamp

    /// The status to be written.
    func status() -> WorkerPoolStatus {
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
        status.version = version(rollout.currentRevision ?? updateRevision)
        if let queue { status.queue = Self.queue(queue) }
        if scaling?.isRescale == true { status.lastScaleTime = now.truncatedToSeconds }
        status.conditions = conditions()
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

    private func conditions() -> [Condition] {
        var conditions = previous.conditions ?? []
        var own = [available, progressing]
        own += scaling?.conditions ?? []
        if let createError { own.append(condition("ReplicaFailure", "True", "FailedCreate", createError)) }
        if let rolledBack { own.append(rolledBack) }
        for condition in own {
            var condition = condition
            condition.observedGeneration = pool.generation
            condition.lastTransitionTime = now.truncatedToSeconds
            conditions.set(condition)
        }
        // What no longer applies is gone, but not what others may have put there.
        let optional = [
            "ReplicaFailure", "RolledBack", "AbleToScale", "ScalingActive", "ScalingLimited", "ScaledToZero",
        ]
        let held = Set(own.map(\.type))
        let hasScaling = pool.json.value(at: "spec", "autoscaling") != nil
        conditions.removeAll { condition in
            guard optional.contains(condition.type), !held.contains(condition.type) else { return false }
            return !hasScaling || condition.type == "ReplicaFailure" || condition.type == "RolledBack"
        }
        return conditions
    }

    private func condition(_ type: String, _ status: String, _ reason: String, _ message: String) -> Condition {
        Condition(type: type, status: status, lastTransitionTime: now, reason: reason, message: message)
    }

    private var available: Condition {
        rollout.isAvailable
            ? condition("Available", "True", "MinimumReplicasAvailable", "as many runners are available as must be")
            : condition(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "\(rollout.availableReplicas) of \(replicas) runners are available"
            )
    }

    private var progressing: Condition {
        let name = Self.name(updateRevision, version(updateRevision))
        switch rollout.phase {
        case .complete: return condition("Progressing", "True", "NewRevisionAvailable", "all runners are of \(name)")
        case .paused: return condition("Progressing", "Unknown", "RolloutPaused", "spec.paused is set")
        case .progressing:
            return condition(
                "Progressing",
                "True",
                "RolloutProgressing",
                "\(rollout.updatedReplicas) of \(replicas) runners are of \(name)"
            )
        case .failed:
            let failure = rollout.failure
            return condition("Progressing", "False", failure?.reason ?? "Failed", "\(name): \(failure?.message ?? "")")
        }
    }

    /// Whether the pool is where a failed rollout brought it back to.
    private var rolledBack: Condition? {
        let annotations = pool.annotations
        guard let to = annotations[Rollback.toAnnotation], to == updateRevision,
            let from = annotations[Rollback.fromAnnotation], let text = annotations[Rollback.reasonAnnotation]
        else { return nil }
        let reason = text.split(separator: ":").first.map(String.init) ?? "RolloutFailed"
        return condition(
            "RolledBack",
            "True",
            reason,
            "\(Self.name(from, version(from))) failed and was replaced by \(Self.name(to, version(to))): \(text)"
        )
    }

    /// A revision as messages name it.
    static func name(_ hash: String, _ version: String?) -> String {
        version.map { "version \($0) (revision \(hash))" } ?? "revision \(hash)"
    }
}
