import APIMachinery
@testable import RunEngine
import Spec
import Storage
import RunTestSupport
import Testing

/// What changes between the engine's reading and its acting: it acts on what is true when it acts.
@Suite("Late decisions")
struct LateDecisionTests {
    private let store: InterleavedStore
    private let f: EngineFixture

    init() async throws {
        store = InterleavedStore()
        f = try await EngineFixture(store: store)
        try f.workflow("w", .noop("a"))
    }

    @Test("A run that is deleted before its creation is answered gives a conflict, not an internal error")
    func deletedWhileCreated() async throws {
        let object: JSONValue = ["metadata": ["name": "r"], "spec": ["workflowRef": ["name": "w"]]]
        store.afterNextWrite { [f] in try await f.engine.delete(namespace: "default", name: "r") }
        let error = await #expect(throws: Status.self) { try await f.engine.create(object, namespace: "default") }
        #expect(error?.code == 409)
        #expect(try await f.engine.create(object, namespace: "default").run.name == "r")
    }

    /// An engine that looks at leases only: silence alone makes no runner lost.
    private func patientEngine() async throws -> EngineFixture {
        var settings = RunEngineSettings()
        settings.runnerLostAfter = .seconds(600)
        return try await EngineFixture(store: store, clock: f.clock, catalog: f.catalog, settings: settings)
    }

    private func heartbeat(_ job: LeasedJob, _ f: EngineFixture) async throws -> HeartbeatAnswer {
        try await f.engine.heartbeat(
            EngineFixture.runner(),
            jobs: [(id: job.id, token: job.token)],
            load: RunnerLoad()
        )
    }

    @Test("A lease that is renewed after it was found expired stays")
    func renewedLease() async throws {
        let f = try await patientEngine()
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        f.clock.advance(.seconds(31))
        store.afterNextRead { _ = try await heartbeat(job, f) }
        try await f.engine.tick()
        #expect(try await f.state(name) == "running: a=running")
        #expect(try await f.report(job) == .accepted)
        #expect(try await f.state(name) == "succeeded: a=succeeded")
    }

    @Test("A runner that calls after it was found silent keeps its jobs")
    func returningRunner() async throws {
        let name = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        f.clock.advance(.seconds(20))
        store.beforeNextWrite { _ = try await heartbeat(job, f) }
        try await f.engine.tick()
        #expect(f.engine.runners(namespace: "default", pool: "default").map(\.name) == ["runner-1"])
        #expect(try await f.report(job) == .accepted)
        let run = try await f.run(name)
        #expect(run.steps[0].attempts == 1)
    }
}
