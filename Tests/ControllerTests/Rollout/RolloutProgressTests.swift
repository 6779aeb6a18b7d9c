import APIMachinery
import RunEngine
import Spec
import Testing

@testable import Controller

/// When a deadline runs, and what a rollout that has failed is from then on.
@Suite struct RolloutProgressTests {
    static let start = PodNotation.now

    private static func after(_ seconds: Int) -> Timestamp { start.advanced(by: .seconds(seconds)) }

    /// Seconds for which there was no progress at the last of these observations, a second apart.
    private static func idle(_ observations: [(replicas: Int, updated: Int, available: Int, old: Int)]) -> Duration {
        var progress = RolloutProgress(revision: "new", startedAt: start)
        var now = start
        for one in observations {
            _ = progress.observe(
                replicas: one.replicas,
                updated: one.updated,
                available: one.available,
                old: one.old,
                isWaiting: false,
                now: now
            )
            now = now.advanced(by: .seconds(1))
        }
        return now.advanced(by: .seconds(-1)).since(progress.lastProgressAt)
    }

    @Test func whatIsNewIsProgress() {
        #expect(Self.idle([(3, 0, 0, 3), (3, 0, 0, 3)]) == .seconds(1))
        #expect(Self.idle([(3, 0, 0, 3), (3, 1, 0, 3)]) == .zero)
        #expect(Self.idle([(3, 1, 0, 3), (3, 1, 1, 3)]) == .zero)
        #expect(Self.idle([(3, 1, 1, 3), (3, 1, 1, 2)]) == .zero)
    }

    @Test func whatWasReachedBeforeIsNone() {
        #expect(Self.idle([(3, 1, 0, 3), (3, 1, 1, 3), (3, 1, 0, 3), (3, 1, 1, 3)]) == .seconds(2))
    }

    @Test func theSizeIsNone() {
        #expect(Self.idle([(3, 1, 0, 3), (5, 1, 0, 3), (3, 1, 0, 3), (6, 1, 0, 3)]) == .seconds(3))
        // Larger: more new Pods, which do not work either. Smaller: fewer old ones.
        #expect(Self.idle([(2, 1, 0, 2), (4, 1, 0, 2), (4, 2, 0, 4), (2, 1, 0, 1), (4, 2, 0, 3)]) == .seconds(4))
        // What then works is progress all the same.
        #expect(Self.idle([(2, 1, 0, 2), (4, 1, 0, 2), (4, 2, 1, 4)]) == .zero)
    }

    /// Row after row of a pool whose size changes every 9 s while nothing works: the deadline fires once, in time.
    @Test func aChangingSizeDoesNotPutTheDeadlineOff() throws {
        var state = try RolloutTests.state(RolloutRow("", 2, ["a old ready", "b old ready", "c new"], []) { _ in })
        state.progressDeadlineSeconds = 20
        var failures: [Int] = []
        for second in 0...60 {
            if second % 9 == 8 { state.replicas = second % 2 == 0 ? 2 : 4 }
            let plan = Rollout.plan(state, now: Self.after(second))
            if plan.status.failure != nil, state.progress.failure == nil { failures.append(second) }
            state.progress = plan.progress
        }
        #expect(failures == [20])
    }

    /// A container that crashes waits and runs by turns, and the deadline passes meanwhile.
    @Test func theFirstReasonStays() throws {
        var state = try RolloutTests.state(RolloutRow("", 1, ["a old ready", "c new crash=4"], []) { _ in })
        state.progressDeadlineSeconds = 20
        let failed = Rollout.plan(state, now: Self.start)
        #expect(failed.status.failure?.reason == "CrashLoopBackOff")
        state.progress = failed.progress
        for second in 1...60 {
            state.pods[1].waitingReason = second % 2 == 0 ? "CrashLoopBackOff" : nil
            state.pods[1].restarts += 1
            let plan = Rollout.plan(state, now: Self.after(second))
            #expect(plan.status.failure == failed.status.failure, "second \(second)")
            #expect(plan.progress.failedAt == Self.start)
            state.progress = plan.progress
        }
    }

