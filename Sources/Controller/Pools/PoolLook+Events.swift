import APIMachinery
import ControllerRuntime
import Spec

/// Recording what was decided: Events for people, counters for programs.
extension PoolLook {
    /// Records what has changed since the status that was recorded last. The new one must be durable.
    mutating func record(_ status: WorkerPoolStatus, _ memory: inout PoolMemory) {
        let before = memory.recorded ?? previous
        memory.recorded = status
        for turn in PoolTurn.turns(from: before, to: status) {
            switch turn {
            case .resized(let from, let to):
                let reason = memory.scaling.reason ?? "spec.replicas is \(to)"
                events.normal(
                    reference,
                    reason: to > from ? "ScaledUp" : "ScaledDown",
                    "from \(from) to \(to) runners because \(reason)"
                )
            case .rolloutStarted(let from, let to):
                events.normal(reference, reason: "RolloutStarted", "from \(named(from)) to \(named(to))")
            case .rolloutFailed(let revision, let reason, let message):
                reconciler.metrics.rollout(name, "failed")
                events.warning(reference, reason: "RolloutFailed", "\(named(revision)): \(reason): \(message)")
            case .rolloutComplete(let revision):
                reconciler.metrics.rollout(name, "complete")
                events.normal(reference, reason: "RolloutComplete", "all runners are of \(named(revision))")
            case .rolledBack(let condition):
                if condition.reason == PoolConditions.requested {
                    events.normal(reference, reason: "RolledBack", condition.message)
                } else {
                    reconciler.metrics.rollout(name, "rolled_back")
                    events.warning(reference, reason: "RolledBack", condition.message)
                }
            case .outOfMemory(let condition):
                events.warning(reference, reason: condition.reason, condition.message)
            case .failedStart(let condition):
                events.warning(reference, reason: "FailedStart", "\(condition.reason): \(condition.message)")
            }
        }
        if before.desiredReplicas != status.desiredReplicas { memory.scaling.reason = nil }
    }

    private func named(_ hash: String) -> String {
        PoolConditions.name(hash, revisions.first { $0.revisionHash == hash }?.version)
    }
}

/// What is worth an Event about the change of a pool's status. Pure.
enum PoolTurn: Equatable {
    case resized(from: Int, to: Int)
    case rolloutStarted(from: String, to: String)
    case rolloutFailed(revision: String, reason: String, message: String)
    case rolloutComplete(revision: String)
    case rolledBack(Condition)
    case failedStart(Condition)
    case outOfMemory(Condition)

    /// What has happened between two statuses of a pool, of which both are durable. Each turn is between exactly two,
    /// so it is recorded once.
    static func turns(from old: WorkerPoolStatus, to new: WorkerPoolStatus) -> [PoolTurn] {
        var turns: [PoolTurn] = []
        if let before = old.desiredReplicas, let after = new.desiredReplicas, before != after {
            turns.append(.resized(from: before, to: after))
        }
        if let update = new.updateRevision, update != old.updateRevision, let current = new.currentRevision,
            current != update
        {
            turns.append(.rolloutStarted(from: current, to: update))
        }
        if let rollout = new.rollout, rollout.failureTime != nil,
            old.rollout?.revision != rollout.revision || old.rollout?.failureTime == nil
        {
            turns.append(
                .rolloutFailed(
                    revision: rollout.revision,
                    reason: rollout.failureReason ?? "Failed",
                    message: rollout.failureMessage ?? ""
                )
            )
        }
        if let back = new.conditions?["RolledBack"], isNew(back, old.conditions?["RolledBack"]) {
            turns.append(.rolledBack(back))
        }
        if let current = new.currentRevision, current != old.currentRevision, current == new.updateRevision {
            turns.append(.rolloutComplete(revision: current))
        }
        if let failure = new.conditions?["ReplicaFailure"], failure.reason != RolloutFailure.failedCreate,
            old.conditions?["ReplicaFailure"]?.reason != failure.reason
        {
            turns.append(.failedStart(failure))
        }
        if let memory = new.conditions?["OutOfMemory"], isNew(memory, old.conditions?["OutOfMemory"]) {
            turns.append(.outOfMemory(memory))
        }
        return turns
    }

    /// Whether a condition tells of something else than before: of what is named in the message.
    private static func isNew(_ new: Condition, _ old: Condition?) -> Bool {
        old?.reason != new.reason || old?.message != new.message
    }
}
