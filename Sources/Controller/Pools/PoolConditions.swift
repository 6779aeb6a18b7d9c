import APIMachinery
import RunEngine
import Spec

/// The conditions of a pool, with the meaning and the transitions of a Deployment's. Pure.
///
/// - `Available`: whether as many runners are available as must be.
/// - `Progressing`: `True` while a rollout moves or once it is complete, `Unknown` while it is paused and until it
///   moves again, `False` when it has failed.
/// - `ReplicaFailure`: Pods cannot be created, or cannot start. It goes when that is over.
/// - `OutOfMemory`: a job used up the memory of its runner in the last ten minutes.
/// - `RolledBack`: the pool is where a failed or an abandoned rollout brought it back to, until the next change.
/// - The autoscaler's.
struct PoolConditions {
    /// The reason of a rollback that somebody asked for.
    static let requested = "Requested"

    let pool: Unstructured
    let previous: WorkerPoolStatus
    let rollout: RolloutStatus
    let replicas: Int
    let updateRevision: String
    /// The version of a revision, if it is recorded.
    let version: (_ hash: String) -> String?
    let scaling: PoolAutoscaler.Output?
    let createError: String?
    let outOfMemory: JobOutOfMemory?
    let now: Timestamp

    /// How long a pool says that a job used up the memory of its runner.
    static let outOfMemoryPeriod = Duration.seconds(600)

    /// All conditions, those included that others have put there.
    func conditions() -> [Condition] {
        var conditions = previous.conditions ?? []
        let own =
            [available, progressing, replicaFailure, rolledBack, memory].compactMap { $0 } + (scaling?.conditions ?? [])
        for condition in own {
            var condition = condition
            condition.observedGeneration = pool.generation
            condition.lastTransitionTime = now.truncatedToSeconds
            conditions.set(condition)
        }
        // What no longer applies is gone.
        let optional = [
            "ReplicaFailure", "RolledBack", "OutOfMemory", "AbleToScale", "ScalingActive", "ScalingLimited",
            "ScaledToZero",
        ]
        let unscaled = ["ReplicaFailure", "RolledBack", "OutOfMemory"]
        let held = Set(own.map(\.type))
        let hasScaling = pool.json.value(at: "spec", "autoscaling") != nil
        conditions.removeAll { condition in
            guard optional.contains(condition.type), !held.contains(condition.type) else { return false }
            return !hasScaling || unscaled.contains(condition.type)
        }
        return conditions
    }

    /// The reason of the worst condition: what a person should know who reads one word.
    static func worst(_ conditions: [Condition]) -> String? {
        func reason(_ type: String, _ status: String, unless harmless: String? = nil) -> String? {
            conditions[type].flatMap { $0.status == status && $0.reason != harmless ? $0.reason : nil }
        }
        let candidates: [String?] = [
            reason("Progressing", "False"),
            reason("ReplicaFailure", "True"),
            reason("Available", "False"),
            reason("ScalingActive", "False", unless: "ScalingDisabled"),
            reason("OutOfMemory", "True"),
            reason("Progressing", "Unknown"),
            reason("RolledBack", "True", unless: requested).map { _ in "RolledBack" },
            reason("Progressing", "True", unless: "NewRevisionAvailable"),
            reason("ScalingActive", "False"),
            reason("ScaledToZero", "True"),
            conditions["Progressing"]?.reason,
        ]
        return candidates.lazy.compactMap { $0 }.first
    }

    private func condition(_ type: String, _ status: String, _ reason: String, _ message: String) -> Condition {
        Condition(type: type, status: status, lastTransitionTime: now, reason: reason, message: message)
    }

    private var available: Condition {
        guard !rollout.isAvailable else {
            return condition(
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "the required number of runners is available"
            )
        }
        let problem = rollout.problem.map { "; \($0.reason): \($0.message)" } ?? ""
        return condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "\(rollout.availableReplicas) of \(replicas) runners are available\(problem)"
        )
    }

    private var progressing: Condition {
        let name = Self.name(updateRevision, version(updateRevision))
        switch rollout.phase {
        case .complete: return condition("Progressing", "True", "NewRevisionAvailable", "all runners are of \(name)")
        case .paused: return condition("Progressing", "Unknown", "RolloutPaused", "spec.paused is set")
        case .progressing:
            let before = previous.conditions?["Progressing"]?.reason
            if before == "RolloutPaused" || before == "RolloutResumed", !rollout.hasAdvanced {
                return condition("Progressing", "Unknown", "RolloutResumed", "spec.paused is no longer set")
            }
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

    private var replicaFailure: Condition? {
        if let createError { return condition("ReplicaFailure", "True", RolloutFailure.failedCreate, createError) }
        return rollout.problem.map { condition("ReplicaFailure", "True", $0.reason, $0.message) }
    }

    private var memory: Condition? {
        let before = previous.conditions?["OutOfMemory"]
        // After a restart of the controller, only the status knows of it.
        let since = outOfMemory?.at ?? before?.lastTransitionTime
        guard let since, now < since.advanced(by: Self.outOfMemoryPeriod) else { return nil }
        guard let outOfMemory else { return before }
        return condition(
            "OutOfMemory",
            "True",
            "OOMKilled",
            "\(outOfMemory.job) on runner \(outOfMemory.runner): \(outOfMemory.message)"
        )
    }

    /// Whether the pool is where a rollout that did not succeed brought it back to.
    private var rolledBack: Condition? {
        let annotations = pool.annotations
        if let to = annotations[Rollback.toAnnotation], to == updateRevision,
            let from = annotations[Rollback.fromAnnotation], let text = annotations[Rollback.reasonAnnotation]
        {
            let reason = text.split(separator: ":").first.map(String.init) ?? "RolloutFailed"
            return condition(
                "RolledBack",
                "True",
                reason,
                "\(Self.name(from, version(from))) failed and was replaced by \(Self.name(to, version(to))): \(text)"
            )
        }
        guard let before = previous.updateRevision, before != updateRevision else {
            return previous.conditions?["RolledBack"]
        }
        // Somebody asks for the last revision that worked while another is being rolled out.
        guard previous.currentRevision == updateRevision else { return nil }
        let reason = previous.rollout?.failureReason.map { ", which had failed (\($0))" } ?? ", which was not complete"
        return condition(
            "RolledBack",
            "True",
            Self.requested,
            "the rollout of \(Self.name(before, version(before)))\(reason), was replaced by that of"
                + " \(Self.name(updateRevision, version(updateRevision)))"
        )
    }

    /// A revision as messages name it.
    static func name(_ hash: String, _ version: String?) -> String {
        version.map { "version \($0) (revision \(hash))" } ?? "revision \(hash)"
    }
}
