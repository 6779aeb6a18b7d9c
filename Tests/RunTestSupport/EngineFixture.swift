import APIMachinery
package import Containment
import Logging
package import RunEngine
package import Spec
package import Storage
import Testing

/// An engine over a store of its own, with a clock that the test moves.
///
/// Tests let much time pass at once, which a real engine takes for a pause of its own: unless `noticesPauses`, the
/// engine takes it for time in which it was there.
package struct EngineFixture: Sendable {
    package let engine: RunEngine
    package let clock: ManualClock
    package let catalog: WorkflowCatalog

    package init(
        store: any RunStore = MemoryRunStore(),
        clock: ManualClock = ManualClock(),
        catalog: WorkflowCatalog = WorkflowCatalog(),
        seed: UInt64 = 1,
        settings: RunEngineSettings = RunEngineSettings(),
        containment: Containment = .disabled,
        noticesPauses: Bool = false
    ) async throws {
        var settings = settings
        if !noticesPauses {
            settings.pauseTolerance = .seconds(1_000_000_000)
            settings.pauseGrace = .zero
        }
        let random = SeededRandom(seed)
        self.clock = clock
        self.catalog = catalog
        engine = RunEngine(
            store: store,
            catalog: catalog,
            settings: settings,
            clock: clock,
            random: { random.next() },
            containment: containment,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await engine.start()
    }

    package func workflow(_ name: String, _ spec: WorkflowSpec) throws {
        try catalog.setWorkflow(namespace: "default", name: name, spec: spec)
    }

    package func workflow(_ name: String, policy: RunPolicy? = nil, _ steps: Step...) throws {
        try workflow(name, WorkflowSpec(policy: policy, steps: steps))
    }

    @discardableResult
    package func submit(_ workflow: String, _ request: RunRequest = RunRequest()) async throws -> String {
        try #require(try await engine.submit(namespace: "default", workflow: workflow, [request]).first).name
    }

    package static func runner(_ name: String = "runner-1") -> RunnerReference {
        RunnerReference(namespace: "default", pool: "default", name: name)
    }

    package func lease(_ count: Int = 1, runner: String = "runner-1") async throws -> [LeasedJob] {
        try await engine.lease(Self.runner(runner), capacity: count, wait: 0).jobs
    }

    @discardableResult
    package func report(
        _ job: LeasedJob,
        _ outcome: JobReport.Outcome = .succeeded,
        output: String = "",
        reason: String? = nil,
        retryable: Bool = true,
        runner: String = "runner-1"
    ) async throws -> ReportResult {
        var report = JobReport(job: job.id, token: job.token, outcome: outcome)
        report.output = Array(output.utf8)
        report.failure = reason.map { StepFailure(reason: $0, message: "because") }
        report.isRetryable = retryable
        return try #require(try await engine.report(Self.runner(runner), [report], capacity: 0).results.first)
    }

    package func run(_ name: String) async throws -> RunSnapshot {
        try #require(try await engine.run(namespace: "default", name: name))
    }

    /// The run's phase and its steps' phases in one line.
    package func state(_ name: String) async throws -> String {
        let snapshot = try await run(name)
        let steps = snapshot.steps.map { "\($0.id)=\($0.phase)" }.joined(separator: " ")
        return "\(snapshot.run.phase): \(steps)"
    }
}

extension Step {
    package static func noop(_ id: String, after: [String]? = nil, retry: RetryPolicy? = nil, timeout: Int? = nil)
        -> Step
    {
        Step(id: id, actor: "noop", dependsOn: after, retry: retry, timeoutSeconds: timeout)
    }
}
