import APIMachinery
public import Hummingbird
public import Logging
public import RunEngine
import Spec
import Storage

/// The HTTP API for submitting, reading and controlling runs, and for managing queues: `/api/v1`.
public struct RunRoutes: Sendable {
    let engine: RunEngine
    let exchange: JSONExchange

    /// A page of runs ends early at this size, as every run may have outputs of many megabytes.
    private static let pageBytes = 16 << 20

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
        router.post("/api/v1/namespaces/:namespace/workflows/:workflow/runs") { request, context in
            await submit(request, PathParameters(context))
        }
        router.get("/api/v1/namespaces/:namespace/runs") { request, context in
            await list(request, PathParameters(context))
        }
        router.get("/api/v1/namespaces/:namespace/runs/:run") { request, context in
            await get(request, PathParameters(context))
        }
        router.delete("/api/v1/namespaces/:namespace/runs/:run") { request, context in
            await change(request, PathParameters(context)) { try await engine.delete(namespace: $0, name: $1) }
        }
        router.get("/api/v1/namespaces/:namespace/runs/:run/logs") { request, context in
            await logs(request, PathParameters(context))
        }
        router.post("/api/v1/namespaces/:namespace/runs/:run/cancel") { request, context in
            await change(request, PathParameters(context)) { try await engine.cancel(namespace: $0, name: $1) }
        }
        router.post("/api/v1/namespaces/:namespace/runs/:run/retry") { request, context in
            await change(request, PathParameters(context)) { try await engine.retry(namespace: $0, name: $1) }
        }
        QueueRoutes(engine: engine, exchange: exchange).add(to: router)
    }

    private func submit(_ request: Request, _ path: PathParameters) async -> Response {
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
            var writer = JSONObjectWriter()
            if isBatch {
                writer.object { $0.member("items") { $0.list(runs) { Self.write($1, &$0) } } }
            } else if let run = runs.first {
                Self.write(run, &writer)
            }
            return writer.output
        }
    }

    private static func write(_ run: SubmittedRun, _ writer: inout JSONObjectWriter) {
        writer.object { object in
            object.member("existed", run.existed)
            object.member("name", run.name)
            object.member("namespace", run.namespace)
            object.member("uid", run.uid)
        }
    }

    private func get(_ request: Request, _ path: PathParameters) async -> Response {
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

    private func list(_ request: Request, _ path: PathParameters) async -> Response {
        await exchange.respond(to: request) {
            let namespace = try path["namespace"]
            try await exchange.authorize(request, .read, namespace)
            let query = try RunListing.query(request, namespace: namespace)
            let page = try await engine.runs(query, maximumBytes: Self.pageBytes)
            var writer = JSONObjectWriter()
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

    private func logs(_ request: Request, _ path: PathParameters) async -> Response {
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

    /// Changes one run and answers with its new state.
    private func change(
        _ request: Request,
        _ path: PathParameters,
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
