import APIMachinery
import Containment
import ControllerRuntime
import FoundationEssentials
import KubeTestSupport
import Logging
import Synchronization
import Testing

/// Objects that the process died over twice are not reconciled.
struct QuarantineTests {
    @Test func skippedUntilReleased() async throws {
        let directory = "\(FileManager.default.temporaryDirectory.path)/quarantine-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let record: JSONValue = [
            "quarantined": [
                ["kind": "workerpool", "namespace": "n", "name": "poison", "deaths": 2, "signal": "SIGILL"]
            ]
        ]
        try Data(record.bytes).write(to: URL(filePath: "\(directory)/quarantine.json"))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let containment = try Containment(directory: directory, logger: logger)
        let seen = Mutex<[String]>([])
        let done = Notifier()
        let controller = Controller(
            name: "workerpool",
            reconciler: ClosureReconciler { request in
                seen.withLock { $0.append(request.name) }
                done.notify()
                return .done
            },
            containment: containment,
            time: ManualTime(),
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            controller.queue.add(Request(namespace: "n", name: "poison"))
            controller.queue.add(Request(namespace: "n", name: "other"))
            await done.wait()
            #expect(seen.withLock { $0 } == ["other"])
            let entry = try #require(containment.entry(WorkKind(rawValue: "workerpool"), "n", "poison"))
            // Releasing enqueues it.
            try await containment.release(id: entry.subject.id)
            await done.wait()
            #expect(seen.withLock { $0 } == ["other", "poison"])
            group.cancelAll()
        }
    }
}
