import APIMachinery
import Containment
import FoundationEssentials
import Logging
import RunEngine
import Spec
import Storage
import StorageSQLite
import Synchronization
import TestSupport
import Testing

/// Clocks that stand still until they are told otherwise.
final class ManualClock: EngineClock {
    private struct Time {
        var calendar: Timestamp
        var uptime = Duration.seconds(1000)
    }

    private let time: Mutex<Time>

    init(_ start: Timestamp = Timestamp(seconds: 1_800_000_000)) { time = Mutex(Time(calendar: start)) }

    var calendar: Timestamp { time.withLock { $0.calendar } }
    var uptime: Duration { time.withLock { $0.uptime } }
    var now: Timestamp { calendar }

    /// Time passes.
    func advance(_ duration: Duration) {
        time.withLock { time in
            time.calendar = time.calendar.advanced(by: duration)
            time.uptime += duration
        }
    }

    /// Somebody sets the calendar; no time passes.
    func setCalendar(by duration: Duration) {
        time.withLock { $0.calendar = $0.calendar.advanced(by: duration) }
    }

    /// Nothing in these tests waits for time to pass.
    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
}

/// Random numbers that are the same in every run, for an engine and its test together.
final class SeededRandom: Sendable {
    private let generator: Mutex<SplitMix64>

    init(_ seed: UInt64) { generator = Mutex(SplitMix64(seed: seed)) }

    func next() -> UInt64 { generator.withLock { $0.next() } }

    func below(_ bound: Int) -> Int { generator.withLock { $0.next(below: bound) } }

    func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// An engine over a store of its own, with a clock that the test moves.
///
/// Tests let much time pass at once, which a real engine takes for a pause of its own: unless `noticesPauses`, the
/// engine takes it for time in which it was there.
struct EngineFixture: Sendable {
    let engine: RunEngine
    let clock: ManualClock
    let catalog: WorkflowCatalog

    init(
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

    func workflow(_ name: String, _ spec: WorkflowSpec) throws {
        try catalog.setWorkflow(namespace: "default", name: name, spec: spec)
    }

    func workflow(_ name: String, policy: RunPolicy? = nil, _ steps: Step...) throws {
        try workflow(name, WorkflowSpec(policy: policy, steps: steps))
    }

    @discardableResult
    func submit(_ workflow: String, _ request: RunRequest = RunRequest()) async throws -> String {
        try #require(try await engine.submit(namespace: "default", workflow: workflow, [request]).first).name
    }

    static func runner(_ name: String = "runner-1") -> RunnerIdentity {
        RunnerIdentity(namespace: "default", pool: "default", name: name)
    }

    func lease(_ count: Int = 1, runner: String = "runner-1") async throws -> [LeasedJob] {
        try await engine.lease(Self.runner(runner), capacity: count, wait: 0).jobs
    }

    @discardableResult
    func report(
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

    func run(_ name: String) async throws -> RunSnapshot {
        try #require(try await engine.run(namespace: "default", name: name))
    }

    /// The run's phase and its steps' phases in one line.
    func state(_ name: String) async throws -> String {
        let snapshot = try await run(name)
        let steps = snapshot.steps.map { "\($0.id)=\($0.phase)" }.joined(separator: " ")
        return "\(snapshot.run.phase): \(steps)"
    }
}

extension Step {
    static func noop(_ id: String, after: [String]? = nil, retry: RetryPolicy? = nil, timeout: Int? = nil) -> Step {
        Step(id: id, actor: "noop", dependsOn: after, retry: retry, timeoutSeconds: timeout)
    }
}

enum Scratch {
    static func with(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/martinet-engine-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }
}
