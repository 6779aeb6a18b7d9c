import APIMachinery
import ControllerRuntime
import Spec

/// Telling people what was decided.
extension PoolLook {
    /// Tells a change of the size, with its reason.
    func tellSize(_ replicas: Int, _ scaling: PoolAutoscaler.Output?, _ memory: inout PoolMemory) {
        let before = memory.toldReplicas ?? previous.desiredReplicas
        memory.toldReplicas = replicas
        guard let before, before != replicas else { return }
        let reason = scaling.flatMap { $0.isRescale ? $0.reason : nil } ?? "spec.replicas is \(replicas)"
        events.normal(
            reference,
            reason: replicas > before ? "ScaledUp" : "ScaledDown",
            "from \(before) to \(replicas) runners because \(reason)"
        )
    }

    /// Tells where a rollout is, once for each turn it takes.
    func tellRollout(_ status: RolloutStatus, _ update: String, _ memory: inout PoolMemory) {
        func named(_ hash: String) -> String {
            PoolStatusBuilder.name(hash, revisions.first { $0.revisionHash == hash }?.version)
        }
        let before = memory.toldRevision ?? previous.updateRevision
        if before != update {
            memory.toldFailure = nil
            if let current = status.currentRevision, current != update {
                events.normal(reference, reason: "RolloutStarted", "from \(named(current)) to \(named(update))")
            }
        }
        memory.toldRevision = update
        if let failure = status.failure, memory.toldFailure != failure.reason {
            memory.toldFailure = failure.reason
            reconciler.metrics.rollout(name, "failed")
            events.warning(
                reference,
                reason: "RolloutFailed",
                "\(named(update)): \(failure.reason): \(failure.message)"
            )
        }
        let current = memory.toldCurrent ?? previous.currentRevision
        if let reached = status.currentRevision, reached != current {
            reconciler.metrics.rollout(name, "complete")
            events.normal(reference, reason: "RolloutComplete", "all runners are of \(named(reached))")
        }
        memory.toldCurrent = status.currentRevision
    }
}
