import APIMachinery
import RunEngine

/// Judges whether a rollout has failed.
struct RolloutVerdict {
    /// Seconds that an image may be missing before a rollout gives up, unless its deadline is shorter.
    static let imageBound = 30
    /// Pods that may end by themselves before a rollout gives up.
    static let failureBound = 3

    /// Jobs that runners of a new revision must have done before their failures say anything.
    static let outcomeBound = 10
    /// How much more of them must fail than before, as a share of 1.
    static let outcomeMargin = 0.3

    let state: RolloutState
    let progress: RolloutProgress
    let now: Timestamp

    /// What is wrong, if the rollout cannot be expected to end well.
    ///
    /// One bad Pod among good ones is bad luck; a revision fails when more of its Pods are broken than work.
    func failure(updated: [RunnerPod], available: Int) -> RolloutFailure? {
        let looping = updated.filter(\.isCrashLooping)
        if looping.count > available, let pod = looping.first {
            return RolloutFailure(
                reason: "CrashLoopBackOff",
                message: "Pod \(pod.name) crashes again and again (\(pod.restarts) restarts)\(detail(pod))"
            )
        }
        let bound = min(Self.imageBound, state.progressDeadlineSeconds)
        let lacking = updated.filter { $0.lacksImage && now >= $0.createdAt.advanced(by: .seconds(bound)) }
        if lacking.count > available, let pod = lacking.first {
            return RolloutFailure(
                reason: "ImagePullBackOff",
                message:
                    "Pod \(pod.name) has not been able to start for \(bound) s: \(pod.waitingReason ?? "")\(detail(pod))"
            )
        }
        if state.recentFailures >= Self.failureBound && state.recentFailures > available {
            return RolloutFailure(
                reason: "CrashLoopBackOff",
                message: "\(state.recentFailures) Pods of the new revision ended by themselves"
            )
        }
        if let failing { return failing }
        guard !state.isPaused,
            now >= progress.lastProgressAt.advanced(by: .seconds(state.progressDeadlineSeconds))
        else { return nil }
        if let error = state.createError {
            return RolloutFailure(reason: "FailedCreate", message: "Pods cannot be created: \(error)")
        }
        return RolloutFailure(
            reason: "ProgressDeadlineExceeded",
            message:
                "no progress for \(state.progressDeadlineSeconds) s: \(available) of \(state.replicas) new runners are available"
        )
    }

    /// Jobs fail for reasons of their own as well: what counts is that the same work failed less before.
    private var failing: RolloutFailure? {
        let (new, old) = (state.updateOutcomes, state.currentOutcomes)
        guard new.total >= Self.outcomeBound, old.total >= Self.outcomeBound,
            new.failureShare - old.failureShare >= Self.outcomeMargin
        else { return nil }
        func percent(_ share: Double) -> Int { Int(clamping: (share * 100).rounded()) }
        return RolloutFailure(
            reason: "JobsFail",
            message: "\(percent(new.failureShare)) % of \(new.total) jobs failed or were lost, against"
                + " \(percent(old.failureShare)) % of \(old.total) with the revision before"
        )
    }

    /// When time alone may change the verdict.
    func nextCheck(updated: [RunnerPod]) -> Timestamp? {
        let bound = min(Self.imageBound, state.progressDeadlineSeconds)
        var times = updated.filter(\.lacksImage).map { $0.createdAt.advanced(by: .seconds(bound)) }
        if !state.isPaused {
            times.append(progress.lastProgressAt.advanced(by: .seconds(state.progressDeadlineSeconds)))
        }
        return times.filter { $0 > now }.min()
    }

    private func detail(_ pod: RunnerPod) -> String { pod.waitingMessage.map { ": \($0)" } ?? "" }
}

extension JobOutcomes {
    fileprivate var total: Int { succeeded + failed + lost }
    fileprivate var failureShare: Double { Double(failed + lost) / Double(max(1, total)) }
}
