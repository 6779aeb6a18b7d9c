import APIMachinery
import RunEngine
import Spec
import Storage
import Synchronization
import RunTestSupport
import Testing

@testable import RunEngine

/// Runs that cannot start say why, and runs that end say how.
@Suite struct WaitingRunTests {
    static func occurrences(_ f: EngineFixture) -> Mutexed<[RunOccurrence]> {
        let seen = Mutexed<[RunOccurrence]>([])
        f.engine.observeRuns { occurrence in seen.value.withLock { $0.append(occurrence) } }
        return seen
    }

    @Test("A run whose pool does not exist has the reason PoolNotFound, until the pool is created")
    func poolNotFound() async throws {
        let f = try await EngineFixture()
        let seen = Self.occurrences(f)
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        var run = try await f.run(name).run
        #expect(run.phase == .pending && run.reason == "PoolNotFound")
        #expect(run.message.contains("worker pool \"default\" does not exist in namespace \"default\""))
        #expect(seen.value.withLock { $0.map(\.reason) } == ["PoolNotFound"])
        #expect(seen.value.withLock { $0.map(\.name) } == [name])
        try await f.engine.tick()
        f.catalog.setPool(namespace: "default", name: "default", queue: nil)
        try await f.engine.tick()
        run = try await f.run(name).run
        #expect(run.reason == "" && run.message == "")
        #expect(seen.value.withLock { $0.count } == 1)
    }

    @Test("A run that waits for a first runner has the reason NoRunner after ten seconds")
    func noRunner() async throws {
        let f = try await EngineFixture()
        f.catalog.setPool(namespace: "default", name: "default", queue: nil)
        try f.workflow("w", .noop("a"))
        let name = try await f.submit("w")
        try await f.engine.tick()
        #expect(try await f.run(name).run.reason == "")
        f.clock.advance(.seconds(20))
        try await f.engine.tick()
        #expect(try await f.run(name).run.reason == "NoRunner")
        _ = try #require(try await f.lease().first)
        let run = try await f.run(name).run
        #expect(run.phase == .running && run.reason == "" && run.message == "")
    }

    @Test("The deadline counts from the creation, so that a run that never starts ends")
    func deadlineWithoutPool() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", policy: RunPolicy(timeoutSeconds: 60), .noop("a"))
        let name = try await f.submit("w")
        f.clock.advance(.seconds(59))
        try await f.engine.tick()
        #expect(try await f.state(name) == "pending: a=queued")
        f.clock.advance(.seconds(1))
        try await f.engine.tick()
        #expect(try await f.state(name) == "failed: a=cancelled")
        #expect(try await f.run(name).run.reason == "DeadlineExceeded")
    }

    @Test("Ended runs have the conditions of Jobs, the workflow as a label, and an Event")
    func conditions() async throws {
        let f = try await EngineFixture()
        let seen = Self.occurrences(f)
        f.catalog.setPool(namespace: "default", name: "default", queue: nil)
        try f.workflow("w", .noop("a"))
        let good = try await f.submit("w")
        #expect(try await f.run(good).json.value(at: "status", "conditions") == nil)
        try await f.report(try #require(try await f.lease().first))
        let bad = try await f.submit("w")
        try await f.report(try #require(try await f.lease().first), .failed, reason: "Broken", retryable: false)
        func condition(_ name: String) async throws -> JSONValue? {
            let json = try await f.run(name).json
            #expect(json.value(at: ["metadata", "labels", "martinet.dev/workflow"]) == "w")
            return json.value(at: "status", "conditions")?.arrayValue?.first
        }
        let complete = try await condition(good)
        #expect(complete?["type"] == "Complete" && complete?["status"] == "True" && complete?["reason"] == "Completed")
        let failed = try await condition(bad)
        #expect(failed?["type"] == "Failed" && failed?["status"] == "True" && failed?["reason"] == "StepFailed")
        #expect(try await f.run(bad).json.value(at: "status", "progress") == "0/1")
        #expect(seen.value.withLock { $0.map(\.reason) } == ["Completed", "Failed"])
        #expect(seen.value.withLock { $0.map(\.isWarning) } == [false, true])
    }
}

/// A value that closures share.
final class Mutexed<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
}
