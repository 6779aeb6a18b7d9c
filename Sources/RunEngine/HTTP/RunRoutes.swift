import APIMachinery
import Containment
import HTTPTypes
public import Hummingbird
public import Logging
import Spec
import Storage

/// The HTTP API for submitting, reading and steering runs, and for looking after queues: `/api/v1`.
public struct RunRoutes: Sendable {
    let engine: RunEngine
    let exchange: JSONExchange

    /// A page of runs ends early at this size, as every run may have outputs of many megabytes.
    private static let pageBytes = 16 << 20

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
        router.post("/api/v1/namespaces/:namespace/workflows/:workflow/runs") { request, context in
            await submit(request, Path(context))
        }
        router.get("/api/v1/namespaces/:namespace/runs") { request, context in
            await list(request, Path(context))
        }
        router.get("/api/v1/namespaces/:namespace/runs/:run") { request, context in
            await get(request, Path(context))
        }
        router.delete("/api/v1/namespaces/:namespace/runs/:run") { request, context in
            await change(request, Path(context)) { try await engine.delete(namespace: $0, name: $1) }
        }
        router.get("/api/v1/namespaces/:namespace/runs/:run/logs") { request, context in
            await logs(request, Path(context))
        }
        router.post("/api/v1/namespaces/:namespace/runs/:run/cancel") { request, context in
            await change(request, Path(context)) { try await engine.cancel(namespace: $0, name: $1) }
        }
        router.post("/api/v1/namespaces/:namespace/runs/:run/retry") { request, context in
            await change(request, Path(context)) { try await engine.retry(namespace: $0, name: $1) }
        }
        QueueRoutes(engine: engine, exchange: exchange).add(to: router)
    }

    private func submit(_ request: Request, _ path: Path) async -> Response {
        await exchange.respond(to: request, .created) {
            let namespace = try path["namespace"]
            try await exchange.authorize(request, .write, namespace)
            let workflow = try path["workflow"]
            let (isBatch, runs) = try await exchange.withBody(request) { body in
                let isBatch = body["items"] != nil
                var requests = isBatch ? try RunSubmission.readBatch(body) : [try RunSubmission.read(body, .root)]
                let user = exchange.userName(request)
                for index in requests.indices { requests[index].submitter = user }
                return (isBatch, try await engine.submit(namespace: namespace, workflow: workflow, requests))
            }
            var writer = ObjectWriter()
            if isBatch {
                writer.object { $0.member("items") { $0.list(runs) { Self.write($1, &$0) } } }
            } else if let run = runs.first {
                Self.write(run, &writer)
            }
            return writer.output
        }
    }

    private static func write(_ run: SubmittedRun, _ writer: inout ObjectWriter) {
        writer.object { object in
            object.member("existed", run.existed)
            object.member("name", run.name)
            object.member("namespace", run.namespace)
            object.member("uid", run.uid)
        }
    }

    private func get(_ request: Request, _ path: Path) async -> Response {
        await exchange.respond(to: request) {
            let namespace = try path["namespace"]
            try await exchange.authorize(request, .read, namespace)
            let name = try path["run"]
            guard let run = try await engine.run(namespace: namespace, name: name) else {
                throw Status.notFound(WorkflowRun.resource.groupResource, name: name)
            }
            return run.bytes
        }
    }

    private func list(_ request: Request, _ path: Path) async -> Response {
        await exchange.respond(to: request) {
            let namespace = try path["namespace"]
            try await exchange.authorize(request, .read, namespace)
            let query = try RunListing.query(request, namespace: namespace)
            let page = try await engine.runs(query, maximumBytes: Self.pageBytes)
            var writer = ObjectWriter()
            writer.object { object in
                object.member("apiVersion", "runs.martinet.dev/v1alpha1")
                object.member("items") { $0.list(page.runs) { $0.value($1.bytes) } }
                object.member("kind", "WorkflowRunList")
                object.member("metadata") { metadata in
                    metadata.object { metadata in
                        if !page.isLast, let last = page.runs.last {
                            metadata.member("continue", String(last.run.id))
                        }
                        metadata.member("resourceVersion", String(page.revision))
                    }
                }
            }
            return writer.output
        }
    }

    private func logs(_ request: Request, _ path: Path) async -> Response {
        await exchange.respond(to: request) {
            let namespace = try path["namespace"]
            try await exchange.authorize(request, .read, namespace)
            let name = try path["run"]
            let parameters = request.uri.queryParameters
            let query = try LogQuery { parameters[Substring($0)].map(String.init) }
            guard let logs = try await engine.logs(namespace: namespace, name: name, query) else {
                throw Status.notFound(WorkflowRun.resource.groupResource, name: name)
            }
            return logs.json.bytes
        }
    }

    /// Does something to one run and answers with what it is then.
    private func change(
        _ request: Request,
        _ path: Path,
        _ body: (String, String) async throws -> RunRecord
    ) async -> Response {
        await exchange.respond(to: request) {
            let namespace = try path["namespace"]
            try await exchange.authorize(request, .write, namespace)
            let run = try await body(namespace, path["run"])
            let snapshot = try await engine.run(namespace: namespace, name: run.name)
            return (snapshot ?? RunSnapshot(run: run, steps: [])).bytes
        }
    }
}

