import APIMachinery
@testable import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

@Suite("Controlling runs")
struct RunControlTests {
    @Test("A watch reads a bounded number of bytes at once, and loses nothing", arguments: [1, 3000, 1 << 20])
    func watchInPieces(bytes: Int) async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        var names: [String] = []
        for _ in 0..<20 { names.append(try await f.submit("w")) }
        let jobs = try await f.lease(20)
        for job in jobs { try await f.report(job, output: "\"\(String(repeating: "x", count: 2000))\"") }
        try await f.engine.delete(namespace: "default", name: names[3])
        let latest = f.engine.store.changes.latest
        var watch = f.engine.watch(after: 0, maximumBytes: bytes)
        var rounds: [[RunEvent]] = []
        while watch.revision < latest { rounds.append(try await watch.next()) }
        let events = rounds.flatMap { $0 }
        #expect(events.map(\.object.run.name).sorted() == names.sorted())
        #expect(events.count { $0.kind == .deleted } == 1)
        #expect(events.map(\.revision) == events.map(\.revision).sorted())
        // A deletion needs no reading, and comes along.
        let read = rounds.map { $0.filter { $0.kind != .deleted } }.filter { !$0.isEmpty }
        #expect(read.allSatisfy { $0.count == 1 || $0.map(\.object.weight).reduce(0, +) <= bytes })
        #expect(read.count == (bytes > 3000 ? 1 : 19))
    }

    @Test("After too many deliveries the job is a dead letter; it can be requeued and purged")
    func deadLetters() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"), .noop("b", after: ["a"]))
        f.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDeliveries: 2))
        let queue = QueueName(namespace: "default", pool: "default")
        let name = try await f.submit("w")
        for _ in 0..<2 {
            #expect(try await f.lease().count == 1)
            f.clock.advance(.seconds(31))
            try await f.engine.tick()
        }
        #expect(try await f.state(name) == "failed: a=failed b=skipped")
        #expect(try await f.run(name).steps[0].failure?.reason == "MaxDeliveriesExceeded")
        let letter = try #require(try await f.engine.deadLetters(queue, limit: 10).letters.first)
        #expect(letter.job.deliveries == 2)
        #expect(try await f.engine.statistics(namespace: "default", pool: "default").dead == 1)
        try await f.engine.requeueDeadLetter(queue, step: letter.job.step)
        #expect(try await f.state(name) == "pending: a=queued b=pending")
        try await f.report(try #require(try await f.lease().first))
        try await f.report(try #require(try await f.lease().first))
        #expect(try await f.state(name) == "succeeded: a=succeeded b=succeeded")
        #expect(try await f.engine.purgeDeadLetters(queue) == 0)
        await #expect(throws: Status.self) { try await f.engine.requeueDeadLetter(queue, step: letter.job.step) }
    }

    @Test("Dead letters come by pages of a bounded size")
    func deadLetterPages() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        f.catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDeliveries: 1))
        let queue = QueueName(namespace: "default", pool: "default")
        for _ in 0..<5 {
            _ = try await f.submit("w")
            #expect(try await f.lease().count == 1)
            f.clock.advance(.seconds(31))
            try await f.engine.tick()
        }
        let all = try await f.engine.deadLetters(queue, limit: 10)
        #expect(all.letters.count == 5)
        #expect(all.remaining == 0)
        let two = all.letters.prefix(2).map(\.job.payload.count).reduce(0) { $0 + $1 }
        let page = try await f.engine.deadLetters(queue, limit: 10, maximumBytes: two)
        #expect(page.letters == Array(all.letters.prefix(2)))
        #expect(page.remaining == 3)
        let step = try #require(page.letters.last).job.step
        let rest = try await f.engine.deadLetters(queue, after: step, limit: 2)
        #expect(rest.letters == Array(all.letters[2..<4]))
        #expect(rest.remaining == 1)
        #expect(try await f.engine.deadLetters(queue, limit: 10, maximumBytes: 1).letters.count == 1, "one always fits")
        _ = try await f.engine.purgeDeadLetters(queue, step: step)
        await #expect(throws: Status.self) { try await f.engine.deadLetters(queue, after: step, limit: 1) }
    }

    @Test("Cancelling removes queued jobs, and the run ends when runners have stopped the others")
    func cancelling() async throws {
        let f = try await EngineFixture()
        try f.workflow(
            "w",
            policy: RunPolicy(retry: RetryPolicy(maxAttempts: 3)),
            .noop("a"),
            .noop("b"),
            .noop("c", after: ["a"])
        )
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        try await f.engine.cancel(namespace: "default", name: name)
        #expect(try await f.state(name) == "running: a=running b=cancelled c=cancelled")
        #expect(try await f.lease() == [])
        try await f.report(job, .cancelled)
        #expect(try await f.state(name) == "cancelled: a=cancelled b=cancelled c=cancelled")
        try await f.engine.cancel(namespace: "default", name: name)
        let run = try await f.engine.retry(namespace: "default", name: name)
        #expect(run.phase == .pending)
        #expect(try await f.lease(5).count == 2)
    }

    @Test("The job of a runner that does not stop it is dropped after the grace time")
    func stubbornRunner() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        try await f.engine.cancel(namespace: "default", name: name)
        for _ in 0..<11 {
            f.clock.advance(.seconds(3))
            _ = try await f.engine.heartbeat(EngineFixture.runner(), jobs: [(job.id, job.token)], load: RunnerLoad())
            try await f.engine.tick()
        }
        #expect(try await f.state(name) == "cancelled: a=cancelled")
        #expect(try await f.report(job) == .stale)
    }

    @Test("A run past its deadline is stopped, also after a restart")
    func deadline() async throws {
        let store = MemoryRunStore()
        let f = try await EngineFixture(store: store)
        try f.workflow(
            "w",
            policy: RunPolicy(timeoutSeconds: 100),
            .noop("a", retry: RetryPolicy(maxAttempts: 9, initialIntervalSeconds: 1000, maxIntervalSeconds: 1000))
        )
        let name = try await f.submit("w")
        f.clock.advance(.seconds(50))
        try await f.engine.tick()
        #expect(try await f.state(name) == "pending: a=queued")
        try await f.report(try #require(try await f.lease().first), .failed)
        f.clock.advance(.seconds(49))
        let g = try await EngineFixture(store: store, clock: f.clock)
        try await g.engine.tick()
        #expect(try await g.state(name) == "running: a=queued")
        f.clock.advance(.seconds(1))
        try await g.engine.tick()
        #expect(try await g.state(name) == "failed: a=cancelled")
        #expect(try await g.run(name).run.reason == "DeadlineExceeded")
    }

    @Test("An attempt that its runner does not end in time is finished as timed out")
    func attemptTimeout() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a", timeout: 60))
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        for _ in 0..<26 {
            f.clock.advance(.seconds(3))
            _ = try await f.engine.heartbeat(EngineFixture.runner(), jobs: [(job.id, job.token)], load: RunnerLoad())
            try await f.engine.tick()
        }
        #expect(try await f.state(name) == "failed: a=failed")
        #expect(try await f.run(name).steps[0].failure?.reason == "TimedOut")
        #expect(try await f.report(job) == .stale)
    }

    @Test("Retrying a failed run repeats what failed and keeps what succeeded")
    func retryingRun() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"), .noop("b", after: ["a"]), .noop("c", after: ["b"]))
        let name = try await f.submit("w")
        try await f.report(try #require(try await f.lease().first), output: "1")
        await #expect(throws: Status.self) { try await f.engine.retry(namespace: "default", name: name) }
        try await f.report(try #require(try await f.lease().first), .failed)
        #expect(try await f.state(name) == "failed: a=succeeded b=failed c=skipped")
        try await f.engine.retry(namespace: "default", name: name)
        #expect(try await f.state(name) == "pending: a=succeeded b=queued c=pending")
        let job = try #require(try await f.lease().first)
        #expect(job.id.attempt == 2)
        try await f.report(job)
        try await f.report(try #require(try await f.lease().first))
        #expect(try await f.state(name) == "succeeded: a=succeeded b=succeeded c=succeeded")
        #expect(try await f.run(name).steps.map(\.attempts) == [1, 2, 1])
    }

    @Test("A run uses the revision that it was submitted with")
    func revisions() async throws {
        let store = MemoryRunStore()
        let f = try await EngineFixture(store: store)
        try f.workflow("w", .noop("a"), Step(id: "b", actor: "old", dependsOn: ["a"]))
        try await f.submit("w")
        // Another process, which has never seen the old revision.
        let g = try await EngineFixture(store: store, clock: f.clock)
        try g.workflow("w", .noop("a"))
        let job = try #require(try await g.lease().first)
        #expect(try await g.report(job) == .accepted)
        let next = try #require(try await g.lease().first)
        #expect(String(decoding: next.payload, as: UTF8.self).contains(#""actor":"old""#))
    }

    @Test("A stalled run is planned again")
    func sweep() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"), .noop("b", after: ["a"]))
        let name = try await f.submit("w")
        let lost = try await f.submit("w")
        let (first, second) = (try await f.run(name), try await f.run(lost))
        try await f.engine.store.transaction { transaction in
            try transaction.removeJob(first.steps[0].key)
            var step = second.steps[0]
            try transaction.removeJob(step.key)
            step.phase = .succeeded
            try transaction.update(step)
        }
        #expect(try await f.lease() == [])
        f.clock.advance(.seconds(16))
        try await f.engine.tick()
        #expect(try await f.state(name) == "pending: a=queued b=pending")
        #expect(try await f.state(lost) == "pending: a=succeeded b=queued")
        #expect(try await f.lease(5).count == 2)
    }
}
