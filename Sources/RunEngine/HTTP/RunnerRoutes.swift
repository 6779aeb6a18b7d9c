import APIMachinery
import Containment
import HTTPTypes
public import Hummingbird
public import Logging
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

    /// The routes of an engine, open to whom the authorizer lets in. Bodies share the budget.
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
        _ body: (RunnerIdentity, JSONValue) async throws -> [UInt8]
    ) async -> Response {
        await exchange.respond(to: request) {
            // Whose pool it is stands in the body, so that what the caller may do is only known afterwards.
            try await exchange.authenticate(request)
            return try await exchange.withBody(request) { json in
                let runner = try Self.identity(json)
                try await exchange.authorize(request, .work(pool: runner.pool), runner.namespace)
                return try await body(runner, json)
            }
        }
    }

    /// Who calls, as objects are named: the plane asks the API server for the runner's Pod by this name.
    private static func identity(_ json: JSONValue) throws -> RunnerIdentity {
        func name(_ member: String, _ rule: (String) -> [String]) throws -> String {
            let text = try json.text(member)
            guard let fault = rule(text).first else { return text }
            throw Status.badRequest("\"\(member)\" must be the name of an object, not \"\(text.prefix(80))\": \(fault)")
        }
        return RunnerIdentity(
            namespace: try name("namespace", Validation.dns1123Label),
            pool: try name("pool", Validation.dns1123Subdomain),
            name: try name("runner", Validation.dns1123Subdomain)
        )
    }

    private func register(_ runner: RunnerIdentity, _ json: JSONValue) async throws -> [UInt8] {
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
        var writer = ObjectWriter()
        writer.object { object in
            object.member("drain", terms.drain)
            object.member("heartbeatSeconds", terms.heartbeatSeconds)
            object.member("leaseSeconds", terms.leaseSeconds)
            object.member("pollSeconds", terms.pollSeconds)
        }
        return writer.output
    }

    private func lease(_ runner: RunnerIdentity, _ json: JSONValue) async throws -> [UInt8] {
        let answer = try await engine.lease(
            runner,
            capacity: try json.integer("capacity", default: 1, in: Self.capacity),
            wait: try json.integer("waitSeconds", default: 0, in: 0...Int(Int32.max))
        )
        var writer = ObjectWriter()
        writer.object { object in
            object.member("drain", answer.drain)
            object.member("jobs") { $0.list(answer.jobs) { Self.write($1, &$0) } }
        }
        return writer.output
    }

    private func report(_ runner: RunnerIdentity, _ json: JSONValue) async throws -> [UInt8] {
        let reports = try json.list("reports").enumerated().map { index, report in
            try ReportReader(settings: engine.settings).read(report, at: "reports[\(index)]")
        }
        let answer = try await engine.report(
            runner,
            reports,
            capacity: try json.integer("capacity", default: 0, in: Self.capacity)
        )
        var writer = ObjectWriter()
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

    private func heartbeat(_ runner: RunnerIdentity, _ json: JSONValue) async throws -> [UInt8] {
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
        var writer = ObjectWriter()
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

    private func logs(_ runner: RunnerIdentity, _ json: JSONValue) async throws -> [UInt8] {
        let pieces = try json.list("logs").enumerated().map { index, entry in
            let (job, token) = try ReportReader.reference(entry, at: "logs[\(index)]")
            let text = try entry.text("log").utf8.suffix(engine.settings.maximumLogBytes)
            let end = try entry.integer("end", default: 0, in: Self.logBytes)
            return LogPiece(job: job, token: token, text: Array(text), end: end)
        }
        engine.appendLogs(runner, pieces)
        return Array("{}".utf8)
    }

    private func release(_ runner: RunnerIdentity, _ json: JSONValue) async throws -> [UInt8] {
        let count = try await engine.release(runner, jobs: try references(json))
        return JSONValue.object(["released": .int(Int64(count))]).bytes
    }

    private func deregister(_ runner: RunnerIdentity, _ json: JSONValue) async throws -> [UInt8] {
        try await engine.deregister(runner)
        return Array("{}".utf8)
    }

    private func references(_ json: JSONValue) throws -> [(id: JobID, token: Int64)] {
        try json.list("jobs").enumerated().map { index, item in
            try ReportReader.reference(item, at: "jobs[\(index)]")
        }
    }

    private static func write(_ job: LeasedJob, _ writer: inout ObjectWriter) {
        writer.object { object in
            object.member("id", job.id.description)
            object.member("token", String(job.token))
            object.member("attempt", job.id.attempt)
            object.member("queueTimeMs", Array(JSONWriter.format(job.queueTime.inMilliseconds).utf8))
            object.member("leaseSeconds", job.leaseSeconds)
            object.members(job.payload)
        }
    }
}

/// Reads reports from JSON.
struct ReportReader {
    let settings: RunEngineSettings

    func read(_ json: JSONValue, at path: String) throws -> JobReport {
        let (id, token) = try Self.reference(json, at: path)
        let name = json["outcome"]?.stringValue ?? ""
        guard let outcome = JobReport.Outcome(rawValue: name) else {
            let names = JobReport.Outcome.allCases.map(\.rawValue).joined(separator: ", ")
            throw Status.badRequest("\(path).outcome must be one of \(names), not \"\(name)\"")
        }
        var report = JobReport(job: id, token: token, outcome: outcome)
        if let output = json["output"] {
            if output.isNested(deeperThan: JSONValue.maximumValueDepth) {
                Self.refuse(
                    &report,
                    "OutputTooDeep",
                    "the output is nested more than \(JSONValue.maximumValueDepth) deep. Flatten it, or write it to a "
                        + "file and output its name"
                )
            } else {
                report.output = output.bytes
            }
        }
        if let error = json["error"], !error.isNull, report.failure == nil {
            report.failure = StepFailure(
                reason: error["reason"]?.stringValue ?? "Failed",
                message: error["message"]?.stringValue ?? "",
                exitCode: UntrustedNumber(error["exitCode"])?.integer(in: Self.exitCodes)
            )
            report.isRetryable = error["retryable"]?.boolValue ?? true
        }
        if let metrics = try Self.metrics(json, at: path) {
            report.metrics = JSONValue.object(metrics).bytes
            report.executionSeconds = metrics["execution_time_ms"]?.doubleValue.map { max(0, $0) / 1000 }
        }
        // Outputs are kept with the run and read by every list, so that their size is bounded.
        if report.output.count > settings.maximumOutputBytes {
            Self.refuse(
                &report,
                "OutputTooLarge",
                "the output has \(report.output.count) bytes; the limit is \(settings.maximumOutputBytes). "
                    + "Write large results to a file and output its name"
            )
        }
        report.logEnd = UntrustedNumber(json["logBytes"])?.integer(in: RunnerRoutes.logBytes) ?? 0
        if let log = json["logTail"]?.stringValue { report.log = Array(log.utf8.suffix(settings.maximumLogBytes)) }
        return report
    }

    /// As wide as the exit status of any system.
    private static let exitCodes = Int(Int32.min)...Int(Int32.max)

    /// Makes the report one of a failure that another attempt would repeat.
    private static func refuse(_ report: inout JobReport, _ reason: String, _ message: String) {
        report.failure = StepFailure(reason: reason, message: message)
        report.outcome = .failed
        report.isRetryable = false
        report.output = []
    }

    /// The measurements: numbers by name.
    private static func metrics(_ json: JSONValue, at path: String) throws -> JSONObject? {
        guard let value = json["metrics"], !value.isNull else { return nil }
        guard let metrics = value.objectValue else {
            throw Status.badRequest("\(path).metrics must be an object of numbers, not \(value.typeName)")
        }
        for (name, value) in metrics where UntrustedNumber(value) == nil {
            throw Status.badRequest("\(path).metrics.\(name) must be a number, not \(value.text.prefix(40))")
        }
        return metrics
    }

    /// A job with its token; the token is opaque to runners, and accepted as text and as number.
    static func reference(_ json: JSONValue, at path: String) throws -> (id: JobID, token: Int64) {
        guard let text = json["job"]?.stringValue, let id = JobID(text) else {
            throw Status.badRequest(
                "\(path).job must be a job's id as it was leased, not \(json["job"]?.text ?? "missing")"
            )
        }
        let token = json["token"]
        guard let number = token?.intValue ?? token?.stringValue.flatMap({ Int64($0) }) else {
            throw Status.badRequest("\(path).token must be the lease's token, not \(token?.text ?? "missing")")
        }
        return (id, number)
    }
}
