import APIMachinery
import Controller
import TestSupport

/// A pool's world in virtual seconds: Pods start, crash, get jobs and finish them, while plans are carried out, at
/// times only in part.
struct RolloutSimulation {
    var random: SplitMix64
    var state: RolloutState
    var now = PodNotation.now
    /// Whether anything goes wrong by chance.
    var isNoisy = true
    /// Revisions whose Pods never start.
    var badRevisions: Set<String> = []
    /// What must never happen, and did.
    private(set) var violations: [String] = []
    private(set) var plan: RolloutPlan?
    private var names = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        state = RolloutState(
            replicas: Int.random(in: 0...6, using: &random),
            updateRevision: "r1",
            progress: RolloutProgress(revision: "r1", startedAt: now)
        )
        state.strategy = RolloutStrategy(
            isRecreate: random.chance(10),
            maxSurge: Int.random(in: 0...2, using: &random),
            maxUnavailable: Int.random(in: 0...2, using: &random)
        )
        if state.strategy.maxSurge == 0 && state.strategy.maxUnavailable == 0 { state.strategy.maxUnavailable = 1 }
        state.minReadySeconds = random.chance(50) ? Int.random(in: 0...5, using: &random) : 0
        state.drainTimeoutSeconds = Int.random(in: 3...20, using: &random)
        state.progressDeadlineSeconds = 60
        state.rollbackOnFailure = true
    }

    /// One virtual second: the world moves, then the plan is made and carried out.
    mutating func tick() {
        now = now.advanced(by: .seconds(1))
        moveWorld()
        let plan = Rollout.plan(state, now: now)
        self.plan = plan
        state.progress = plan.progress
        state.currentRevision = plan.status.currentRevision
        check(plan.actions)
        var made = false
        for action in plan.actions {
            // Killed between two instructions: the rest is not done.
            if isNoisy && random.chance(5) { break }
            carryOut(action)
            if case .create = action { made = true }
        }
        let existing = state.pods.count { $0.isActive || $0.isDraining }
        let bound = state.replicas + (state.strategy.isRecreate ? 0 : state.strategy.maxSurge)
        let active = state.pods.count(where: \.isActive)
        if made && existing > bound && active > floor {
            violations.append("\(existing) Pods where at most \(bound) are allowed")
        }
    }

    private var floor: Int { state.strategy.isRecreate ? 0 : max(0, state.replicas - state.strategy.maxUnavailable) }

    private var availableNames: Set<String> {
        Set(state.pods.filter { $0.isAvailable(minReadySeconds: state.minReadySeconds, now: now) }.map(\.name))
    }

    private mutating func check(_ actions: [RolloutAction]) {
        let before = availableNames
        var after = before
        for action in actions {
            switch action {
            case .drain(let name, _): after.remove(name)
            case .delete(let name, _, _):
                after.remove(name)
                guard let pod = state.pods.first(where: { $0.name == name }) else {
                    violations.append("\(name) is deleted and does not exist")
                    continue
                }
                let hadItsTime =
                    pod.drainRequestedAt.map {
                        now >= $0.advanced(by: .seconds(state.drainTimeoutSeconds))
                    } ?? false
                if pod.leasedJobs ?? 0 > 0 && !pod.isFinished && !hadItsTime {
                    violations.append("\(name) is deleted with \(pod.leasedJobs ?? 0) jobs")
                }
            case .create, .undrain, .rollBack: break
            }
        }
        if after.count < before.count && after.count < floor {
            violations.append("\(before.count) available are made \(after.count), below \(floor)")
        }
    }

    private mutating func carryOut(_ action: RolloutAction) {
        switch action {
        case .create(let revision, let count):
            for _ in 0..<count {
                names += 1
                state.pods.append(RunnerPod(name: "p\(names)", revision: revision, createdAt: now))
            }
        case .drain(let name, _):
            let requestedAt = now
            change(name) { $0.drainRequestedAt = requestedAt }
        case .undrain(let name): change(name) { $0.drainRequestedAt = nil }
        case .delete(let name, _, _):
            if isNoisy && random.chance(30) {
                change(name) { $0.isTerminating = true }
            } else {
                state.pods.removeAll { $0.name == name }
            }
        case .rollBack(let revision, _): state.updateRevision = revision
        }
    }

    private mutating func change(_ name: String, _ body: (inout RunnerPod) -> Void) {
        for index in state.pods.indices where state.pods[index].name == name { body(&state.pods[index]) }
    }

    private mutating func moveWorld() {
        let areGone = !isNoisy || now.seconds % 3 == 0
        state.pods.removeAll { $0.isTerminating && areGone }
        for index in state.pods.indices {
            var pod = state.pods[index]
            if pod.isFinished || pod.isTerminating { continue }
            if badRevisions.contains(pod.revision) {
                if random.chance(20) {
                    pod.restarts += 1
                    pod.waitingReason = "CrashLoopBackOff"
                }
            } else if !pod.isReady {
                if random.chance(40) {
                    pod.readySince = now
                    pod.leasedJobs = 0
                    pod.waitingReason = nil
                }
            } else {
                if pod.drainRequestedAt == nil, random.chance(30) { pod.leasedJobs = min(4, (pod.leasedJobs ?? 0) + 1) }
                if let jobs = pod.leasedJobs, jobs > 0, random.chance(35) { pod.leasedJobs = jobs - 1 }
                if isNoisy && random.chance(1) {
                    pod.readySince = nil
                    pod.restarts += 1
                }
            }
            if isNoisy && random.chance(1) { pod.isFinished = true }
            state.pods[index] = pod
        }
    }
}
