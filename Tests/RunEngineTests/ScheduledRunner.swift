import APIMachinery
@testable import RunEngine
import RunTestSupport
import Storage
import Synchronization

/// One runner of a `ScheduledWorld`, as its own tasks see it.
final class ScheduledRunner: Sendable {
    struct State {
        var held: [LeasedJob] = []
        /// When a heartbeat that renewed the job began, in the engine's attention.
        var renewed: [Int64: Duration] = [:]
        /// Tokens of jobs whose report is on its way: once it is taken, a heartbeat may call them lost.
        var reporting: Set<Int64> = []
        var isStopping = false
        var isGone = false
    }

    let identity: RunnerReference
    let state = Mutex(State())

    init(_ name: String) { identity = EngineFixture.runner(name) }

    var name: String { identity.name }
    var isStopping: Bool { state.withLock { $0.isStopping } }
    var isGone: Bool { state.withLock { $0.isGone } }
    var held: [LeasedJob] { state.withLock { $0.held } }

    func isReporting(_ job: LeasedJob) -> Bool { state.withLock { $0.reporting.contains(job.token) } }

    func drop(_ job: LeasedJob) { state.withLock { $0.held.removeAll { $0.token == job.token } } }
}

extension ScheduledWorld {
    /// Several runners one after the other.
    func runnerLives(_ slot: Int, _ engine: RunEngine) async throws {
        for generation in 0..<4 {
            await idle(10)
            let runner = ScheduledRunner("r\(slot)-\(generation)")
            note("\(runner.name) registers")
            ledger.withLock { $0.heard[runner.name] = clock.instant }
            _ = try await engine.register(runner.identity, RunnerRegistration(podUID: runner.name, concurrency: 3))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.sendHeartbeats(runner, engine) }
                group.addTask { try await self.poll(runner, engine) }
                group.addTask { try await self.work(runner, engine) }
                try await group.waitForAll()
            }
        }
    }

    private func isKilled(_ runner: ScheduledRunner) -> Bool {
        ledger.withLock { $0.killed.contains(runner.name) }
    }

    private func sendHeartbeats(_ runner: ScheduledRunner, _ engine: RunEngine) async throws {
        while !runner.isGone, !isKilled(runner) {
            let held = runner.held
            let (began, uptime) = (ledger.withLock { $0.attention }, clock.instant)
            let answer = try await engine.heartbeat(
                runner.identity,
                jobs: held.map { (id: $0.id, token: $0.token) },
                load: RunnerLoad()
            )
            ledger.withLock { ledger in if ledger.heard[runner.name] != nil { ledger.heard[runner.name] = uptime } }
            for job in held {
                if answer.lost.contains(job.id) {
                    // It may have been reported or handed back meanwhile.
                    guard runner.held.contains(job), !runner.isReporting(job) else { continue }
                    checkLoss(of: job, runner, "a heartbeat")
                    runner.drop(job)
                } else {
                    runner.state.withLock { $0.renewed[job.token] = began }
                }
            }
            if answer.register, !runner.isGone, !isKilled(runner) {
                let holding = Set(runner.held.map(\.id))
                _ = try await engine.register(
                    runner.identity,
                    RunnerRegistration(podUID: runner.name, concurrency: 3, holding: holding)
                )
            }
            await idle(kind == .slack ? 60 : 8)
        }
    }

    /// A lease that was renewed stays for as long as a runner may be silent.
    private func checkLoss(of job: LeasedJob, _ runner: ScheduledRunner, _ how: String) {
        guard let renewed = runner.state.withLock({ $0.renewed[job.token] }) else { return }
        let (attention, isDisturbed) = ledger.withLock { ledger in
            (ledger.attention, ledger.disturbed.contains(job.id.step.run))
        }
        let patience = min(settings.runnerLostAfter, .seconds(Self.leaseSeconds - 1))
        guard !isDisturbed, attention - renewed < patience else { return }
        violation("\(how) reported \(job.id) as lost to \(runner.name), \(attention - renewed) after renewing it")
    }

    /// Keeps a long poll open. A runner that stops leaves it open, and does not read its answer.
    private func poll(_ runner: ScheduledRunner, _ engine: RunEngine) async throws {
        while !runner.isStopping, !isKilled(runner) {
            guard runner.held.count < 3 else {
                await executor.pause()
                continue
            }
            let wait = random.chance(70) ? 20 : 0
            let answer = try await engine.lease(runner.identity, capacity: 1 + random.below(2), wait: wait)
            let isHeard = !runner.isStopping && !isKilled(runner)
            leased(answer.jobs, by: runner.name, isHeard: isHeard)
            if isHeard { runner.state.withLock { $0.held += answer.jobs } }
            await idle(3)
        }
    }

    private func work(_ runner: ScheduledRunner, _ engine: RunEngine) async throws {
        for _ in 0..<(3 + random.below(6)) {
            await idle(kind == .slack ? 150 : 12)
            if isKilled(runner) { break }
            guard let job = runner.held.randomElement(random) else { continue }
            if random.chance(20) {
                try await handBack([job], runner, engine)
            } else {
                // Until it is acknowledged, heartbeats list it.
                runner.state.withLock { _ = $0.reporting.insert(job.token) }
                try await report(job, by: runner.identity, to: engine, heldSince: runner)
                runner.drop(job)
            }
        }
        runner.state.withLock { $0.isStopping = true }
        if kind == .rough, random.chance(40) {
            note("\(runner.name) dies")
        } else if !isKilled(runner) {
            note("\(runner.name) stops")
            await idle(6)
            try await handBack(runner.held, runner, engine)
            await idle(6)
            if !isKilled(runner) { try await engine.deregister(runner.identity) }
        }
        runner.state.withLock { $0.isGone = true }
        ledger.withLock { $0.heard[runner.name] = nil }
    }

    private func handBack(_ jobs: [LeasedJob], _ runner: ScheduledRunner, _ engine: RunEngine) async throws {
        guard !jobs.isEmpty else { return }
        note("\(runner.name) hands back \(jobs.map(\.id))")
        for job in jobs { runner.drop(job) }
        _ = try await engine.release(runner.identity, jobs: jobs.map { (id: $0.id, token: $0.token) })
    }

    // MARK: What the engine said

    func leased(_ jobs: [LeasedJob], by runner: String, isHeard: Bool = true) {
        for job in jobs {
            note("\(runner) \(isHeard ? "has" : "does not hear that it has") \(job.id) under \(job.token)")
            ledger.withLock { $0.latest[job.id] = max($0.latest[job.id] ?? 0, job.token) }
        }
    }

    func report(
        _ job: LeasedJob,
        by identity: RunnerReference,
        to engine: RunEngine,
        heldSince runner: ScheduledRunner?
    ) async throws {
        let report = JobReport(job: job.id, token: job.token, outcome: .succeeded)
        let result = try await engine.report(identity, [report], capacity: 0).results.first
        note("\(identity.name) reports \(job.id) under \(job.token): \(result?.rawValue ?? "nothing")")
        switch result {
        case .accepted:
            let before = ledger.withLock { ledger in
                defer { ledger.accepted[job.id] = job.token }
                return ledger.accepted[job.id]
            }
            if let before { violation("\(job.id) was accepted twice, under \(before) and \(job.token)") }
        case .stale:
            if let runner, runner.held.contains(job) { checkLoss(of: job, runner, "a report") }
        case .duplicate, nil:
            violation("the first report of \(job.id) under \(job.token) was answered \(result?.rawValue ?? "nothing")")
        }
    }
}
