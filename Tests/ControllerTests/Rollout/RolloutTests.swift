import APIMachinery
import RunEngine
import Testing

@testable import Controller

/// One moment of a pool and what must follow.
struct RolloutRow: Sendable, CustomTestStringConvertible {
    var name: String
    var pods: [String]
    var replicas: Int
    var want: [String]
    var phase: RolloutStatus.Phase
    var change: @Sendable (inout RolloutState) -> Void

    var testDescription: String { name }

    init(
        _ name: String,
        _ replicas: Int,
        _ pods: [String],
        _ want: [String],
        _ phase: RolloutStatus.Phase = .progressing,
        _ change: @escaping @Sendable (inout RolloutState) -> Void = { _ in }
    ) {
        self.name = name
        self.replicas = replicas
        self.pods = pods
        self.want = want
        self.phase = phase
        self.change = change
    }
}

/// `new` is the revision that is wanted, `old` the last one that worked.
@Suite struct RolloutTests {
    /// `new` works, and no other revision is about.
    static let size: [RolloutRow] = [
        .init("a new pool", 3, [], ["create 3 new"], .progressing) { $0.currentRevision = nil },
        .init("nothing to do", 2, ["a new ready", "b new ready"], []),
        .init("nothing wanted, nothing there", 0, [], []),
        .init("one died", 3, ["a new ready", "b new ready"], ["create 1 new"]),
        .init("one has ended by itself", 1, ["a new finished"], ["kill a", "create 1 new"]),
        .init("one is being deleted", 1, ["a new ready terminating"], ["create 1 new"]),
        .init("scaled up", 4, ["a new ready"], ["create 3 new"]),
        .init("starting ones count", 2, ["a new ready", "b new"], []),
        .init("scaled down: idle first", 1, ["a new ready jobs=2", "b new ready"], ["drain b"]),
        .init("scaled down: fewest jobs first", 1, ["a new ready jobs=2", "b new ready jobs=1"], ["drain b"]),
        .init("scaled down: unready first", 1, ["a new ready", "b new"], ["delete b"]),
        .init("scaled down: youngest of equals", 1, ["a new ready age=50", "b new ready age=90"], ["drain a"]),
        .init(
            "scaled down: a runner not heard of counts as busy",
            1,
            ["a new ready unknown", "b new ready"],
            ["drain b"]
        ),
        .init(
            "scaled down: what is not available yet goes first",
            1,
            ["a new ready", "b new ready=3 jobs=1"],
            ["drain b"]
        ) { $0.minReadySeconds = 10 },
        .init("scaled to zero", 0, ["a new ready", "b new ready jobs=1"], ["drain a", "drain b"]),
        .init("drained", 1, ["a new ready", "b new ready draining=3"], ["delete b"]),
        .init("drained just now: a job may be on its way", 1, ["a new ready", "b new ready draining=0"], []),
        .init("drains", 1, ["a new ready", "b new ready jobs=1 draining=3"], []),
        .init("drains, not heard of", 1, ["a new ready", "b new ready unknown draining=3"], []),
        .init("drains too long", 1, ["a new ready", "b new ready jobs=1 draining=60"], ["kill b"]),
        .init("a draining one crashed", 1, ["a new ready", "b new draining=3"], ["delete b"]),
        .init(
            "scaled up while draining",
            3,
            ["a new ready", "b new ready jobs=1 draining=3", "c new ready jobs=2 draining=3"],
            ["undrain c", "undrain b"]
        ),
        .init(
            "drained, but wanted again",
            2,
            ["a new ready", "b new ready draining=3"],
            ["delete b", "create 1 new"]
        ),
        .init("what does not work is not revived", 2, ["a new ready", "b new jobs=1 draining=3"], ["create 1 new"]),
        .init("waits after failures", 2, ["a new ready"], []) {
            $0.createNotBefore["new"] = PodNotation.now.advanced(by: .seconds(5))
        },
        .init("waits after failures of another revision", 2, ["a new ready"], ["create 1 new"]) {
            $0.createNotBefore["old"] = PodNotation.now.advanced(by: .seconds(5))
        },
        .init("waited long enough", 2, ["a new ready"], ["create 1 new"]) {
            $0.createNotBefore["new"] = PodNotation.now
        },
    ]

    private static func working(_ row: RolloutRow) -> RolloutRow {
        var row = row
        let change = row.change
        row.change = {
            $0.currentRevision = "new"
            change(&$0)
        }
        if row.name != "a new pool" { row.phase = .complete }
        return row
    }

