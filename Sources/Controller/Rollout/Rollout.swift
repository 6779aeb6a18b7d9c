public import APIMachinery

/// Brings a pool's Pods to the wanted number and revision, without losing availability or interrupting jobs.
///
/// Pure: from the state of one moment to what to do next. It is asked again after everything that it asked for, and
/// after everything else that happens; nothing is remembered but `RolloutProgress`.
///
/// The life of a revision's rollout:
/// ```
/// progressing ──► complete ──(jobs fail while on trial)──► failed
///      │ ▲            ▲                                      ▲
///      │ └─ recovers ─┼──────────────────────────────────────┤
///      └──(crashes, no image, deadline, jobs fail)───────────┘──► rolled back, if the pool wants that
/// ```
///
/// What holds at every moment, as far as it is in the pool's power:
/// - Available Pods are never taken away below `replicas - maxUnavailable`.
/// - Pods, draining ones included, are never made beyond `replicas + maxSurge`, unless fewer than
///   `replicas - maxUnavailable` of them could take jobs otherwise.
/// - A Pod that may have jobs is deleted only after it was told to drain, and has none left or had its time.
/// - Until one Pod of a new revision is available, only as many are made of it as may be lost; Pods of the old one
///   that die meanwhile are replaced by their like.
public struct Rollout: Sendable {
    /// How long a runner must have been draining before it is believed to be idle: a job that was being handed to it
    /// at the moment of the request has then arrived.
    static let settling = Duration.seconds(1)

    private let state: RolloutState
    private let now: Timestamp
    private let active: [RunnerPod]
    private let updated: [RunnerPod]
    private let old: [RunnerPod]
    private let draining: [RunnerPod]
    private let available: Set<String>

    /// What to do about that state at that moment.
    public static func plan(_ state: RolloutState, now: Timestamp) -> RolloutPlan { Rollout(state, now).plan() }

    private init(_ state: RolloutState, _ now: Timestamp) {
        self.state = state
        self.now = now
        active = state.pods.filter(\.isActive)
        updated = active.filter { $0.revision == state.updateRevision }
        old = active.filter { $0.revision != state.updateRevision }
        draining = state.pods.filter(\.isDraining)
        available = Set(
            state.pods.filter { $0.isAvailable(minReadySeconds: state.minReadySeconds, now: now) }.map(\.name)
        )
    }

    /// Whether Pods of another revision still have to go. `Recreate` also waits until their processes have ended.
    private var isRolling: Bool {
        !old.isEmpty || draining.contains { $0.revision != state.updateRevision }
            || state.strategy.isRecreate
                && state.pods.contains { $0.isTerminating && !$0.isFinished && $0.revision != state.updateRevision }
    }

    /// The number of available Pods that is not gone below.
    private var floor: Int {
        state.strategy.isRecreate ? 0 : max(0, state.replicas - state.strategy.maxUnavailable)
    }

    /// Whether all that is missing from the rollout is that runners finish their jobs: no fault of the new revision.
    private var isWaitingForDrain: Bool {
        !draining.isEmpty && updated.allSatisfy { available.contains($0.name) }
            && mayCreate(state.updateRevision)
    }

    private func mayCreate(_ revision: String) -> Bool { state.createNotBefore[revision].map { $0 <= now } ?? true }

    private func plan() -> RolloutPlan {
        let updatedAvailable = updated.count { available.contains($0.name) }
        // Once a revision has been seen to work, a runner that dies is not the rollout's affair any more.
        let isWorking = updatedAvailable >= state.replicas && updated.count == state.replicas
        let isInPlace = !isRolling && (isWorking || state.currentRevision == state.updateRevision)
        var status = counts()
        var progress = progress()
        status.hasAdvanced = progress.observe(
            replicas: state.replicas,
            updated: updated.count,
            available: updatedAvailable,
            old: old.count,
            isWaiting: state.isPaused || isInPlace || isWaitingForDrain,
            now: now
        )
        if isInPlace && isWorking {
            progress.recover()
            if updatedAvailable > 0 && progress.completedAt == nil { progress.completedAt = now }
        }
        let verdict = RolloutVerdict(state: state, progress: progress, now: now)
        if !state.isPaused {
            let failure =
                isInPlace
                ? verdict.failureOnTrial
                : verdict.failure(updated: updated, available: updatedAvailable, problem: status.problem)
            if let failure { progress.fail(failure, now: now) }
        }
        status.failure = progress.failure
        status.currentRevision = currentRevision(progress, isInPlace && isWorking, updatedAvailable)
        status.phase =
            status.failure != nil ? .failed : state.isPaused ? .paused : isInPlace ? .complete : .progressing

        var actions = cleanUp()
        var missing = 0
        if let failure = status.failure, state.rollbackOnFailure, !state.isPaused,
            let good = status.currentRevision, good != state.updateRevision
        {
            actions.append(.rollBack(revision: good, failure: failure))
        } else {
            // Where nothing has worked before, there is nothing to spare; what cannot be created does no harm.
            let isFailed =
                status.failure.map { $0.reason != RolloutFailure.failedCreate } == true && status.currentRevision != nil
            actions += removals(isFailed: isFailed)
            let creations = additions(after: actions, isFailed: isFailed, current: status.currentRevision)
            missing = creations.reduce(0) { if case .create(_, let count) = $1 { $0 + count } else { $0 } }
            actions += creations.filter { if case .create(let revision, _) = $0 { mayCreate(revision) } else { true } }
        }
        let checks =
            waits() + (isInPlace || state.isPaused ? [] : [verdict.nextCheck(updated: updated)].compactMap { $0 })
        let next = checks.min().map { max($0.since(now), .milliseconds(100)) }
        return RolloutPlan(actions: actions, status: status, progress: progress, missing: missing, nextCheck: next)
    }

