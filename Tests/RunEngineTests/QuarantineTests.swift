import APIMachinery
import Containment
import FoundationEssentials
import Logging
import Storage
import StorageSQLite
import TestSupport
import RunTestSupport
import Testing

@testable import RunEngine

/// Runs that the process died over, and runs whose revision is lost.
@Suite("Quarantined runs") struct QuarantineTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A containment that has put that run aside.
    static func containment(_ directory: String, run name: String) throws -> Containment {
        let record = """
            {"quarantined": [{"kind": "run", "namespace": "default", "name": "\(name)", "deaths": 2, \
            "signal": "SIGILL", "since": "2027-01-15T08:00:00Z"}]}
            """
        try Data(record.utf8).write(to: URL(filePath: "\(directory)/quarantine.json"))
        return try Containment(directory: directory, logger: Self.logger)
    }

    /// An engine that starts over the store of another, as the next process does.
    static func restarted(_ first: EngineFixture, _ containment: Containment) async throws -> EngineFixture {
        try await EngineFixture(
            store: first.engine.store,
            clock: first.clock,
            catalog: first.catalog,
            containment: containment
        )
    }

    @Test("A run that crashed the process is suspended without a job, others continue, and it resumes when released")
    func release() async throws {
        try await Files.withTemporaryDirectory { directory in
            let first = try await EngineFixture(store: try SQLiteRunStore(path: "\(directory)/runs.db"))
            try first.workflow("w", .noop("a"), .noop("b", after: ["a"]))
            let poison = try await first.submit("w")
            try await first.report(try #require(try await first.lease().first))
            let job = try #require(try await first.lease().first)
            let innocent = try await first.submit("w")

            let containment = try Self.containment(directory, run: poison)
            let next = try await Self.restarted(first, containment)
            #expect(try await next.state(poison) == "suspended: a=succeeded b=pending")
            let snapshot = try await next.run(poison)
            #expect(snapshot.run.reason == "Quarantined")
            #expect(snapshot.run.message.contains("ctl quarantine release run-"))
            #expect(snapshot.json.value(at: "status", "phase") == "Suspended")
            #expect(try await next.report(job) == .stale, "its runner's report changes nothing")

            // Neither ticks nor sweeps touch it.
            for _ in 0..<40 {
                next.clock.advance(.seconds(3600))
                try await next.engine.tick()
            }
            #expect(try await next.state(poison) == "suspended: a=succeeded b=pending")
            let jobs = try await next.lease(10)
            #expect(jobs.count == 1, "only the other run has a job")
            #expect(try await next.state(innocent) == "running: a=running b=pending")

            try await containment.release(id: try #require(containment.entries.first).subject.id)
            await next.engine.resume(namespace: "default", name: poison)
            #expect(try await next.state(poison) == "running: a=succeeded b=queued")
            try await next.report(try #require(try await next.lease().first))
            #expect(try await next.state(poison) == "succeeded: a=succeeded b=succeeded")
        }
    }

    @Test("A quarantined run can be cancelled and deleted, which ends its quarantine", arguments: [true, false])
    func ending(isCancelled: Bool) async throws {
        try await Files.withTemporaryDirectory { directory in
            let first = try await EngineFixture(store: try SQLiteRunStore(path: "\(directory)/runs.db"))
            try first.workflow("w", .noop("a"))
            let name = try await first.submit("w")
            let containment = try Self.containment(directory, run: name)
            let next = try await Self.restarted(first, containment)
            if isCancelled {
                try await next.engine.cancel(namespace: "default", name: name)
                #expect(try await next.state(name) == "cancelled: a=cancelled")
            } else {
                try await next.engine.delete(namespace: "default", name: name)
                #expect(try await next.engine.run(namespace: "default", name: name) == nil)
            }
            #expect(containment.isEmpty)
        }
    }

    @Test("A run that is gone takes its quarantine with it")
    func gone() async throws {
        try await Files.withTemporaryDirectory { directory in
            let containment = try Self.containment(directory, run: "gone")
            _ = try await EngineFixture(containment: containment)
            #expect(containment.isEmpty)
        }
    }

    @Test(
        "A run whose stored revision cannot be read ends, whatever its runner reports",
        arguments: JobReport.Outcome.allCases
    )
    func lostRevision(outcome: JobReport.Outcome) async throws {
        let fixture = try await EngineFixture()
        let now = fixture.clock.now
        // As a store has it in which the revision was damaged or deleted.
        try await fixture.engine.store.transaction { transaction in
            var run = RunRecord(
                uid: "u",
                namespace: "default",
                name: "r",
                workflow: "w",
                revision: "lost",
                createdAt: now
            )
            try transaction.insert(&run)
            var step = StepRecord(key: StepKey(run: run.id, index: 0), id: "a")
            step.phase = .queued
            step.attempts = 1
            try transaction.insert([step, StepRecord(key: StepKey(run: run.id, index: 1), id: "b")])
            let queue = QueueName(namespace: "default", pool: "default")
            try transaction.enqueue(
                JobRecord(step: step.key, attempt: 1, queue: queue, enqueuedAt: now, readyAt: now, payload: [])
            )
        }
        try await fixture.engine.reload()
        let job = try #require(try await fixture.lease().first)
        #expect(try await fixture.report(job, outcome) == .accepted)
        let run = try await fixture.run("r").run
        #expect(run.phase == .failed)
        #expect(run.reason == "RevisionMismatch")
    }
}