    static let update: [RolloutRow] = [
        .init("one more first", 2, ["a old ready", "b old ready"], ["create 1 new"]),
        .init("the new one starts", 2, ["a old ready", "b old ready", "c new"], []),
        .init("the new one is ready", 2, ["a old ready jobs=1", "b old ready", "c new ready"], ["drain b"]),
        .init(
            "a draining one still counts",
            2,
            ["a old ready", "b old ready jobs=1 draining=3", "c new ready"],
            []
        ),
        .init(
            "a drained one makes room",
            2,
            ["a old ready", "b old ready draining=3", "c new ready"],
            ["delete b", "create 1 new"]
        ),
        .init("ready, but not for long enough", 2, ["a old ready", "b old ready", "c new ready=5"], []) {
            $0.minReadySeconds = 10
        },
        .init("the last old one goes", 2, ["b old ready", "c new ready", "d new ready"], ["drain b"]),
        .init("the last old one drains", 2, ["b old ready jobs=1 draining=3", "c new ready", "d new ready"], []),
        .init("surge 0: one fewer first", 2, ["a old ready", "b old ready"], ["drain a"]) {
            $0.strategy = RolloutStrategy(maxSurge: 0, maxUnavailable: 1)
        },
        .init("surge 0: nothing while it drains", 2, ["a old ready", "b old ready jobs=1 draining=3"], []) {
            $0.strategy = RolloutStrategy(maxSurge: 0, maxUnavailable: 1)
        },
        .init("surge 0: then the new one", 2, ["a old ready"], ["create 1 new"]) {
            $0.strategy = RolloutStrategy(maxSurge: 0, maxUnavailable: 1)
        },
        .init(
            "surge 2: two at once",
            4,
            ["a old ready", "b old ready", "c old ready", "d old ready"],
            ["create 2 new"]
        ) { $0.strategy = RolloutStrategy(maxSurge: 2, maxUnavailable: 0) },
        .init("both bounds", 2, ["a old ready", "b old ready"], ["drain a", "create 1 new"]) {
            $0.strategy = RolloutStrategy(maxSurge: 1, maxUnavailable: 1)
        },
        .init("an old one that does not work", 2, ["a old ready", "b old"], ["create 1 new"]),
        .init(
            "what does not work goes first",
            2,
            ["a old ready", "b old", "c new ready"],
            ["delete b", "create 1 new"]
        ),
        .init(
            "unproven: what dies is replaced by its like",
            3,
            ["a old ready", "b old ready", "c new"],
            ["create 1 old"]
        ),
        .init(
            "proven: what dies is replaced by a new one",
            3,
            ["a old ready", "b old ready", "c new ready terminating", "d new ready"],
            ["create 1 new"]
        ),
        .init("unproven: scaled up with the old one", 4, ["a old ready", "b new"], ["create 3 old"]),
        .init("slept: wakes with the new one", 2, [], ["create 2 new"]),
        .init("scaled down meanwhile", 1, ["a old ready", "b old ready", "c new ready"], ["drain a", "drain b"]),
        .init(
            "scaled down meanwhile, new ones too many",
            1,
            ["a old ready", "c new ready", "d new ready"],
            ["drain c", "drain a"]
        ),
        .init("a third revision replaces both", 2, ["a old ready", "b older ready"], ["create 1 new"]),
        .init("recreate: first all go", 2, ["a old ready", "b old ready jobs=1"], ["drain a", "drain b"]) {
            $0.strategy = RolloutStrategy(isRecreate: true)
        },
        .init("recreate: nothing while one drains", 2, ["b old ready jobs=1 draining=3"], []) {
            $0.strategy = RolloutStrategy(isRecreate: true)
        },
        .init("recreate: nothing while one ends", 2, ["b old terminating"], []) {
            $0.strategy = RolloutStrategy(isRecreate: true)
        },
        .init("recreate: then all come", 2, [], ["create 2 new"]) {
            $0.strategy = RolloutStrategy(isRecreate: true)
        },
        .init("paused: nothing is replaced", 2, ["a old ready", "b old ready"], [], .paused) { $0.isPaused = true },
        .init("paused: what dies is replaced by the old one", 2, ["a old ready"], ["create 1 old"], .paused) {
            $0.isPaused = true
        },
        .init("paused half-way: the number is kept", 1, ["a old ready jobs=1", "b new ready"], ["drain b"], .paused) {
            $0.isPaused = true
        },
    ]

