import APIMachinery
import Spec
import Storage

/// Why a pending run does not start.
struct WaitReason: Sendable, Hashable {
    var reason: String
    var message: String

    static let poolNotFound = "PoolNotFound"
    static let noRunner = "NoRunner"

    /// How long a run waits for a first runner before `NoRunner` is reported; starting one takes a moment.
    static let patience: Duration = .seconds(10)

    /// What keeps a pending run from starting; `nil` if it only waits for its turn.
    static func of(_ queue: QueueName, hasPool: Bool, hasRunner: Bool, waited: Duration) -> WaitReason? {
        if !hasPool {
            return WaitReason(
                reason: poolNotFound,
                message: "worker pool \"\(queue.pool)\" does not exist in namespace \"\(queue.namespace)\"; "
                    + "create it, or name another pool in the workflow's spec.pool"
            )
        }
        if !hasRunner, waited > patience {
            return WaitReason(
                reason: noRunner,
                message: "worker pool \"\(queue.pool)\" has no runner; "
                    + "see kubectl describe workerpool \(queue.pool) -n \(queue.namespace)"
            )
        }
        return nil
    }

    /// Whether the reason is one of these, which the engine may remove again.
    static func isOne(_ reason: String) -> Bool { reason == poolNotFound || reason == noRunner }
}

extension RunEngine {
    /// Runs that are explained at a time, the oldest first.
    private static let explainedRuns = 500

    /// Updates the reason of pending runs: sets why they do not start, and removes it when they can.
    func explainWaitingRuns() async throws {
        let candidates = try await store.read { try $0.activeRuns(after: 0, limit: Self.explainedRuns) }
            .filter { $0.phase == .pending && $0.stop == .none }
        guard !candidates.isEmpty else { return }
        let changed = try await perform { [self] transaction, _ -> [RunRecord] in
            var changed: [RunRecord] = []
            for candidate in candidates {
                guard var run = try transaction.run(id: candidate.id), run.phase == .pending, run.stop == .none,
                    let workflow = try workflows.compiled(run.revision, from: transaction)
                else { continue }
                let queue = QueueName(namespace: run.namespace, pool: workflow.spec.poolName)
                let wait = WaitReason.of(
                    queue,
                    hasPool: catalog.hasPool(queue),
                    hasRunner: !registry.runners(queue).isEmpty,
                    waited: clock.calendar.since(run.createdAt)
                )
                guard wait?.reason ?? "" != run.reason, wait != nil || WaitReason.isOne(run.reason) else { continue }
                run.reason = wait?.reason ?? ""
                run.message = wait?.message ?? ""
                try transaction.update(&run)
                changed.append(run)
            }
            return changed
        }
        for run in changed where !run.reason.isEmpty { journal.record(RunOccurrence(waiting: run)) }
    }
}

extension RunOccurrence {
    /// The occurrence of a run that waits, with the run's reason.
    init(waiting run: RunRecord) {
        self.init(
            namespace: run.namespace,
            name: run.name,
            uid: run.uid,
            isWarning: true,
            reason: run.reason,
            message: run.message
        )
    }
}
