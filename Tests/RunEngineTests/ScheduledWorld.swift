import APIMachinery
@testable import RunEngine
import Spec
import RunTestSupport
import Storage
import Synchronization

/// Everything that calls an engine, each in a task of its own, under one `SeededExecutor`: runners with their heartbeats
/// and long polls, clients, a pool's controller, the engine's own loop. It notes what must not happen.
///
/// In a *calm* world no runner dies and the controller never stands still, so that no job may be delivered twice without
/// having been handed back. In a *rough* one runners die, the controller pauses, and its clock is set. In a *slack* one
/// silence alone makes no runner lost, and heartbeats come as late as leases end.
final class ScheduledWorld: Sendable {
    struct Ledger {
        var violations: [String] = []
        var trace: [String] = []
        var isOver = false
        var livesLeft = 0
        /// The highest token seen of each job, and the token under which its report was accepted.
        var latest: [JobID: Int64] = [:]
        var accepted: [JobID: Int64] = [:]
        var acknowledged: [String: Int64] = [:]
        /// Runs that a client cancelled or deleted.
        var disturbed: Set<Int64> = []
        var deleted: Set<String> = []
        /// When each live runner's last heartbeat began.
        var heard: [String: Duration] = [:]
        /// Runners whose Pods were deleted.
        var killed: Set<String> = []
        /// The time in which the engine was attentive.
        var attention = Duration.zero
    }

    enum Kind: Sendable { case calm, rough, slack }

    let seed: UInt64
    let kind: Kind
    let executor: SeededExecutor
    let random: SeededRandom
    let clock = ManualClock()
    let ledger = Mutex(Ledger())

    let settings: RunEngineSettings
    /// Seconds of a lease.
    static let leaseSeconds = 12
    private static let runners = 3

    init(seed: UInt64) {
        self.seed = seed
        kind = [.calm, .rough, .slack][Int(seed % 3)]
        var settings = RunEngineSettings()
        if kind == .slack {
            settings.runnerLostAfter = .seconds(3600)
            settings.disruptionPatience = .seconds(3600)
        }
        self.settings = settings
        executor = SeededExecutor(seed: seed &* 31)
        random = SeededRandom(seed)
    }

    func note(_ text: @autoclosure () -> String) {
        let line = "\(clock.instant): \(text())"
        ledger.withLock { $0.trace.append(line) }
    }

    func violation(_ text: String) {
        note("VIOLATION \(text)")
        ledger.withLock { $0.violations.append(text) }
    }

    /// Lets others go on, up to that many times.
    func idle(_ most: Int) async { for _ in 0..<random.below(most + 1) { await executor.pause() } }

    /// Runs the world to its end.
    ///
    /// - Returns: what should not have happened.
    static func violations(seed: UInt64) -> (violations: [String], trace: [String]) {
        let world = ScheduledWorld(seed: seed)
        Task(executorPreference: world.executor) {
            do {
                try await world.run()
            } catch {
                world.violation("an error ended the world: \(error)")
            }
            world.ledger.withLock { $0.isOver = true }
        }
        world.executor.drain()
        if !world.ledger.withLock({ $0.isOver }) { world.violation("a task waits for ever") }
        return world.ledger.withLock { ($0.violations, $0.trace) }
    }

    private func run() async throws {
        let catalog = WorkflowCatalog()
        catalog.setPool(
            namespace: "default",
            name: "default",
            queue: QueueSpec(visibilityTimeoutSeconds: Self.leaseSeconds, maxDeliveries: kind == .calm ? 1 : 4)
        )
        let fixture = try await EngineFixture(
            store: ScheduledStore(executor),
            clock: clock,
            catalog: catalog,
            seed: seed,
            settings: settings,
            noticesPauses: true
        )
        try fixture.workflow("one", .noop("a"))
        try fixture.workflow("two", .noop("a"), .noop("b"), .noop("c", after: ["a", "b"]))
        ledger.withLock { $0.livesLeft = Self.runners + 2 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for slot in 0..<Self.runners {
                group.addTask { try await self.life { try await self.runnerLives(slot, fixture.engine) } }
            }
            group.addTask { try await self.life { try await self.submit(fixture.engine) } }
            group.addTask { try await self.life { try await self.controlPool(fixture.engine) } }
            group.addTask { try await self.keepTime(fixture.engine) }
            try await group.waitForAll()
        }
        try await finish(fixture.engine)
        try await check(fixture.engine)
    }

    private func life(_ body: () async throws -> Void) async throws {
        defer { ledger.withLock { $0.livesLeft -= 1 } }
        try await body()
    }

    private var hasLives: Bool { ledger.withLock { $0.livesLeft > 0 } }

    // MARK: The engine's loop and its time

    /// Time passes between two turns of the loop; in a calm world never so much that a heartbeat is late.
    private func keepTime(_ engine: RunEngine) async throws {
        while hasLives {
            await idle(4)
            if kind == .rough, random.chance(4) {
                let pause = Duration.seconds(10 + random.below(50))
                note("the controller stands still for \(pause)")
                pass(pause, attentive: settings.tickInterval + settings.pauseTolerance)
            } else if !isPunctual {
                await executor.pause()
                continue
            } else {
                let step = Duration.milliseconds(random.below(kind == .slack ? 3400 : 1000))
                pass(step, attentive: step)
            }
            if kind == .rough, random.chance(3) { clock.setCalendar(by: .seconds(random.below(7200) - 3600)) }
            try await engine.tick()
        }
    }

