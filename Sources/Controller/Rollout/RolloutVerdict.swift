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
    /// Jobs of the revision before, without which there is nothing to compare with.
    static let baselineBound = 3
    /// How much more of them must fail than before, in percent of all.
    static let outcomeMargin = 30
    /// Seconds after its completion, and after `minReadySeconds`, for which a revision is judged by its jobs. In a pool
    /// of one runner the first job of the new revision ends after that.
    static let trialPeriod = 300

    let state: RolloutState
    let progress: RolloutProgress
    let now: Timestamp

    /// What is wrong, if the rollout cannot be expected to end well.
    ///
    /// One bad Pod among good ones is bad luck; a revision fails when more of its Pods are broken than work.
    func failure(updated: [RunnerPod], available: Int, problem: PodProblem?) -> RolloutFailure? {
        let looping = updated.filter(\.isCrashLooping)
        if looping.count > available, let pod = looping.first {
            return RolloutFailure(
                reason: "CrashLoopBackOff",
                message: "Pod \(pod.name) keeps crashing (\(pod.restarts) restarts)\(detail(pod))"
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
                message: "\(state.recentFailures) Pods of the new revision have ended"
            )
        }
        if let failingJobs { return failingJobs }
        guard now >= progress.lastProgressAt.advanced(by: .seconds(state.progressDeadlineSeconds)) else { return nil }
        if let error = state.createError {
            return RolloutFailure(reason: RolloutFailure.failedCreate, message: "Pods cannot be created: \(error)")
        }
        return RolloutFailure(
            reason: "ProgressDeadlineExceeded",
            message: "no progress for \(state.progressDeadlineSeconds) s: \(available) of \(state.replicas) new runners"
                + " are available" + (problem.map { "; \($0.reason): \($0.message)" } ?? "")
        )
    }

    /// What is wrong with a revision whose runners all work, while it is still on trial.
    var failureOnTrial: RolloutFailure? {
        guard let completedAt = progress.completedAt,
            now < completedAt.advanced(by: .seconds(state.minReadySeconds + Self.trialPeriod))
        else { return nil }
        return failingJobs
    }

    /// Jobs fail for reasons of their own as well: what counts is that the same work failed less before.
    private var failingJobs: RolloutFailure? {
        let (new, old) = (state.updateOutcomes, state.previousOutcomes)
        guard new.total >= Self.outcomeBound, old.total >= Self.baselineBound else { return nil }
        // Few jobs before say little: two imagined ones, of which one failed, keep them from saying too much.
        let before = (old.failures + 1) * 100 / (old.total + 2)
        let after = new.failures * 100 / new.total
        guard after - before >= Self.outcomeMargin else { return nil }
        return RolloutFailure(
            reason: RolloutFailure.jobsFail,
            message: "\(after) % of \(new.total) jobs failed or were lost, against"
                + " \(old.failures * 100 / old.total) % of \(old.total) with the revision before"
        )
    }

    /// When time alone may change the verdict.
    func nextCheck(updated: [RunnerPod]) -> Timestamp? {
        let bound = min(Self.imageBound, state.progressDeadlineSeconds)
        var times = updated.filter(\.lacksImage).map { $0.createdAt.advanced(by: .seconds(bound)) }
        times.append(progress.lastProgressAt.advanced(by: .seconds(state.progressDeadlineSeconds)))
        return times.filter { $0 > now }.min()
    }

    private func detail(_ pod: RunnerPod) -> String {
        pod.lastTermination.map { "; its container ended with \($0)" } ?? pod.waitingMessage.map { ": \($0)" } ?? ""
    }
}

extension JobOutcomes {
    /// Jobs that were counted.
    fileprivate var total: Int { succeeded + failed + lost }
    fileprivate var failures: Int { failed + lost }
}