    static let failure: [RolloutRow] = [
        .init(
            "crash loop",
            2,
            ["a old ready", "b old ready", "c new crash=2"],
            ["rollback old CrashLoopBackOff"],
            .failed
        ) { $0.rollbackOnFailure = true },
        .init("a crash is no loop", 2, ["a old ready", "b old ready", "c new crash=1"], []) {
            $0.rollbackOnFailure = true
        },
        .init("one bad one among good ones", 3, ["b new ready", "c new crash=5", "d old ready"], ["create 1 new"]) {
            $0.rollbackOnFailure = true
        },
        .init("no image", 1, ["a old ready", "c new image age=30"], ["rollback old ImagePullBackOff"], .failed) {
            $0.rollbackOnFailure = true
        },
        .init("no image yet", 1, ["a old ready", "c new image age=29"], []) { $0.rollbackOnFailure = true },
        .init(
            "no image within a short deadline",
            1,
            ["a old ready", "c new image age=10"],
            ["rollback old ImagePullBackOff"],
            .failed
        ) {
            $0.rollbackOnFailure = true
            $0.progressDeadlineSeconds = 10
        },
        .init("no progress", 1, ["a old ready", "c new"], ["rollback old ProgressDeadlineExceeded"], .failed) {
            $0.rollbackOnFailure = true
            $0.progress = stalled(600)
        },
        .init("almost no progress", 1, ["a old ready", "c new"], []) {
            $0.rollbackOnFailure = true
            $0.progress = stalled(599)
        },
        .init("waits for a drain only", 1, ["a old ready jobs=1 draining=30", "c new ready"], []) {
            $0.rollbackOnFailure = true
            $0.progress = stalled(600)
        },
        .init("recreate: waits for a drain only", 1, ["a old ready jobs=1 draining=30"], []) {
            $0.strategy = RolloutStrategy(isRecreate: true)
            $0.rollbackOnFailure = true
            $0.progress = stalled(600)
        },
        .init(
            "a drain is no excuse for a new one that does not work",
            1,
            ["a old ready jobs=1 draining=30", "c new"],
            ["rollback old ProgressDeadlineExceeded"],
            .failed
        ) {
            $0.rollbackOnFailure = true
            $0.progress = stalled(600)
        },
        .init("ends by itself", 1, ["a old ready"], ["rollback old CrashLoopBackOff"], .failed) {
            $0.rollbackOnFailure = true
            $0.recentFailures = 3
        },
        .init("jobs fail that did not before", 2, ["a old ready", "b new ready"], ["rollback old JobsFail"], .failed) {
            $0.rollbackOnFailure = true
            $0.updateOutcomes = JobOutcomes(succeeded: 5, failed: 4, lost: 1)
            $0.previousOutcomes = JobOutcomes(succeeded: 90, failed: 10)
        },
        .init("jobs fail as they did before", 2, ["a old ready", "b new ready"], ["create 1 new"]) {
            $0.rollbackOnFailure = true
            $0.updateOutcomes = JobOutcomes(succeeded: 5, failed: 5)
            $0.previousOutcomes = JobOutcomes(succeeded: 50, failed: 50)
        },
        .init("too few jobs to judge by", 2, ["a old ready", "b new ready"], ["create 1 new"]) {
            $0.rollbackOnFailure = true
            $0.updateOutcomes = JobOutcomes(failed: 9)
            $0.previousOutcomes = JobOutcomes(succeeded: 100)
        },
        .init("nothing to compare with", 2, ["a old ready", "b new ready"], ["create 1 new"]) {
            $0.rollbackOnFailure = true
            $0.updateOutcomes = JobOutcomes(failed: 20)
        },
        .init("on trial: all jobs fail", 1, ["b new ready"], ["rollback old JobsFail"], .failed) {
            $0.rollbackOnFailure = true
            $0.currentRevision = "new"
            $0.progress = completed(200)
            $0.updateOutcomes = JobOutcomes(failed: 10)
            $0.previousOutcomes = JobOutcomes(succeeded: 10)
        },
        .init("on trial: no rollback wanted", 1, ["b new ready"], [], .failed) {
            $0.currentRevision = "new"
            $0.progress = completed(200)
            $0.updateOutcomes = JobOutcomes(failed: 10)
            $0.previousOutcomes = JobOutcomes(succeeded: 10)
        },
        .init("the trial is over", 1, ["b new ready"], [], .complete) {
            $0.rollbackOnFailure = true
            $0.currentRevision = "new"
            $0.progress = completed(300)
            $0.updateOutcomes = JobOutcomes(failed: 10)
            $0.previousOutcomes = JobOutcomes(succeeded: 10)
        },
        .init("cannot be created: it is tried again", 1, ["a old ready"], ["create 1 new"], .failed) {
            $0.createError = "exceeded quota"
            $0.progress = stalled(600)
        },
        .init("paused: crashes are nobody's failure yet", 1, ["a old ready", "c new crash=4"], ["delete c"], .paused) {
            $0.isPaused = true
        },
        .init("cannot be created", 1, ["a old ready"], ["rollback old FailedCreate"], .failed) {
            $0.rollbackOnFailure = true
            $0.createError = "spec.containers[0].image: Required value"
            $0.progress = stalled(600)
        },
        .init("no rollback wanted: what works stays", 2, ["a old ready", "b old ready", "c new crash=4"], [], .failed),
        .init(
            "failed: what dies is replaced by the old one",
            2,
            ["a old ready", "c new crash=4"],
            ["create 1 old"],
            .failed
        ),
        .init(
            "failed: what is missing is made of the old one",
            3,
            ["a old ready", "c new crash=4"],
            ["create 2 old"],
            .failed
        ),
        .init("failed: scaled down", 1, ["a old ready", "b old ready", "c new crash=4"], ["delete c"], .failed),
        .init("nothing to go back to", 1, ["c new crash=4"], [], .failed) {
            $0.rollbackOnFailure = true
            $0.currentRevision = nil
        },
        .init("gone back: what failed goes first", 2, ["a new ready", "b new ready", "c bad crash=4"], ["delete c"]) {
            $0.currentRevision = "new"
        },
        .init("gone back: no second time", 2, ["a new ready", "b new crash=9"], [], .complete) {
            $0.currentRevision = "new"
            $0.rollbackOnFailure = true
        },
        .init("paused: no deadline", 1, ["a old ready", "c new"], ["delete c"], .paused) {
            $0.rollbackOnFailure = true
            $0.isPaused = true
            $0.progress = stalled(600)
        },
        .init("asleep: no deadline", 0, [], [], .complete) {
            $0.rollbackOnFailure = true
            $0.progress = stalled(600)
        },
    ]

