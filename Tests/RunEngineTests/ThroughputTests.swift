import APIMachinery
import FoundationEssentials
import Logging
import RunEngine
import Spec
import Storage
import StorageSQLite
import TestSupport
import RunTestSupport
import Testing

/// Measures rather than tests; runs only when asked for with `MARTINET_BENCH=runs`, in a release build.
@Suite("Throughput", .enabled(if: ProcessInfo.processInfo.environment["MARTINET_BENCH"] != nil, "set MARTINET_BENCH"))
struct ThroughputTests {
    @Test("One-step runs through engine and SQLite", arguments: [1, 8, 64])
    func oneStepRuns(batch: Int) async throws {
        try await Files.withTemporaryDirectory { directory in
            let total = Int(ProcessInfo.processInfo.environment["MARTINET_BENCH"] ?? "") ?? 20_000
            let store = try SQLiteRunStore(path: directory + "/runs.sqlite")
            let catalog = WorkflowCatalog()
            catalog.setPool(namespace: "default", name: "default", queue: QueueSpec(maxDepth: 1_000_000))
            try catalog.setWorkflow(namespace: "default", name: "w", spec: WorkflowSpec(steps: [.noop("a")]))
            let engine = RunEngine(
                store: store,
                catalog: catalog,
                logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
            )
            try await engine.start()
            let began = ContinuousClock.now
            for _ in 0..<(total / 500) {
                _ = try await engine.submit(
                    namespace: "default",
                    workflow: "w",
                    Array(repeating: RunRequest(), count: 500)
                )
            }
            let submitted = ContinuousClock.now - began
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        let runner = EngineFixture.runner("runner-\(index)")
                        var jobs = try await engine.lease(runner, capacity: batch, wait: 0).jobs
                        while !jobs.isEmpty {
                            let reports = jobs.map { job in
                                var report = JobReport(job: job.id, token: job.token, outcome: .succeeded)
                                report.output = Array(#"{"ok":true}"#.utf8)
                                report.metrics = Array(#"{"execution_time_ms":1.5,"queue_time_ms":3}"#.utf8)
                                return report
                            }
                            jobs = try await engine.report(runner, reports, capacity: batch).jobs
                        }
                    }
                }
                try await group.waitForAll()
            }
            let all = ContinuousClock.now - began
            let rate = { (duration: Duration) in Int(clamping: Double(total) / (duration / .seconds(1))) }
            print(
                "batch \(batch): \(rate(submitted)) submitted/s, \(rate(all - submitted)) worked off/s, \(rate(all)) runs/s"
            )
            let query = RunQuery(limit: total + 1)
            #expect(try await store.read { try $0.runs(query) }.allSatisfy { $0.phase == .succeeded })
            try store.close()
        }
    }
}