    @Test func aRunnerThatWorksAfterAllEndsTheFailure() throws {
        var state = try RolloutTests.state(RolloutRow("", 1, ["a old ready", "c new"], []) { _ in })
        state.progress = RolloutTests.stalled(600)
        let failed = Rollout.plan(state, now: Self.start)
        #expect(failed.status.phase == .failed)
        state.progress = failed.progress
        state.pods[1].readySince = Self.after(1)
        state.pods[1].leasedJobs = 0
        let healed = Rollout.plan(state, now: Self.after(1))
        #expect(healed.status.phase == .progressing)
        #expect(healed.actions.map(\.short) == ["drain a"])
        #expect(healed.progress.failedAt == Self.start, "one rollout fails once")
    }

    @Test func jobsThatFailAreNotOutweighedByRunnersThatStart() throws {
        var state = try RolloutTests.state(RolloutRow("", 2, ["a new ready", "b new ready"], []) { _ in })
        state.currentRevision = "new"
        state.progress = RolloutTests.completed(10)
        state.updateOutcomes = JobOutcomes(failed: 12)
        state.previousOutcomes = JobOutcomes(succeeded: 12)
        let failed = Rollout.plan(state, now: Self.start)
        #expect(failed.status.failure?.reason == "JobsFail")
        #expect(failed.status.currentRevision == "old", "what fails at its jobs is not the last that worked")
        state.progress = failed.progress
        state.currentRevision = failed.status.currentRevision
        state.updateOutcomes = JobOutcomes()
        let later = Rollout.plan(state, now: Self.after(900))
        #expect(later.status.phase == .failed)
        #expect(later.status.currentRevision == "old")
    }

    @Test(arguments: [(5, 60), (60, 590), (700, 590)])
    func aDeadlineGoesOnAfterARestart(age: Int, left: Int) {
        var record = RolloutTests.stalled(age).record
        record.lastProgressTime = Self.after(-age)
        let deadline = age == 5 ? 65 : age == 60 ? 650 : 600
        let progress = RolloutProgress(record, deadline: deadline, now: Self.start)
        let due = progress.lastProgressAt.advanced(by: .seconds(deadline)).since(Self.start)
        #expect(due == (age == 700 ? .seconds(10) : .seconds(left)))
    }

    @Test func aRecordIsReadAsItWasWritten() throws {
        var progress = RolloutTests.completed(100)
        progress.fail(RolloutFailure(reason: "JobsFail", message: "all"), now: Self.start)
        let restored = RolloutProgress(progress.record, deadline: 600, now: Self.start)
        #expect(restored.record == progress.record)
        #expect(restored.failure == progress.failure)
        #expect(restored.failedAt == Self.start)
    }

    @Test func recreateAllowsNothingToBeMissing() throws {
        let none = try RolloutTests.state(RolloutRow("", 2, [], []) { $0.strategy = RolloutStrategy(isRecreate: true) })
        #expect(!Rollout.plan(none, now: Self.start).status.isAvailable)
        let all = try RolloutTests.state(
            RolloutRow("", 2, ["a new ready", "b new ready"], []) { $0.strategy = RolloutStrategy(isRecreate: true) }
        )
        #expect(Rollout.plan(all, now: Self.start).status.isAvailable)
    }

    @Test(
        arguments: [
            ("image", "ImagePullBackOff"), ("crash=1", "CrashLoopBackOff"), ("ready crash=9", nil),
            ("crash=3 draining=1", nil), ("", nil),
        ] as [(String, String?)]
    )
    func whatKeepsAPodFromStarting(_ flags: String, _ reason: String?) throws {
        #expect(try PodNotation.pod("a new \(flags)").problem?.reason == reason)
    }

    @Test func aCrashingPodsProblemDoesNotTremble() throws {
        var pod = try PodNotation.pod("a new crash=3")
        pod.lastTermination = "OOMKilled (exit code 137)"
        let waiting = pod.problem
        pod.waitingReason = nil
        pod.restarts = 4
        #expect(pod.problem == waiting)
        #expect(waiting?.message.contains("OOMKilled") == true)
        pod.waitingReason = "ErrImagePull"
        let pulling = pod.problem
        pod.waitingReason = "ImagePullBackOff"
        pod.waitingMessage = "Back-off pulling image"
        #expect(pod.problem == pulling)
    }
}