    /// Whether no living runner is too late with its heartbeat for more time to pass.
    private var isPunctual: Bool {
        let now = clock.instant
        let limit = Duration.seconds(kind == .calm ? 4 : Self.leaseSeconds + 2)
        return kind == .rough || ledger.withLock { ledger in ledger.heard.values.allSatisfy { now - $0 < limit } }
    }

    private func pass(_ time: Duration, attentive: Duration) {
        clock.advance(time)
        ledger.withLock { $0.attention += attentive }
    }

    // MARK: Clients and the pool's controller

    private func submit(_ engine: RunEngine) async throws {
        for index in 0..<12 {
            await idle(20)
            let workflow = random.chance(50) ? "one" : "two"
            let request = RunRequest(idempotencyKey: "key-\(index)")
            for run in try await engine.submit(namespace: "default", workflow: workflow, [request]) {
                note("submitted \(run.name) (\(run.id))")
                ledger.withLock { $0.acknowledged[run.name] = run.id }
            }
            guard random.chance(20) else { continue }
            let names = ledger.withLock { $0.acknowledged.keys.sorted() }
            guard let name = names.randomElement(random) else { continue }
            ledger.withLock { ledger in if let id = ledger.acknowledged[name] { ledger.disturbed.insert(id) } }
            if random.chance(50) {
                note("cancel \(name)")
                try await engine.cancel(namespace: "default", name: name)
            } else {
                note("delete \(name)")
                ledger.withLock { ledger in
                    ledger.deleted.insert(name)
                    ledger.acknowledged[name] = nil
                }
                try await engine.delete(namespace: "default", name: name)
            }
        }
    }

    /// Drains runners, and deletes the Pods of those that are idle then: that must interrupt nothing.
    private func controlPool(_ engine: RunEngine) async throws {
        for _ in 0..<6 {
            await idle(60)
            let all = engine.runners(namespace: "default", pool: "default")
            guard let runner = all.randomElement(random) else { continue }
            note("drain \(runner.name)")
            engine.setDraining(true, namespace: "default", runner: runner.name)
            await idle(6)
            let now = engine.runners(namespace: "default", pool: "default").first { $0.name == runner.name }
            guard let now, now.isIdle else {
                engine.setDraining(false, namespace: "default", runner: runner.name)
                continue
            }
            note("delete Pod \(runner.name)")
            ledger.withLock { ledger in
                ledger.killed.insert(runner.name)
                ledger.heard[runner.name] = nil
            }
            await idle(6)
            let count = try await engine.releaseLeases(namespace: "default", runner: runner.name)
            if count > 0 { violation("\(runner.name) was idle and draining; the end of its Pod cost \(count) jobs") }
        }
    }

    // MARK: The end

    /// Everybody behaves; all runs must come to their end.
    private func finish(_ engine: RunEngine) async throws {
        note("from now on everybody behaves")
        let me = EngineFixture.runner("finisher")
        _ = try await engine.register(me, RunnerRegistration(podUID: "finisher", concurrency: 50))
        for _ in 0..<120 {
            clock.advance(.seconds(1))
            _ = try await engine.heartbeat(me, jobs: [], load: RunnerLoad())
            let jobs = try await engine.lease(me, capacity: 50, wait: 0).jobs
            leased(jobs, by: me.name)
            for job in jobs { try await report(job, by: me, to: engine, heldSince: nil) }
            try await engine.tick()
        }
        try await engine.deregister(me)
    }

    private func check(_ engine: RunEngine) async throws {
        let (runs, leased, stalled, waiting) = try await engine.store.read { reader in
            (
                try reader.runs(RunQuery(limit: 1000)), try reader.leasedJobs().count,
                try reader.stalledRuns(limit: 10),
                try reader.counts(EngineFixture.runner().queue, now: .latest).waiting
            )
        }
        let ledger = ledger.withLock { $0 }
        let known = Dictionary(uniqueKeysWithValues: runs.map { ($0.name, $0) })
        for name in ledger.acknowledged.keys.sorted() {
            guard let run = known[name] else {
                violation("\(name) was acknowledged and is lost")
                continue
            }
            if !run.phase.isFinal { violation("\(name) never ended: \(run.phase)") }
            if kind == .calm, !ledger.disturbed.contains(run.id), run.phase != .succeeded {
                violation("\(name) ended as \(run.phase) although nothing failed: \(run.message)")
            }
        }
        for (id, token) in ledger.accepted where ledger.latest[id] != token {
            violation("the report of an old lease of \(id) was accepted")
        }
        if leased > 0 || !stalled.isEmpty || waiting > 0 {
            violation("left over: \(leased) leases, \(waiting) waiting jobs, stalled runs \(stalled)")
        }
        if engine.counters.waiting(EngineFixture.runner().queue) != waiting {
            violation("the queue's counter says \(engine.counters.waiting(EngineFixture.runner().queue))")
        }
        let held = engine.runners(namespace: "default", pool: "default").filter { !$0.isIdle }.map(\.name)
        if !held.isEmpty { violation("\(held) are said to have jobs") }
    }
}
