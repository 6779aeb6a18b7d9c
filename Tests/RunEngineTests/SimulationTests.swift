import APIMachinery
import RunEngine
import Spec
import Storage
import StorageSQLite
import TestSupport
import RunTestSupport
import Testing

/// Drives the real engine through thousands of virtual seconds with every fault that runners, networks and crashes
/// bring, and checks what must hold after each step and at the end.
@Suite("Simulation")
struct SimulationTests {
    /// A runner that may be slow, silent, forgetful, or dead.
    struct Runner {
        var name: String
        var jobs: [LeasedJob] = []
        var reported: [LeasedJob] = []
        var silentUntil: Timestamp
        var isDead = false
    }

    /// What must be true of reports: of all leases of a job only the latest counts, and it counts once.
    struct Ledger {
        private var latest: [JobID: Int64] = [:]
        private(set) var accepted: [JobID: Int] = [:]

        mutating func leased(_ jobs: [LeasedJob]) {
            for job in jobs {
                #expect(job.token > latest[job.id] ?? 0, "tokens rise")
                latest[job.id] = job.token
            }
        }

        mutating func noteAccepted(_ report: JobReport) {
            #expect(report.token == latest[report.job], "the report of an old lease was accepted")
            accepted[report.job, default: 0] += 1
        }
    }