    /// What was reached before, or the beginning of the rollout of another revision.
    private func progress() -> RolloutProgress {
        guard state.progress.revision != state.updateRevision else { return state.progress }
        let previous = state.currentRevision == state.updateRevision ? nil : state.currentRevision
        return RolloutProgress(revision: state.updateRevision, previousRevision: previous, startedAt: now)
    }

    /// The last revision that was seen to work, as of now.
    private func currentRevision(_ progress: RolloutProgress, _ isWorking: Bool, _ available: Int) -> String? {
        // Runners that work and whose jobs fail do not make a revision that works.
        if progress.failure?.reason == RolloutFailure.jobsFail {
            return progress.previousRevision ?? state.currentRevision
        }
        // A pool of no Pods says nothing about a revision: the one before stays the last that worked.
        return isWorking && (available > 0 || state.currentRevision == nil)
            ? state.updateRevision : state.currentRevision
    }

    private func counts() -> RolloutStatus {
        var status = RolloutStatus(phase: .progressing)
        let existing = active + draining
        status.replicas = existing.count
        status.updatedReplicas = existing.count { $0.revision == state.updateRevision }
        status.readyReplicas = active.count(where: \.isReady)
        status.availableReplicas = available.count
        status.unavailableReplicas = max(0, state.replicas - available.count)
        status.busyReplicas = existing.count { ($0.leasedJobs ?? 0) > 0 }
        status.drainingReplicas = draining.count
        status.isAvailable = available.count >= state.strategy.minimumAvailable(of: state.replicas)
        // Of several the oldest, so that it stays the same while others come and go.
        let troubled = active.sorted { ($0.createdAt, $0.name) < ($1.createdAt, $1.name) }
        status.problem = troubled.lazy.compactMap(\.problem).first
        return status
    }

    /// Pods that have ended, and draining ones whose time has come.
    private func cleanUp() -> [RolloutAction] {
        state.pods.compactMap { pod in
            if pod.isTerminating { return nil }
            if pod.isFinished { return .delete(pod: pod.name, reason: "its processes have ended", interrupts: true) }
            guard pod.isDraining, let requested = pod.drainRequestedAt else { return nil }
            if !pod.mayBeBusy && now >= requested.advanced(by: Self.settling) {
                return .delete(pod: pod.name, reason: "it is drained", interrupts: false)
            }
            guard now >= requested.advanced(by: .seconds(state.drainTimeoutSeconds)) else { return nil }
            let reason = "it has not finished its jobs within \(state.drainTimeoutSeconds) s"
            return .delete(pod: pod.name, reason: reason, interrupts: true)
        }
    }

    /// Pods that must go, by their number or their revision.
    private func removals(isFailed: Bool) -> [RolloutAction] {
        if state.isPaused { return take(active, active.count - state.replicas, "the pool is scaled down") }
        guard !old.isEmpty else { return take(updated, updated.count - state.replicas, "the pool is scaled down") }
        if state.strategy.isRecreate { return take(old, old.count, "it is of an old revision") }
        if isFailed {
            // What works stays until somebody decides; only the number is kept to.
            let surplus = active.count - state.replicas - state.strategy.maxSurge
            return take(active, surplus, "the pool is scaled down")
        }
        var actions = take(updated, updated.count - state.replicas, "the pool is scaled down")
        let updatedUnavailable = updated.count { !available.contains($0.name) }
        // Old Pods that do not work go first, but not so many that too few are left if new ones never start.
        let broken = old.filter { !available.contains($0.name) }
        let brokenCount = min(broken.count, max(0, active.count - floor - updatedUnavailable))
        actions += take(broken, brokenCount, "it is of an old revision and does not work")
        let working = old.filter { available.contains($0.name) }
        let remaining = available.count - actions.count { $0.removedPod.map(available.contains) == true }
        actions += take(working, min(working.count, max(0, remaining - floor)), "it is of an old revision")
        return actions
    }

