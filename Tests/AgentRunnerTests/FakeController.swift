import APIMachinery
import AsyncHTTPClient
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Observability
import ServiceLifecycle
import Testing

@testable import AgentRunner

/// A controller with no storage behind it: it hands out the jobs it is given and remembers what it was told.
final class FakeController: Sendable {
    struct State: Sendable {
        var waiting: [JSONValue] = []
        /// Token by job.
        var leased: [String: Int64] = [:]
        var reports: [String: JSONValue] = [:]
        /// How often each job was reported and accepted.
        var accepted: [String: Int] = [:]
        var released: [String] = []
        /// What running jobs have written, by job.
        var logs: [String: String] = [:]
        var registrations: [JSONValue] = []
        var heartbeats: [JSONValue] = []
        var deregistered = 0
        var calls: [String: Int] = [:]
        var mostLeased = 0
        var authorizations: Set<String> = []
        var cancel: [JSONValue] = []
        var lost: [JSONValue] = []
        var drain = false
        /// Answered instead of anything else, as if the controller were starting or broken.
        var failure: HTTPResponse.Status?
        /// Forget the runner: everything but registering is answered 404.
        var knowsRunner = false
        var refusesReportsOver = Int.max
        private var nextToken: Int64 = 0

        mutating func lease(_ capacity: Int) -> [JSONValue] {
            guard !drain else { return [] }
            let jobs = waiting.prefix(capacity).map { job in
                nextToken += 1
                var job = job
                job["token"] = .int(nextToken)
                if let id = job["id"]?.stringValue { leased[id] = nextToken }
                return job
            }
            waiting.removeFirst(jobs.count)
            mostLeased = max(mostLeased, leased.count)
            return jobs
        }

        mutating func take(_ report: JSONValue) -> JSONValue {
            let id = report["job"]?.stringValue ?? ""
            let isCurrent = leased[id] == report["token"]?.intValue && leased[id] != nil
            if isCurrent {
                leased[id] = nil
                reports[id] = report
                accepted[id, default: 0] += 1
            }
            return ["job": .string(id), "status": isCurrent ? "Accepted" : "Stale"]
        }
    }

    let state = Monitor(State())

    static func job(_ id: String, _ actor: String, _ with: JSONValue = [:], _ more: JSONObject = [:]) -> JSONValue {
        var job: JSONObject = [
            "id": .string(id), "actor": .string(actor), "with": with, "workflow": "w", "step": "s", "attempt": 1,
            "queueTimeMs": 2.5, "run": ["namespace": "ns", "name": "r", "uid": "u"],
        ]
        for (name, value) in more { job[name] = value }
        return .object(job)
    }

    func enqueue(_ jobs: [JSONValue]) { state.update { $0.waiting += jobs } }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.post("/agents/v1/:call") { request, context in
            let call = context.parameters.get("call") ?? ""
            let bytes = try await request.body.collect(upTo: 64 << 20)
            let body = try JSONValue(parsing: bytes.readableBytesView)
            let failure: HTTPResponse.Status? = self.state.update { state in
                state.calls[call, default: 0] += 1
                state.authorizations.insert(request.headers[.authorization] ?? "")
                if let failure = state.failure { return failure }
                if call == "register" { state.knowsRunner = true }
                if !state.knowsRunner { return .notFound }
                if call == "report", bytes.readableBytes > state.refusesReportsOver { return .contentTooLarge }
                return nil
            }
            if let failure { return Response(status: failure) }
            let answer = try await self.answer(call, body)
            return Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes))
            )
        }
        return router
    }

    private func answer(_ call: String, _ body: JSONValue) async throws -> JSONValue {
        let capacity = Int(body["capacity"]?.intValue ?? 0)
        switch call {
        case "register":
            return state.update { state in
                state.registrations.append(body)
                return [
                    "leaseSeconds": 30, "heartbeatSeconds": 0.05, "pollSeconds": 60, "drain": .bool(state.drain),
                ]
            }
        case "logs":
            return state.update { state in
                for piece in body["logs"]?.arrayValue ?? [] {
                    state.logs[piece["job"]?.stringValue ?? "", default: ""] += piece["log"]?.stringValue ?? ""
                }
                return [:]
            }
        case "lease":
            // Ends with jobs or, as a poll of the real controller does, when the runner hangs up.
            return try await state.wait { state in
                if state.drain { return ["jobs": [], "drain": true] }
                let jobs = state.lease(capacity)
                return jobs.isEmpty ? nil : ["jobs": .array(jobs), "drain": false]
            }
        case "report":
            return state.update { state in
                let results = (body["reports"]?.arrayValue ?? []).map { state.take($0) }
                return [
                    "results": .array(results), "jobs": .array(state.lease(capacity)), "drain": .bool(state.drain),
                ]
            }
        case "heartbeat":
            return state.update { state in
                state.heartbeats.append(body)
                return ["drain": .bool(state.drain), "cancel": .array(state.cancel), "lost": .array(state.lost)]
            }
        case "release":
            return state.update { state in
                let ids = (body["jobs"]?.arrayValue ?? []).compactMap { $0["job"]?.stringValue }
                state.released += ids
                for id in ids { state.leased[id] = nil }
                return [:]
            }
        default:
            return state.update { state in
                state.deregistered += 1
                return [:]
            }
        }
    }

    /// Serves this controller, runs a runner against it, does something with both, and stops the runner as
    /// SIGTERM would; returns once it has gone.
    static func withRunner(
        workers: Int = 2,
        drainTimeout: String = "60s",
        _ body: @escaping @Sendable (FakeController, _ probes: Int) async throws -> Void
    ) async throws -> State {
        let controller = FakeController()
        try await controller.serve { port in
            var flags = RunnerOptions.Flags()
            flags.controller = "http://127.0.0.1:\(port)/"
            flags.pool = "p"
            flags.name = "runner-0"
            flags.workers = workers
            flags.token = "secret"
            flags.drainTimeout = drainTimeout
            let options = try RunnerOptions(flags, environment: ["POD_UID": "uid-1"], hostname: "h", processID: 1)
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            let registry = PrometheusRegistry()
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let environment = ["PATH": "/usr/bin:/bin"]
            let runner = Runner(
                options: options,
                client: client,
                executors: .standard(environment: environment, grace: .milliseconds(300)),
                registry: registry,
                version: "1.2.3",
                environment: environment,
                logger: logger
            )
            let (ports, announce) = AsyncStream<Int>.makeStream()
            let probes = runner.probeServer(
                registry: registry,
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                onRunning: { announce.yield($0) }
            )
            let group = ServiceGroup(services: [probes, runner], gracefulShutdownSignals: [], logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                for await port in ports {
                    try await body(controller, port)
                    break
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            try await client.shutdown()
        }
        return controller.state.read { $0 }
    }

    /// Listens on a free port while the closure runs.
    func serve(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let (ports, announce) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "fake")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { announce.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            for await port in ports {
                try await body(port)
                break
            }
            tasks.cancelAll()
        }
    }

    /// Waits until the state is so.
    func until(_ condition: @escaping @Sendable (State) -> Bool) async throws {
        try await state.wait { condition($0) ? () : nil }
    }
}
