public import APIMachinery

/// Brings a pool's Pods to the wanted number and revision, without losing availability or interrupting jobs.
///
/// Pure: from the state of one moment to what to do next. It is asked again after everything that it asked for, and
/// after everything else that happens; nothing is remembered but `RolloutProgress`.
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

    private var isRolling: Bool { !old.isEmpty || draining.contains { $0.revision != state.updateRevision } }

    /// The number of available Pods that is not gone below.
    private var floor: Int {
        state.strategy.isRecreate ? 0 : max(0, state.replicas - state.strategy.maxUnavailable)
    }

    private func plan() -> RolloutPlan {
        let updatedAvailable = updated.count { available.contains($0.name) }
        var progress = state.progress
        progress.observe(
            revision: state.updateRevision,
            replicas: state.replicas,
            updated: updated.count,
            available: updatedAvailable,
            old: old.count,
            isPaused: state.isPaused,
            now: now
        )
        var status = counts()
        status.currentRevision = state.currentRevision
        // Once a revision has been seen to work, a runner that dies is not the rollout's affair any more.
        let isWorking = updatedAvailable >= state.replicas && updated.count == state.replicas
        let isDone = !isRolling && (isWorking || state.currentRevision == state.updateRevision)
        // A pool of no Pods says nothing about a revision: the one before stays the last that worked.
        if isDone && isWorking && (updatedAvailable > 0 || state.currentRevision == nil) {
            status.currentRevision = state.updateRevision
        }
        let verdict = RolloutVerdict(state: state, progress: progress, now: now)
        status.failure = isDone ? nil : verdict.failure(updated: updated, available: updatedAvailable)
        status.phase =
            isDone ? .complete : status.failure != nil ? .failed : state.isPaused ? .paused : .progressing

        var actions = cleanUp()
        var checks = isDone ? [] : [verdict.nextCheck(updated: updated)].compactMap { $0 }
        if let failure = status.failure, state.rollbackOnFailure, !state.isPaused, let good = state.currentRevision,
            good != state.updateRevision
        {
            actions.append(.rollBack(revision: good, failure: failure))
        } else {
            // Where nothing has worked before, there is nothing to spare.
            let isFailed = status.failure != nil && state.currentRevision != nil
            actions += removals(isFailed: isFailed)
            actions += additions(after: actions, isFailed: isFailed)
        }
        checks += waits()
        let next = checks.min().map { max($0.since(now), .milliseconds(100)) }
        return RolloutPlan(actions: actions, status: status, progress: progress, nextCheck: next)
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
        status.isAvailable = available.count >= floor || state.replicas == 0
        return status
    }

    /// Pods that have ended, and draining ones whose time has come.
    private func cleanUp() -> [RolloutAction] {
        state.pods.compactMap { pod in
            if pod.isTerminating { return nil }
            if pod.isFinished { return .delete(pod: pod.name, reason: "it ended by itself", interrupts: true) }
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

    /// Pods that are missing.
    private func additions(after removals: [RolloutAction], isFailed: Bool) -> [RolloutAction] {
        let removed = Set(removals.compactMap(\.removedPod))
        let deleted = Set(removals.compactMap(\.deletedPod))
        let active = active.filter { !removed.contains($0.name) }
        // A new Pod that does not work yet replaces nothing; were it counted, an old one that dies would be missed.
        let unproven = active.filter { $0.revision == state.updateRevision && !available.contains($0.name) }
        let target = state.isPaused ? state.currentRevision ?? state.updateRevision : state.updateRevision
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
        guard missing > 0, state.createNotBefore.map({ $0 <= now }) ?? true else { return actions }
        if isFailed { return actions + [.create(revision: state.currentRevision ?? target, count: missing)] }
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
        if let createNotBefore = state.createNotBefore { times.append(createNotBefore) }
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
