import APIMachinery
import KubeAPI
import RunEngine
import Spec

/// What a rollout goes by.
extension PoolLook {
    func rolloutState(_ update: String, _ replicas: Int, _ memory: inout PoolMemory) -> RolloutState {
        for pod in pods where pod.isFinished && pod.metadata.deletionTimestamp == nil {
            let revision = pod.metadata.labels?[PoolRevision.revisionLabel] ?? ""
            memory.failures.note(uid: pod.metadata.uid ?? "", revision: revision, now: now)
        }
        let deadline = Self.bounded(spec.progressDeadlineSeconds, default: 600)
        let known = Set(revisions.map(\.revisionHash))
        let current = previous.currentRevision.flatMap { known.contains($0) ? $0 : nil }
        var progress =
            memory.progress ?? previous.rollout.map { RolloutProgress($0, deadline: deadline, now: now) }
            ?? RolloutProgress(revision: update, startedAt: now)
        if let before = progress.previousRevision, !known.contains(before) { progress.previousRevision = nil }

        var state = RolloutState(
            replicas: replicas,
            updateRevision: update,
            currentRevision: current,
            pods: pods.map { PodObservation.runner($0, self.state(of: $0)) },
            strategy: RolloutStrategy(spec.updateStrategy, replicas: replicas),
            progress: progress
        )
        state.minReadySeconds = Self.bounded(spec.minReadySeconds, default: 0)
        state.progressDeadlineSeconds = deadline
        state.drainTimeoutSeconds = Self.bounded(spec.drainTimeoutSeconds, default: 60)
        state.isPaused = spec.paused ?? false
        state.rollbackOnFailure = spec.rollbackOnFailure ?? false
        state.recentFailures = memory.failures.count(of: update, now: now)

        let before = progress.revision == update ? progress.previousRevision : current == update ? nil : current
        memory.trial.note(pods, revisions: Set([update, before, current].compactMap { $0 }))
        state.updateOutcomes = outcomes(of: update, memory)
        if let before { state.previousOutcomes = outcomes(of: before, memory) }

        if let error = memory.createError, error.revision != update, error.revision != current {
            memory.createError = nil
        }
        if memory.createError?.revision == update { state.createError = memory.createError?.message }
        for revision in Set([update, current].compactMap { $0 }) {
            let error = memory.createError.flatMap { $0.revision == revision ? $0.until : nil }
            state.createNotBefore[revision] = [memory.failures.until(of: revision, now: now), error]
                .compactMap { $0 }.max()
        }
        return state
    }

    /// What the jobs of a revision's runners came to, of those that are gone as well.
    private func outcomes(of hash: String, _ memory: PoolMemory) -> JobOutcomes {
        memory.trial.runners(of: hash).reduce(into: JobOutcomes()) { sum, runner in
            let outcomes = reconciler.queues.outcomes(namespace: pool.namespace, runner: runner)
            sum.succeeded += outcomes.succeeded
            sum.failed += outcomes.failed
            sum.lost += outcomes.lost
        }
    }

    private static func bounded(_ seconds: Int?, default standard: Int) -> Int {
        min(max(0, seconds ?? standard), PoolSettings.maximumSeconds)
    }
}

extension RolloutProgress {
    /// Seconds that a rollout has at least after a start of the controller, for what it could not do without one.
    private static let restartGrace = 10

    /// The rollout that an earlier process recorded.
    init(_ record: WorkerPoolStatus.RolloutRecord, deadline: Int, now: Timestamp) {
        let reachedAt = record.lastProgressTime ?? now
        let earliest = now.advanced(by: .seconds(min(deadline, Self.restartGrace) - deadline))
        self.init(
            revision: record.revision,
            previousRevision: record.previousRevision,
            reachedAt: reachedAt,
            lastProgressAt: max(reachedAt, earliest),
            completedAt: record.completionTime,
            failure: record.failureReason.map { RolloutFailure(reason: $0, message: record.failureMessage ?? "") },
            failedAt: record.failureTime
        )
    }

    /// What must outlive the process.
    var record: WorkerPoolStatus.RolloutRecord {
        var record = WorkerPoolStatus.RolloutRecord(revision: revision)
        record.previousRevision = previousRevision
        record.lastProgressTime = reachedAt.truncatedToSeconds
        record.completionTime = completedAt?.truncatedToSeconds
        record.failureTime = failedAt?.truncatedToSeconds
        record.failureReason = failure?.reason
        record.failureMessage = failure?.message
        return record
    }
}
