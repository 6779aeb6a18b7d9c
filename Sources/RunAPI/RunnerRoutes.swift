import APIMachinery
public import Hummingbird
public import Logging
public import RunEngine
import Spec
import Storage

/// The runners' side of the HTTP API: `/agents/v1`, described in `docs/runner-protocol.md`.
public struct RunnerRoutes: Sendable {
    /// The version of the protocol that this engine speaks.
    public static let protocolVersion = 1

    /// Slots of a runner that can be in use.
    private static let slots = 0...Double(Bounds.concurrency.upperBound)
    /// Bytes that an attempt can have written to its log.
    static let logBytes = 0...1 << 50
    /// Jobs that a runner can ask for at once.
    private static let capacity = 0...Bounds.concurrency.upperBound

    private let engine: RunEngine
    private let exchange: JSONExchange

    /// The routes of an engine. Bodies count against the budget.
    public init(
        engine: RunEngine,
        authorizer: any RequestAuthorizer,
        bodies: BodyBudget = BodyBudget(),
        logger: Logger
    ) {
        self.engine = engine
        exchange = JSONExchange(
            authorizer: authorizer,
            bodies: bodies,
            containment: engine.containment,
            logger: logger
        )
    }

    /// Adds the routes.
    public func add<Context: RequestContext>(to router: some RouterMethods<Context>) {
        router.post("/agents/v1/register") { request, _ in await call(request, register) }
        router.post("/agents/v1/lease") { request, _ in await call(request, lease) }
        router.post("/agents/v1/report") { request, _ in await call(request, report) }
        router.post("/agents/v1/heartbeat") { request, _ in await call(request, heartbeat) }
        router.post("/agents/v1/logs") { request, _ in await call(request, logs) }
        router.post("/agents/v1/release") { request, _ in await call(request, release) }
        router.post("/agents/v1/deregister") { request, _ in await call(request, deregister) }
    }

    private func call(
        _ request: Request,
        _ body: (RunnerReference, JSONValue) async throws -> [UInt8]
    ) async -> Response {
        await exchange.respond(to: request) {
            // The pool is in the body, so authorization comes after reading it.
            try await exchange.authenticate(request)
            return try await exchange.withBody(request) { json in
                let runner = try Self.identity(json)
                try await exchange.authorize(request, .work(pool: runner.pool), runner.namespace)
                return try await body(runner, json)
            }
        }
    }

    /// The runner that calls. Names follow the rules of objects, because they are used in requests for the runner's
    /// Pod.
    private static func identity(_ json: JSONValue) throws -> RunnerReference {
        func name(_ member: String, _ rule: (String) -> [String]) throws -> String {
            let text = try json.text(member)
            guard let fault = rule(text).first else { return text }
            throw Status.badRequest("\"\(member)\" must be the name of an object, not \"\(text.prefix(80))\": \(fault)")
        }
        return RunnerReference(
            namespace: try name("namespace", Validation.dns1123Label),
            pool: try name("pool", Validation.dns1123Subdomain),
            name: try name("runner", Validation.dns1123Subdomain)
        )
    }

    private func register(_ runner: RunnerReference, _ json: JSONValue) async throws -> [UInt8] {
        let version = try json.integer(
            "protocolVersion",
            default: Self.protocolVersion,
            in: 0...Int(Int32.max)
        )
        guard version == Self.protocolVersion else {
            throw Status.badRequest(
                "protocolVersion \(version) is not supported; this controller supports \(Self.protocolVersion)"
            )
        }
        let terms = try await engine.register(
            runner,
            RunnerRegistration(
                podUID: json["podUID"] == nil ? "" : try json.text("podUID"),
                concurrency: try json.integer("concurrency", default: 1, in: Bounds.concurrency),
                holding: Set(try references(json).map(\.id))
            )
        )
        var writer = JSONObjectWriter()
        writer.object { object in
            object.member("drain", terms.drain)
            object.member("heartbeatSeconds", terms.heartbeatSeconds)
            object.member("leaseSeconds", terms.leaseSeconds)
            object.member("pollSeconds", terms.pollSeconds)
        }
        return writer.output
    }

