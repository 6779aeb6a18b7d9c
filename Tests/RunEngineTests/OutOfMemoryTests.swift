import APIMachinery
import Spec
import Storage
import Synchronization
import RunTestSupport
import Testing

@testable import RunEngine

/// Tells how runners ended as the test says.
private final class Endings: RunnerEndings {
    private let kills = Mutex<[String: MemoryKill]>([:])

    func set(_ kill: MemoryKill?, _ runner: String) { kills.withLock { $0[runner] = kill } }

    func memoryKill(namespace: String, runner: String, podUID: String) async -> MemoryKill? {
        kills.withLock { $0[runner] }
    }
}

@Suite("Runners that are killed for their memory")
struct OutOfMemoryTests {
    private static let load = RunnerLoad()

    private func fixture(_ retry: RetryPolicy? = nil) async throws -> (EngineFixture, Endings) {
        let f = try await EngineFixture()
        let endings = Endings()
        f.engine.setRunnerEndings(endings)
        for name in ["greedy", "quiet", "small"] { try f.workflow(name, .noop("a", retry: retry)) }
        return (f, endings)
    }

    /// Leases all jobs and says what they use.
    private func start(_ f: EngineFixture, memoryMB: [Double]) async throws -> [LeasedJob] {
        _ = try await f.engine.register(EngineFixture.runner(), RunnerRegistration(podUID: "u", concurrency: 4))
        let jobs = try await f.lease(4)
        f.clock.advance(.seconds(3))
        let used = Dictionary(uniqueKeysWithValues: zip(jobs.map(\.id), memoryMB))
        _ = try await f.engine.heartbeat(
            EngineFixture.runner(),
            jobs: jobs.map { ($0.id, $0.token) },
            load: Self.load,
            memoryMB: used
        )
        return jobs
    }

    @Test("The job that used most has failed; the others are requeued without a delivery, any number of times")
    func charged() async throws {
        let (f, endings) = try await fixture()
        let quiet = try await f.submit("quiet")
        for _ in 0..<5 {
            let greedy = try await f.submit("greedy")
            let jobs = try await start(f, memoryMB: [3, 90])
            #expect(jobs.count == 2)
            endings.set(MemoryKill(at: f.clock.now, limit: "128Mi"), "runner-1")
            f.clock.advance(.seconds(1))
            _ = try await f.engine.register(EngineFixture.runner(), RunnerRegistration(podUID: "u", concurrency: 4))
            let run = try await f.run(greedy)
            #expect(run.steps[0].phase == .failed && run.steps[0].failure?.reason == "OOMKilled")
            #expect(run.steps[0].failure?.message.contains("128Mi") == true)
            #expect(try await f.state(quiet) == "running: a=queued")
            let step = try await f.run(quiet).steps[0]
            #expect(step.attempts == 1)
            let deliveries = try await f.engine.store.read { try $0.job(jobs[0].id.step)?.deliveries }
            #expect(deliveries == 0)
            let last = try #require(f.engine.lastOutOfMemory(namespace: "default", pool: "default"))
            #expect(last.runner == "runner-1" && last.job.contains(greedy))
        }
        let job = try #require(try await f.lease().first)
        #expect(try await f.report(job) == .accepted)
        #expect(try await f.state(quiet) == "succeeded: a=succeeded")
    }

    @Test("A silent runner is judged in the same way, and the retry policy of the step applies")
    func silent() async throws {
        let (f, endings) = try await fixture(RetryPolicy(maxAttempts: 2, initialIntervalSeconds: 1))
        let names = [try await f.submit("small"), try await f.submit("greedy")]
        _ = try await start(f, memoryMB: [3, 90])
        endings.set(MemoryKill(at: f.clock.now), "runner-1")
        f.clock.advance(.seconds(15))
        try await f.engine.tick()
        #expect(try await f.state(names[0]) == "running: a=queued")
        #expect(try await f.run(names[1]).steps[0].attempts == 2, "the next attempt waits")
    }

    @Test("A job that the node names comes before the largest one of the last heartbeat")
    func named() async throws {
        let (f, endings) = try await fixture()
        let names = [try await f.submit("small"), try await f.submit("greedy")]
        let jobs = try await start(f, memoryMB: [30, 4])
        let message = "the container used 300 MB. Job \(jobs[1].id) used most (290 MB)"
        endings.set(MemoryKill(at: f.clock.now, message: message), "runner-1")
        _ = try await f.engine.releaseLeases(namespace: "default", runner: "runner-1")
        #expect(try await f.state(names[0]) == "running: a=queued")
        #expect(try await f.run(names[1]).steps[0].failure?.message.contains("290 MB") == true)
    }

    @Test("A kill before the lease does not concern the job")
    func earlier() async throws {
        let (f, endings) = try await fixture()
        endings.set(MemoryKill(at: f.clock.now.advanced(by: .seconds(-60))), "runner-1")
        let name = try await f.submit("greedy")
        for _ in 0..<3 {
            _ = try await start(f, memoryMB: [90])
            _ = try await f.engine.releaseLeases(namespace: "default", runner: "runner-1")
        }
        #expect(try await f.run(name).steps[0].failure?.reason == "MaxDeliveriesExceeded")
    }

    @Test("If the job is unknown, all jobs have a delivery more")
    func unknown() {
        let at = Timestamp(seconds: 100)
        func held(_ memoryMB: Double, leased: Timestamp = at) -> RunnerRegistry.Held {
            RunnerRegistry.Held(token: 1, leasedAt: leased, memoryMB: memoryMB)
        }
        let ids = (1...3).compactMap { JobID("\($0).0.1") }
        let kill = MemoryKill(at: at)
        #expect(OutOfMemoryVerdict(kill, [ids[0]: held(0), ids[1]: held(0)])?.culprit == nil)
        #expect(OutOfMemoryVerdict(kill, [ids[0]: held(0)])?.culprit == ids[0], "it was alone")
        #expect(OutOfMemoryVerdict(kill, [ids[0]: held(1), ids[1]: held(2), ids[2]: held(0)])?.culprit == ids[1])
        let later = OutOfMemoryVerdict(
            kill,
            [ids[0]: held(1), ids[1]: held(9, leased: at.advanced(by: .seconds(1)))]
        )
        #expect(later?.culprit == ids[0] && later?.concerned == [ids[0]])
        #expect(OutOfMemoryVerdict(kill, [:]) == nil)
    }
}
