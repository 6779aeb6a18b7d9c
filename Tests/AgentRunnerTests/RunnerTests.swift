import APIMachinery
import AsyncHTTPClient
import Glibc
import Hummingbird
import NIOCore
import NIOHTTP1
import Testing

@testable import AgentRunner

@Suite("A runner and its controller")
struct RunnerTests {
    private typealias Fake = FakeController

    @Test("Registering tells who the runner is and what it runs on")
    func registering() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            try await controller.until { $0.heartbeats.count >= 2 }
        }
        let body = try #require(state.registrations.first)
        #expect(body["pool"] == "p" && body["runner"] == "runner-0" && body["namespace"] == "default")
        #expect(body["podUID"] == "uid-1" && body["concurrency"] == 2 && body["protocolVersion"] == 1)
        #expect(body["runtimeVersion"] == "1.2.3")
        let facts = body["system"]?.objectValue?.keys ?? []
        #expect(
            Set(facts) == [
                "os", "arch", "hostname", "cpus_logical", "cpus_physical", "memory_total_mb", "runtime_version",
                "container_runtime",
            ]
        )
        #expect(state.authorizations == ["Bearer secret"])
        let load = state.heartbeats.last?["load"]
        #expect(load?["slotsBusy"] == 0 && (load?["memoryMB"]?.doubleValue ?? 0) > 1)
        #expect(load?["cpuMillicores"]?.intValue != nil)
        #expect(state.deregistered == 1)
    }

    @Test("Thousands of trivial jobs pass in few requests, each reported once, in full")
    func noops() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.enqueue((0..<2000).map { FakeController.job("n-\($0)", "noop", ["output": .int(Int64($0))]) })
            try await controller.until { $0.reports.count == 2000 }
        }
        #expect(state.accepted.values.allSatisfy { $0 == 1 })
        #expect(state.calls["report", default: 0] < 100)
        let report = try #require(state.reports["n-1999"])
        #expect(report["outcome"] == "Succeeded" && report["output"] == 1999)
        #expect(
            Set(report["metrics"]?.objectValue?.keys ?? []) == [
                "queue_time_ms", "execution_time_ms", "total_duration_ms", "memory_start_mb", "memory_peak_mb",
                "memory_end_mb", "cpu_percent", "thread_count",
            ]
        )
        #expect((report["metrics"]?["queue_time_ms"]?.doubleValue ?? 0) >= 2.5)
        #expect(report["startedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) != nil)
    }

    @Test("Never more jobs at once than slots, and none forgotten")
    func slots() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.enqueue((0..<12).map { FakeController.job("e-\($0)", "sleep", ["seconds": 0.01]) })
            try await controller.until { $0.reports.count == 12 }
        }
        #expect(state.mostLeased <= 2)
        #expect(state.reports.values.allSatisfy { $0["outcome"] == "Succeeded" })
    }

    @Test("Programs run, fail, and are unknown, each with its report")
    func kinds() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.enqueue([
                FakeController.job("ok", "exec", ["command": ["sh", "-c", "echo log >&2; echo '{\"x\":1}'"]]),
                FakeController.job("bad", "exec", ["command": ["sh", "-c", "exit 9"]]),
                FakeController.job("what", "telepathy"),
                FakeController.job("input", "sleep"),
            ])
            try await controller.until { $0.reports.count == 4 }
        }
        #expect(state.reports["ok"]?["output"] == ["x": 1] && state.reports["ok"]?["logTail"] == "log\n")
        #expect(
            state.reports["bad"]?["error"]?["exitCode"] == 9 && state.reports["bad"]?["error"]?["retryable"] == true
        )
        #expect(state.reports["what"]?["error"]?["reason"] == "UnknownActor")
        #expect(state.reports["input"]?["error"]?["reason"] == "InvalidInput")
    }

    @Test("What a job writes is sent while it runs, and the report says how much it was")
    func liveLogs() async throws {
        // The program goes on when it can read a line, and holds no end of the pipe open that would keep it from waiting.
        let path = "/tmp/martinet-log-\(UInt64.random(in: 0 ... .max))"
        try #require(mkfifo(path, 0o600) == 0)
        let pipe = open(path, O_RDWR | O_CLOEXEC)
        defer {
            close(pipe)
            unlink(path)
        }
        let state = try await FakeController.withRunner { controller, _ in
            let program = "echo one >&2; read line < \(path); printf 'tw\\303\\274' >&2; echo 1"
            controller.enqueue([FakeController.job("j", "exec", ["command": ["sh", "-c", .string(program)]])])
            try await controller.until { $0.logs["j"] == "one\n" }
            #expect(controller.state.read { $0.reports.isEmpty })
            #expect(write(pipe, "\n", 1) == 1)
            try await controller.until { $0.reports.count == 1 }
        }
        #expect(state.reports["j"]?["logTail"] == "one\ntwü")
        #expect(state.reports["j"]?["logBytes"] == 8)
    }

    @Test("Pieces of logs end with whole characters, and a flood is cut at its beginning")
    func pieces() {
        func whole(_ bytes: [UInt8]) -> [UInt8] { Array(LogOutbox.wholeCharacters(bytes[...])) }
        #expect(whole(Array("aü€😀".utf8)) == Array("aü€😀".utf8))
        for character in ["ü", "€", "😀"] {
            for cut in 1..<character.utf8.count {
                #expect(whole(Array("a".utf8) + character.utf8.dropLast(cut)) == Array("a".utf8))
                #expect(whole(character.utf8.dropFirst(cut) + Array("a".utf8)) == Array("a".utf8))
            }
        }
        #expect(whole([]) == [] && whole([0xFF, 0x61]) == [0xFF, 0x61])
        let outbox = LogOutbox()
        guard let job = try? Job(FakeController.job("j", "exec", [:], ["token": 1])) else { return }
        let flood = [UInt8](repeating: 0x78, count: 3 * LogOutbox.limit)
        flood.withUnsafeBytes { outbox.append($0, of: job) }
        let pieces = outbox.take()
        #expect(pieces.map(\.end) == [flood.count] && pieces[0].text.utf8.count == LogOutbox.limit)
        #expect(outbox.take().isEmpty)
    }

    @Test("A job over its time is stopped and reported as timed out")
    func timeout() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.enqueue([
                FakeController.job("t", "exec", ["command": ["sleep", "300"]], ["timeoutSeconds": 0.1]),
                FakeController.job("u", "sleep", ["seconds": 300], ["timeoutSeconds": 0.1]),
            ])
            try await controller.until { $0.reports.count == 2 }
        }
        for id in ["t", "u"] {
            #expect(state.reports[id]?["outcome"] == "TimedOut")
            #expect(state.reports[id]?["error"]?["reason"] == "TimedOut")
        }
    }

    @Test("Cancelled jobs are stopped and reported, lost ones stopped and kept quiet about")
    func cancelling() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.enqueue([
                FakeController.job("c", "exec", ["command": ["sleep", "300"]]),
                FakeController.job("l", "exec", ["command": ["sleep", "300"]]),
            ])
            try await controller.until { ($0.heartbeats.last?["jobs"]?.arrayValue?.count ?? 0) == 2 }
            controller.state.update {
                $0.cancel = ["c"]
                $0.lost = ["l"]
            }
            try await controller.until { $0.reports["c"] != nil }
            try await controller.until { $0.heartbeats.last?["jobs"] == [] }
        }
        #expect(state.reports["c"]?["outcome"] == "Cancelled" && state.reports["c"]?["error"]?["reason"] == "Cancelled")
        #expect(state.reports["l"] == nil && state.released.isEmpty)
    }

    @Test("A draining runner takes nothing, finishes what it has, and takes again when told so")
    func draining() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.state.update { $0.drain = true }
            // Two heartbeats begun after the change: the runner has heard of it.
            let seen = controller.state.read { $0.heartbeats.count }
            try await controller.until { $0.heartbeats.count >= seen + 2 }
            let polls = controller.state.read { $0.calls["lease", default: 0] }
            controller.enqueue([FakeController.job("n", "noop")])
            try await controller.until { $0.heartbeats.count >= seen + 4 }
            let later = controller.state.read { $0.calls["lease", default: 0] }
            #expect(later == polls)
            controller.state.update { $0.drain = false }
            try await controller.until { $0.reports.count == 1 }
        }
        #expect(state.reports["n"] != nil)
    }

    @Test("A controller that is not there yet, breaks down and forgets: every job ends once")
    func restarts() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.state.update { $0.failure = .serviceUnavailable }
            let before = controller.state.read { $0.registrations.count }
            try await controller.until {
                $0.calls["register", default: 0] >= 2 || $0.calls["heartbeat", default: 0] >= 2
            }
            controller.state.update { $0.failure = nil }
            controller.enqueue([FakeController.job("a", "exec", ["command": ["sh", "-c", "sleep 0.2; echo 1"]])])
            try await controller.until { $0.leased["a"] != nil }
            // Down while the job ends; the report must wait for it.
            let calls = controller.state.update { state in
                state.failure = .badGateway
                return state.calls["report", default: 0]
            }
            try await controller.until {
                $0.calls["report", default: 0] > calls || $0.calls["register", default: 0] > 3
            }
            controller.state.update {
                $0.failure = nil; $0.knowsRunner = false
            }
            try await controller.until { $0.reports["a"] != nil }
            #expect(controller.state.read { $0.registrations.count } > before)
            controller.enqueue([FakeController.job("b", "noop")])
            try await controller.until { $0.reports["b"] != nil }
        }
        #expect(state.accepted == ["a": 1, "b": 1])
    }

    @Test("A report that the controller refuses does not hold the others up")
    func refused() async throws {
        let state = try await FakeController.withRunner(workers: 4) { controller, _ in
            controller.state.update { $0.refusesReportsOver = 20_000 }
            controller.enqueue([
                FakeController.job("small", "noop"),
                FakeController.job("large", "noop", ["output": .string(String(repeating: "x", count: 50_000))]),
                FakeController.job("other", "noop"),
            ])
            try await controller.until { $0.reports.count == 3 }
        }
        #expect(state.reports["small"]?["outcome"] == "Succeeded" && state.reports["other"]?["outcome"] == "Succeeded")
        #expect(state.reports["large"]?["error"]?["reason"] == "ReportRefused")
    }

    @Test("SIGTERM: what runs is finished and reported, then the runner goes")
    func finishing() async throws {
        let state = try await FakeController.withRunner { controller, _ in
            controller.enqueue([FakeController.job("a", "exec", ["command": ["sh", "-c", "sleep 0.2; echo 1"]])])
            // Seen by a heartbeat it runs; on a slow machine it may already be over.
            try await controller.until { state in
                state.reports["a"] != nil || (state.heartbeats.last?["jobs"]?.arrayValue?.count ?? 0) == 1
            }
        }
        #expect(state.reports["a"]?["outcome"] == "Succeeded")
        #expect(state.released.isEmpty && state.deregistered == 1)
    }

    @Test("SIGTERM: what takes longer than the drain time-out is stopped and handed back")
    func handingBack() async throws {
        let state = try await FakeController.withRunner(drainTimeout: "50ms") { controller, _ in
            controller.enqueue([FakeController.job("a", "exec", ["command": ["sleep", "300"]])])
            try await controller.until { ($0.heartbeats.last?["jobs"]?.arrayValue?.count ?? 0) == 1 }
        }
        #expect(state.released == ["a"] && state.reports.isEmpty && state.deregistered == 1)
    }

    @Test("Probes and metrics")
    func probes() async throws {
        _ = try await FakeController.withRunner(workers: 4) { controller, port in
            controller.enqueue([FakeController.job("n", "noop")])
            try await controller.until { $0.reports.count == 1 && $0.heartbeats.count >= 1 }
            func get(_ path: String) async throws -> (UInt, String) {
                let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
                return (response.status.code, String(buffer: try await response.body.collect(upTo: 1 << 20)))
            }
            let health = try await get("/health")
            #expect(health == (200, #"{"status":"ok","service":"agent-runner","workers":4,"running":true}"#))
            #expect(try await get("/livez") == (200, "ok"))
            let ready = try await get("/readyz?verbose")
            #expect(ready.0 == 200 && ready.1.contains("[+]controller ok"))
            let metrics = try await get("/metrics")
            let series = "martinet_runner_jobs_total{actor=\"noop\",outcome=\"Succeeded\",pool=\"p\"} 1\n"
            #expect(metrics.0 == 200 && metrics.1.contains(series))
            #expect(metrics.1.contains("martinet_runner_slots{pool=\"p\"} 4\n"))
        }
    }
}
