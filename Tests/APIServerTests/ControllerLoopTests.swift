import APIMachinery
import ControllerRuntime
import Logging
import Synchronization
import Testing
import TestSupport

@testable import BuiltInControllers

/// How the built-in controllers work through their queues.
@Suite struct ControllerLoopTests {
    private struct Record {
        var attempts: [String: Int] = [:]
        var atWork: Set<String> = []
        var overlaps = 0
    }

    private static func loop(workers: Int) -> ControllerLoop<String> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ControllerLoop(name: "test", workers: workers, logger: logger)
    }

    @Test("A key that fails is tried again until it succeeds, and others do not wait for it")
    func retries() async throws {
        let record = Mutex(Record())
        let loop = Self.loop(workers: 1)
        let running = Task {
            await loop.run { key throws(Status) in
                let attempt = record.withLock { record in
                    record.attempts[key, default: 0] += 1
                    return record.attempts[key] ?? 0
                }
                if key == "bad", attempt < 4 { throw .internalError("not yet") }
                return .done
            }
        }
        defer { running.cancel() }
        loop.queue.add("bad")
        loop.queue.add("good")
        try await eventually("all is done") { record.withLock { $0.attempts["bad"] == 4 } && loop.queue.isIdle }
        #expect(record.withLock { $0.attempts["good"] } == 1)
    }

    @Test("No key is worked on twice at once, however often it is added, and the last addition is not lost")
    func oneWorkerAKey() async throws {
        let record = Mutex(Record())
        let loop = Self.loop(workers: 8)
        let running = Task {
            await loop.run { key throws(Status) in
                record.withLock { record in
                    if !record.atWork.insert(key).inserted { record.overlaps += 1 }
                }
                for _ in 0..<10 { await Task.yield() }
                record.withLock { record in
                    record.attempts[key, default: 0] += 1
                    record.atWork.remove(key)
                }
                return .done
            }
        }
        defer { running.cancel() }
        for number in 0..<1000 { loop.queue.add("key-\(number % 3)") }
        try await eventually("the queue is empty") { loop.queue.isIdle }
        let before = record.withLock { $0.attempts["key-0"] ?? 0 }
        loop.queue.add("key-0")
        try await eventually("it is worked on again") { record.withLock { ($0.attempts["key-0"] ?? 0) > before } }
        #expect(record.withLock { $0.overlaps } == 0)
    }
}