    private func take(_ pods: [RunnerPod], _ count: Int, _ reason: String) -> [RolloutAction] {
        guard count > 0 else { return [] }
        let order = pods.sorted { a, b in
            let (availableA, availableB) = (available.contains(a.name), available.contains(b.name))
            return availableA == availableB ? RunnerPod.goesBefore(a, b) : !availableA
        }
        return order.prefix(count).map { pod in
            // Idle runners are told to drain as well: until they have heard it, they may get a job.
            pod.isReady || pod.mayBeBusy
                ? .drain(pod: pod.name, reason: reason)
                : .delete(pod: pod.name, reason: reason, interrupts: false)
        }
    }

    /// Pods that are missing, those included that may not be made yet.
    private func additions(
        after removals: [RolloutAction],
        isFailed: Bool,
        current: String?
    ) -> [RolloutAction] {
        let removed = Set(removals.compactMap(\.removedPod))
        let deleted = Set(removals.compactMap(\.deletedPod))
        let active = active.filter { !removed.contains($0.name) }
        // A new Pod that does not work yet replaces nothing; were it counted, an old one that dies would be missed.
        let unproven = active.filter { $0.revision == state.updateRevision && !available.contains($0.name) }
        let target = state.isPaused ? current ?? state.updateRevision : state.updateRevision
        var missing: Int
        if state.isPaused {
            missing = state.replicas - active.count
        } else if isFailed {
            missing = state.replicas - active.count + unproven.count
        } else {
            missing = state.replicas - active.count { $0.revision == target }
        }
        guard missing > 0, !(state.strategy.isRecreate && isRolling && !state.isPaused) else { return [] }

        // A runner that was told to finish is the quickest to be had.
        let revived = draining.filter { $0.revision == target && $0.isReady && !deleted.contains($0.name) }
            .sorted { RunnerPod.goesBefore($1, $0) }.prefix(missing)
        let actions: [RolloutAction] = revived.map { .undrain(pod: $0.name) }
        missing -= revived.count

        let existing = (self.active + draining).count { !deleted.contains($0.name) }
        let surge = old.isEmpty || state.isPaused || state.strategy.isRecreate ? 0 : state.strategy.maxSurge
        let room = max(state.replicas + surge - existing, floor - active.count - revived.count)
        missing = min(missing, max(0, room))
        guard missing > 0 else { return actions }
        if isFailed { return actions + [.create(revision: current ?? target, count: missing)] }
        let lacking = state.replicas - active.count + unproven.count - revived.count
        return actions + creations(missing, target, unproven: unproven.count, lacking: lacking)
    }

    /// Until a new revision is proven, few of its Pods are made; what is `lacking` besides is made of the old one.
    private func creations(_ count: Int, _ target: String, unproven: Int, lacking: Int) -> [RolloutAction] {
        let isProven = updated.contains { available.contains($0.name) }
        guard !state.isPaused, !old.isEmpty, !isProven, let good = state.currentRevision, good != target else {
            return [.create(revision: target, count: count)]
        }
        let bound = max(1, state.strategy.maxSurge + state.strategy.maxUnavailable)
        let new = min(count, max(0, bound - unproven))
        let like = min(count - new, max(0, lacking - new))
        return [(target, new), (good, like)].filter { $0.1 > 0 }.map { .create(revision: $0.0, count: $0.1) }
    }

    /// The moments at which time alone changes something.
    private func waits() -> [Timestamp] {
        var times = draining.compactMap { $0.drainRequestedAt?.advanced(by: .seconds(state.drainTimeoutSeconds)) }
        times += draining.compactMap { $0.drainRequestedAt?.advanced(by: Self.settling) }
        times += active.compactMap { $0.readySince?.advanced(by: .seconds(state.minReadySeconds)) }
        times += state.createNotBefore.values
        return times.filter { $0 > now }
    }
}

extension RolloutAction {
    /// The Pod that no longer counts once this is done.
    var removedPod: String? {
        switch self {
        case .drain(let pod, _), .delete(let pod, _, _): pod
        case .create, .undrain, .rollBack: nil
        }
    }

    /// The Pod that no longer exists once this is done.
    var deletedPod: String? {
        if case .delete(let pod, _, _) = self { pod } else { nil }
    }
}