    @Test(arguments: size.map(working) + update + failure)
    func plan(_ row: RolloutRow) throws {
        let plan = Rollout.plan(try Self.state(row), now: PodNotation.now)
        #expect(plan.actions.map(\.short) == row.want)
        #expect(plan.status.phase == row.phase)
    }

    @Test func statusCounts() throws {
        let row = RolloutRow(
            "counts",
            3,
            [
                "a new ready", "b new ready=1 jobs=2", "c new", "d old ready jobs=1 draining=3", "e new finished",
                "f new ready terminating",
            ],
            []
        ) { $0.minReadySeconds = 10 }
        let status = Rollout.plan(try Self.state(row), now: PodNotation.now).status
        #expect(status.replicas == 4)
        #expect(status.readyReplicas == 2)
        #expect(status.availableReplicas == 1)
        #expect(status.unavailableReplicas == 2)
        #expect(status.updatedReplicas == 3)
        #expect(status.busyReplicas == 2)
        #expect(status.drainingReplicas == 1)
        #expect(!status.isAvailable)
    }

    @Test func currentRevisionMovesWhenAllRunnersAreNewAndWork() throws {
        func current(_ replicas: Int, _ pods: [String]) throws -> String? {
            Rollout.plan(try Self.state(RolloutRow("", replicas, pods, [])), now: PodNotation.now).status
                .currentRevision
        }
        #expect(try current(1, ["a new ready"]) == "new")
        #expect(try current(1, ["a new"]) == "old")
        #expect(try current(1, ["a new ready", "b old ready draining=3"]) == "old")
        #expect(try current(2, ["a new ready"]) == "old")
        #expect(try current(0, []) == "old")
    }

    @Test func checksAgainWhenTimeWillHaveChangedSomething() throws {
        func next(_ pods: [String], _ change: @escaping @Sendable (inout RolloutState) -> Void = { _ in }) throws
            -> Duration?
        {
            Rollout.plan(try Self.state(RolloutRow("", 1, pods, [], change: change)), now: PodNotation.now).nextCheck
        }
        #expect(try next(["a new ready"]) == nil)
        #expect(try next(["a new ready", "b new ready jobs=1 draining=20"]) == .seconds(40))
        #expect(try next(["a new ready", "b new ready draining=0"]) == .seconds(1))
        #expect(try next(["a new ready=4"]) { $0.minReadySeconds = 10 } == .seconds(6))
        #expect(try next(["a new"]) { $0.progress = Self.stalled(590) } == .seconds(10))
        #expect(try next(["a new image age=10"]) == .seconds(20))
    }

    static func stalled(_ seconds: Int) -> RolloutProgress {
        RolloutProgress(
            revision: "new",
            previousRevision: "old",
            startedAt: PodNotation.now.advanced(by: .seconds(-seconds))
        )
    }

    static func completed(_ seconds: Int) -> RolloutProgress {
        var progress = stalled(seconds)
        progress.completedAt = PodNotation.now.advanced(by: .seconds(-seconds))
        return progress
    }

    static func state(_ row: RolloutRow) throws -> RolloutState {
        var state = RolloutState(
            replicas: row.replicas,
            updateRevision: "new",
            currentRevision: "old",
            pods: try row.pods.map { try PodNotation.pod($0) },
            progress: stalled(0)
        )
        row.change(&state)
        return state
    }
}

extension RolloutRow {
    init(
        _ name: String,
        _ replicas: Int,
        _ pods: [String],
        _ want: [String],
        change: @escaping @Sendable (inout RolloutState) -> Void
    ) {
        self.init(name, replicas, pods, want, .progressing, change)
    }
}