/// The names in a request's path.
struct Path {
    private let lookUp: (String) -> String?

    init(_ context: some RequestContext) {
        let parameters = context.parameters
        lookUp = { name in parameters.get(name) }
    }

    subscript(name: String) -> String {
        get throws {
            guard let value = lookUp(name), !value.isEmpty else {
                throw Status.badRequest("the path has no \(name)")
            }
            return value
        }
    }
}

/// Reads one submission: `{"params": {}, "priority": 0, "idempotencyKey": "…", "name": "…", "labels": {}}`.
enum RunSubmission {
    private static let known: Set<String> = ["params", "priority", "idempotencyKey", "name", "labels"]
    private static let maximumKey = 256

    static func read(_ json: JSONValue, _ path: FieldPath) throws -> RunRequest {
        guard let object = json.objectValue else {
            throw invalid([.typeInvalid(path, json, "must be an object")])
        }
        var errors: [FieldError] = []
        for key in object.keys where !known.contains(key) {
            errors.append(
                .invalid(
                    path.child(key),
                    object[key] ?? .null,
                    "unknown field; known are \(known.sorted().joined(separator: ", "))"
                )
            )
        }
        var request = RunRequest()
        func read<Value>(_ name: String, _ wanted: String, _ body: (JSONValue) -> Value?) -> Value? {
            guard let value = object[name], !value.isNull else { return nil }
            if let result = body(value) { return result }
            errors.append(.typeInvalid(path.child(name), value, "must be \(wanted)"))
            return nil
        }
        request.params = read("params", "an object", \.objectValue) ?? [:]
        request.priority = read(
            "priority",
            "an integer from \(Bounds.priority.lowerBound) to \(Bounds.priority.upperBound)"
        ) { UntrustedNumber($0)?.integer(in: Bounds.priority) }
        request.idempotencyKey = read("idempotencyKey", "a string of 1 to \(maximumKey) bytes") { value in
            value.stringValue.flatMap { (1...maximumKey).contains($0.utf8.count) ? $0 : nil }
        }
        request.name = read("name", "a string", \.stringValue)
        request.labels =
            read("labels", "an object of strings") { value in
                value.objectValue.flatMap { members in
                    members.values.allSatisfy { $0.stringValue != nil } ? RunMetadata.labels(["labels": value]) : nil
                }
            } ?? [:]
        // The rules of the object that the run becomes.
        if let name = request.name {
            errors += Validation.dns1123Subdomain(name).map { .invalid(path.child("name"), .string(name), $0) }
        }
        errors += Validation.labels(request.labels, at: path.child("labels"))
        guard errors.isEmpty else { throw invalid(errors) }
        return request
    }

    /// Reads `{"items": […]}`, which has no other members.
    static func readBatch(_ json: JSONValue) throws -> [RunRequest] {
        let errors = (json.objectValue ?? [:]).filter { $0.key != "items" }.map { key, value in
            FieldError.invalid(
                FieldPath(key),
                value,
                "unknown field; a batch has items only, put the field into each item"
            )
        }
        guard errors.isEmpty else { throw invalid(errors) }
        return try json.list("items").enumerated().map { try read($1, FieldPath("items").index($0)) }
    }

    private static func invalid(_ errors: [FieldError]) -> Status {
        Status.invalid(group: "runs.martinet.dev", kind: "WorkflowRun", name: "", errors: errors)
    }
}

/// Reads the query of a list: `limit`, `continue`, `phase` (several with commas), `workflow`, `since`, `label`.
enum RunListing {
    static func query(_ request: Request, namespace: String) throws -> RunQuery {
        let parameters = request.uri.queryParameters
        var query = RunQuery(namespace: namespace)
        if let text = parameters["limit"] {
            guard let limit = Int(text), (1...1000).contains(limit) else {
                throw Status.badRequest("limit must be 1 to 1000, not \"\(text)\"")
            }
            query.limit = limit
        }
        if let text = parameters["continue"] {
            guard let id = Int64(text) else { throw Status.badRequest("continue must be the token of an earlier list") }
            query.order = .newest(before: id)
        }
        query.workflow = parameters["workflow"].map(String.init)
        for name in parameters["phase"].map({ $0.split(separator: ",") }) ?? [] {
            guard let phase = RunRecord.Phase(name: String(name)) else {
                let names = RunRecord.Phase.allCases.map(\.name).joined(separator: ", ")
                throw Status.badRequest("unknown phase \"\(name)\"; phases are \(names)")
            }
            query.phases.insert(phase)
        }
        if let text = parameters["since"] {
            guard let time = Timestamp(rfc3339: String(text)) else {
                throw Status.badRequest("since must be a time such as 2026-01-02T03:04:05Z, not \"\(text)\"")
            }
            query.createdSince = time
        }
        var labels: [String: String] = [:]
        for pair in parameters.getAll("label") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Status.badRequest("label must be NAME=VALUE, not \"\(pair)\"") }
            labels[String(parts[0])] = String(parts[1])
        }
        // An empty workflow is the name of none.
        if !query.select(labels: labels) { query.workflow = "" }
        return query
    }
}