    @Test("Every acknowledged run finishes exactly once", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func inMemory(seed: UInt64) async throws {
        let store = MemoryRunStore()
        try await simulate(seed: seed, rounds: 1500) { store }
    }

    @Test("Every acknowledged run finishes exactly once on disk, over crashes", arguments: [11, 12] as [UInt64])
    func onDisk(seed: UInt64) async throws {
        try await Files.withTemporaryDirectory { directory in
            // A store that is opened beside the abandoned one sees what had been committed: a crash.
            try await simulate(seed: seed, rounds: 500) { try SQLiteRunStore(path: directory + "/runs.sqlite") }
        }
    }

    private static func workflows(_ fixture: EngineFixture) throws {
        let retry = RetryPolicy(maxAttempts: 4, initialIntervalSeconds: 1)
        try fixture.workflow("one", policy: RunPolicy(retry: retry), .noop("a"))
        try fixture.workflow(
            "diamond",
            policy: RunPolicy(parallelism: 2, retry: retry),
            .noop("a"),
            .noop("b", after: ["a"]),
            .noop("c", after: ["a"], timeout: 20),
            .noop("d", after: ["a"]),
            .noop("e", after: ["b", "c", "d"])
        )
        try fixture.workflow("strict", policy: RunPolicy(timeoutSeconds: 60), .noop("a"), .noop("b", after: ["a"]))
        try fixture.workflow(
            "cleanup",
            .noop("a"),
            Step(id: "b", actor: "noop", dependsOn: ["a"], when: "steps.a.phase == 'Failed'"),
            Step(id: "c", actor: "noop", dependsOn: ["a"], when: "steps.a.output == 1")
        )
    }

    private func simulate(seed: UInt64, rounds: Int, open: () throws -> any RunStore) async throws {
        let random = SeededRandom(seed)
        let clock = ManualClock()
        let catalog = WorkflowCatalog()
        catalog.setPool(
            namespace: "default",
            name: "default",
            queue: QueueSpec(visibilityTimeoutSeconds: 12, maxDeliveries: 6)
        )
        var fixture = try await EngineFixture(store: try open(), clock: clock, catalog: catalog, seed: seed)
        try Self.workflows(fixture)
        var runners = (0..<5).map { Runner(name: "runner-\($0)", silentUntil: clock.now) }
        var nextRunner = 5
        var acknowledged: Set<String> = []
        var deleted: Set<String> = []
        var finished: [String: Int64] = [:]
        var ledger = Ledger()

        for round in 0..<rounds {
            let isDraining = round > rounds * 3 / 4
            clock.advance(.milliseconds(random.below(800)))
            if !isDraining, random.chance(40) {
                let workflow = ["one", "one", "diamond", "strict", "cleanup"][random.below(5)]
                // A key stands for one request, so that the rest of the request follows from it.
                let key = random.below(2000)
                let request = RunRequest(priority: key % 3 == 0 ? 15 : 0, idempotencyKey: "key-\(key)")
                for _ in 0..<(random.chance(10) ? 2 : 1) {
                    for run in try await fixture.engine.submit(namespace: "default", workflow: workflow, [request]) {
                        acknowledged.insert(run.name)
                    }
                }
            }
            for index in runners.indices {
                try await act(&runners[index], fixture, random, clock, &ledger)
            }
            if random.chance(3) {
                runners[random.below(runners.count)].isDead = true
                runners.removeAll(where: \.isDead)
                runners.append(Runner(name: "runner-\(nextRunner)", silentUntil: clock.now))
                nextRunner += 1
            }
            if random.chance(2), let name = acknowledged.sorted().randomElement(random) {
                try await fixture.engine.cancel(namespace: "default", name: name)
            }
            if random.chance(1), let name = acknowledged.subtracting(deleted).sorted().randomElement(random) {
                try await fixture.engine.delete(namespace: "default", name: name)
                acknowledged.remove(name)
                deleted.insert(name)
            }
            if random.chance(2) {
                fixture = try await EngineFixture(
                    store: try open(),
                    clock: clock,
                    catalog: catalog,
                    seed: seed &+ UInt64(round)
                )
            }
            if random.chance(50) { try await fixture.engine.tick() }
            if round % 25 == 0 { try await check(fixture, &finished) }
        }
        // From now on everyone behaves; all must come to its end.
        for _ in 0..<400 {
            clock.advance(.seconds(1))
            for index in runners.indices {
                runners[index].silentUntil = clock.now
                try await behave(&runners[index], fixture, &ledger)
            }
            try await fixture.engine.tick()
        }
        try await check(fixture, &finished)
        for name in acknowledged.sorted() {
            let run = try #require(try await fixture.engine.run(namespace: "default", name: name))
            #expect(run.run.phase.isFinal, "\(name) is \(run.run.phase) with \(run.steps.map(\.phase)) (seed \(seed))")
        }
        #expect(acknowledged.count > rounds / 8)
        #expect(ledger.accepted.values.allSatisfy { $0 == 1 }, "no attempt is accepted twice")
        let statistics = try await fixture.engine.statistics(namespace: "default", pool: "default")
        #expect(statistics.outstanding == 0 && statistics.delayed == 0)
    }

    /// One turn of a runner in a bad world.
    private func act(
        _ runner: inout Runner,
        _ fixture: EngineFixture,
        _ random: SeededRandom,
        _ clock: ManualClock,
        _ ledger: inout Ledger
    ) async throws {
        if random.chance(1) { runner.silentUntil = clock.now.advanced(by: .seconds(random.below(25))) }
        guard runner.silentUntil <= clock.now else { return }
        let identity = EngineFixture.runner(runner.name)
        if random.chance(30) {
            let answer = try await fixture.engine.heartbeat(
                identity,
                jobs: runner.jobs.map { ($0.id, $0.token) },
                load: RunnerLoad()
            )
            for id in answer.cancel where random.chance(70) {
                guard let job = runner.jobs.first(where: { $0.id == id }) else { continue }
                try await report(job, .cancelled, identity, fixture, random, &ledger)
                runner.jobs.removeAll { $0.id == id }
            }
            if random.chance(80) { runner.jobs.removeAll { answer.lost.contains($0.id) } }
        }
        if runner.jobs.count < 3, random.chance(60) {
            let jobs = try await fixture.engine.lease(identity, capacity: 3 - runner.jobs.count, wait: 0).jobs
            ledger.leased(jobs)
            // Now and then the answer does not arrive.
            if !random.chance(4) { runner.jobs += jobs }
        }
        if random.chance(2), let job = runner.jobs.popLast() {
            try await fixture.engine.release(identity, jobs: [(job.id, job.token)])
        }
        while random.chance(35), let job = runner.jobs.first {
            let outcome = random.chance(80) ? JobReport.Outcome.succeeded : random.chance(50) ? .failed : .timedOut
            try await report(job, outcome, identity, fixture, random, &ledger)
            if !random.chance(5) { runner.jobs.removeFirst() }
            runner.reported.append(job)
        }
        if random.chance(3), let old = runner.reported.randomElement(random) {
            try await report(old, .failed, identity, fixture, random, &ledger)
        }
    }

    /// One turn of a runner in a good world.
    private func behave(_ runner: inout Runner, _ fixture: EngineFixture, _ ledger: inout Ledger) async throws {
        let identity = EngineFixture.runner(runner.name)
        let answer = try await fixture.engine.heartbeat(
            identity,
            jobs: runner.jobs.map { ($0.id, $0.token) },
            load: RunnerLoad()
        )
        runner.jobs.removeAll { answer.lost.contains($0.id) }
        let reports = runner.jobs.map { JobReport(job: $0.id, token: $0.token, outcome: .succeeded) }
        let result = try await fixture.engine.report(identity, reports, capacity: 3)
        for (report, result) in zip(reports, result.results) where result == .accepted {
            ledger.noteAccepted(report)
        }
        ledger.leased(result.jobs)
        runner.jobs = result.jobs
    }

    private func report(
        _ job: LeasedJob,
        _ outcome: JobReport.Outcome,
        _ identity: RunnerReference,
        _ fixture: EngineFixture,
        _ random: SeededRandom,
        _ ledger: inout Ledger
    ) async throws {
        var report = JobReport(job: job.id, token: job.token, outcome: outcome)
        if outcome == .succeeded { report.output = Array("\(random.below(2))".utf8) }
        let times = random.chance(5) ? 2 : 1
        for _ in 0..<times {
            let result = try await fixture.engine.report(identity, [report], capacity: 0).results.first
            if result == .accepted { ledger.noteAccepted(report) }
        }
    }

    /// No active run is without a job; what has ended stays ended, unless someone asked.
    private func check(_ fixture: EngineFixture, _ finished: inout [String: Int64]) async throws {
        let (runs, jobs) = try await fixture.engine.store.read { reader in
            let runs = try reader.runs(RunQuery(limit: 100_000)).map { ($0, try reader.steps(run: $0.id)) }
            let jobs = try runs.flatMap { $0.1 }.filter(\.phase.hasJob).filter { try reader.job($0.key) == nil }
            return (runs, jobs)
        }
        #expect(jobs.isEmpty, "steps without the job they wait for")
        for (run, steps) in runs {
            if run.phase.isFinal {
                let isEnded = steps.allSatisfy(\.phase.isFinal)
                #expect(isEnded, "\(run.name) has ended and its steps have not")
                if let revision = finished[run.name] {
                    #expect(revision == run.resourceVersion, "\(run.name) changed after it had ended")
                }
                finished[run.name] = run.resourceVersion
            } else {
                let isActive = steps.contains(where: \.phase.hasJob)
                #expect(isActive, "\(run.name) waits for nothing")
            }
        }
    }
}

extension Array {
    func randomElement(_ random: SeededRandom) -> Element? { isEmpty ? nil : self[random.below(count)] }
}