    private func lease(_ runner: RunnerReference, _ json: JSONValue) async throws -> [UInt8] {
        let answer = try await engine.lease(
            runner,
            capacity: try json.integer("capacity", default: 1, in: Self.capacity),
            wait: try json.integer("waitSeconds", default: 0, in: 0...Int(Int32.max))
        )
        var writer = JSONObjectWriter()
        writer.object { object in
            object.member("drain", answer.drain)
            object.member("jobs") { $0.list(answer.jobs) { Self.write($1, &$0) } }
        }
        return writer.output
    }

    private func report(_ runner: RunnerReference, _ json: JSONValue) async throws -> [UInt8] {
        let reports = try json.list("reports").enumerated().map { index, report in
            try ReportReader(settings: engine.settings).read(report, at: "reports[\(index)]")
        }
        let answer = try await engine.report(
            runner,
            reports,
            capacity: try json.integer("capacity", default: 0, in: Self.capacity)
        )
        var writer = JSONObjectWriter()
        writer.object { object in
            object.member("drain", answer.drain)
            object.member("jobs") { $0.list(answer.jobs) { Self.write($1, &$0) } }
            object.member("results") { results in
                results.list(Array(zip(reports, answer.results))) { writer, result in
                    writer.object { object in
                        object.member("job", result.0.job.description)
                        object.member("status", result.1.rawValue)
                    }
                }
            }
        }
        return writer.output
    }

    private func heartbeat(_ runner: RunnerReference, _ json: JSONValue) async throws -> [UInt8] {
        let jobs = try references(json)
        var memory: [JobID: Double] = [:]
        for (index, (job, item)) in zip(jobs, try json.list("jobs")).enumerated() where item["memoryMB"] != nil {
            memory[job.id] = try item.number("memoryMB", default: 0, in: 0...1e9, path: "jobs[\(index)]")
        }
        let answer = try await engine.heartbeat(
            runner,
            jobs: jobs,
            load: try Self.load(try json.object("load")),
            memoryMB: memory
        )
        var writer = JSONObjectWriter()
        writer.object { object in
            object.member("cancel") { $0.list(answer.cancel) { $0.text($1.description) } }
            object.member("drain", answer.drain)
            object.member("lost") { $0.list(answer.lost) { $0.text($1.description) } }
            object.member("register", answer.register)
        }
        return writer.output
    }

    /// No machine is larger than a million cores or a petabyte.
    private static func load(_ json: JSONValue) throws -> RunnerLoad {
        let cpu = try json.number("cpuMillicores", default: 0, in: 0...1e9, path: "load")
        return RunnerLoad(
            cpuMillicores: Int(clamping: cpu),
            memoryMB: try json.number("memoryMB", default: 0, in: 0...1e9, path: "load"),
            slotsBusy: Int(clamping: try json.number("slotsBusy", default: 0, in: Self.slots, path: "load"))
        )
    }

    private func logs(_ runner: RunnerReference, _ json: JSONValue) async throws -> [UInt8] {
        let pieces = try json.list("logs").enumerated().map { index, entry in
            let (job, token) = try ReportReader.reference(entry, at: "logs[\(index)]")
            let text = try entry.text("log").utf8.suffix(engine.settings.maximumLogBytes)
            let end = try entry.integer("end", default: 0, in: Self.logBytes)
            return LogPiece(job: job, token: token, text: Array(text), end: end)
        }
        engine.appendLogs(runner, pieces)
        return Array("{}".utf8)
    }

    private func release(_ runner: RunnerReference, _ json: JSONValue) async throws -> [UInt8] {
        let count = try await engine.release(runner, jobs: try references(json))
        return JSONValue.object(["released": .int(Int64(count))]).bytes
    }

    private func deregister(_ runner: RunnerReference, _ json: JSONValue) async throws -> [UInt8] {
        try await engine.deregister(runner)
        return Array("{}".utf8)
    }

    private func references(_ json: JSONValue) throws -> [(id: JobID, token: Int64)] {
        try json.list("jobs").enumerated().map { index, item in
            try ReportReader.reference(item, at: "jobs[\(index)]")
        }
    }

    private static func write(_ job: LeasedJob, _ writer: inout JSONObjectWriter) {
        writer.object { object in
            object.member("id", job.id.description)
            object.member("token", String(job.token))
            object.member("attempt", job.id.attempt)
            object.member("queueTimeMs", Array(JSONWriter.format(job.queueTime / .milliseconds(1)).utf8))
            object.member("leaseSeconds", job.leaseSeconds)
            object.members(job.payload)
        }
    }
}
