import APIMachinery
import Hummingbird
import RunEngine
import Storage

/// The routes of queues and dead letters.
struct QueueRoutes: Sendable {
    let engine: RunEngine
    let exchange: JSONExchange
    /// A page of dead letters ends early once its jobs have this many bytes.
    private static let pageBytes = 16 << 20

    func add<Context: RequestContext>(to router: some RouterMethods<Context>) {
        router.get("/api/v1/namespaces/:namespace/queues") { request, context in
            await list(request, PathParameters(context))
        }
        router.get("/api/v1/namespaces/:namespace/queues/:queue") { request, context in
            await get(request, PathParameters(context))
        }
        router.get("/api/v1/namespaces/:namespace/queues/:queue/deadletters") { request, context in
            await deadLetters(request, PathParameters(context))
        }
        router.delete("/api/v1/namespaces/:namespace/queues/:queue/deadletters") { request, context in
            await administer(request, PathParameters(context), "purged") { queue, _ in
                try await engine.purgeDeadLetters(queue)
            }
        }
        router.delete("/api/v1/namespaces/:namespace/queues/:queue/deadletters/:job") { request, context in
            await administer(request, PathParameters(context), "purged") { queue, path in
                try await engine.purgeDeadLetters(queue, step: Self.step(path))
            }
        }
        router.post("/api/v1/namespaces/:namespace/queues/:queue/deadletters/requeue") { request, context in
            await administer(request, PathParameters(context), "requeued") { queue, _ in
                try await engine.requeueDeadLetters(queue)
            }
        }
        router.post("/api/v1/namespaces/:namespace/queues/:queue/deadletters/:job/requeue") { request, context in
            await administer(request, PathParameters(context), "requeued") { queue, path in
                try await engine.requeueDeadLetter(queue, step: Self.step(path))
                return 1
            }
        }
    }

    private func list(_ request: Request, _ path: PathParameters) async -> Response {
        await exchange.respond(to: request) {
            let namespace = try path["namespace"]
            try await exchange.authorize(request, .read, namespace)
            var items: [JSONValue] = []
            for queue in try await engine.queues() where queue.namespace == namespace {
                items.append(try await describe(queue))
            }
            return JSONValue.object(["items": .array(items)]).bytes
        }
    }

    private func get(_ request: Request, _ path: PathParameters) async -> Response {
        await exchange.respond(to: request) {
            let queue = try QueueName(namespace: path["namespace"], pool: path["queue"])
            try await exchange.authorize(request, .read, queue.namespace)
            return try await describe(queue).bytes
        }
    }

    private func describe(_ queue: QueueName) async throws -> JSONValue {
        let statistics = try await engine.statistics(namespace: queue.namespace, pool: queue.pool)
        var object: JSONObject = [
            "pool": .string(queue.pool), "namespace": .string(queue.namespace),
            "ready": .int(Int64(statistics.ready)), "express": .int(Int64(statistics.express)),
            "delayed": .int(Int64(statistics.delayed)), "leased": .int(Int64(statistics.leased)),
            "dead": .int(Int64(statistics.dead)), "oldestAgeSeconds": .double(statistics.oldestAgeSeconds),
            "enqueuedTotal": .int(Int64(statistics.enqueuedTotal)),
            "completedTotal": .int(Int64(statistics.completedTotal)),
            "runners": .array(
                engine.runners(namespace: queue.namespace, pool: queue.pool).map { runner in
                    [
                        "name": .string(runner.name), "leasedJobs": .int(Int64(runner.leasedJobs)),
                        "concurrency": .int(Int64(runner.concurrency)), "draining": .bool(runner.draining),
                        "lastSeen": .string(runner.lastSeen.rfc3339Micro),
                    ]
                }
            ),
        ]
        if let mean = statistics.meanExecutionSeconds { object["meanExecutionSeconds"] = .double(mean) }
        return .object(object)
    }

    private func deadLetters(_ request: Request, _ path: PathParameters) async -> Response {
        await exchange.respond(to: request) {
            let queue = try QueueName(namespace: path["namespace"], pool: path["queue"])
            try await exchange.authorize(request, .read, queue.namespace)
            let limit = request.uri.queryParameters["limit"].flatMap { Int($0) } ?? 100
            let after = try request.uri.queryParameters["after"].map { try Self.step(String($0)) }
            let (letters, remaining) = try await engine.deadLetters(
                queue,
                after: after,
                limit: min(max(limit, 1), 1000),
                maximumBytes: Self.pageBytes
            )
            let items = letters.map { letter in
                var object = JSONObject()
                do {
                    let payload = try JSONValue(parsing: [UInt8(ascii: "{")] + letter.job.payload + [UInt8(ascii: "}")])
                    object = payload.objectValue ?? [:]
                } catch {
                    object["unreadable"] = .string("the stored job cannot be read: \(error)")
                }
                object["job"] = .string("\(letter.job.id)")
                object["deliveries"] = .int(Int64(letter.job.deliveries))
                object["reason"] = .string(letter.reason)
                object["diedAt"] = .string(letter.diedAt.rfc3339Micro)
                object["enqueuedAt"] = .string(letter.job.enqueuedAt.rfc3339Micro)
                return JSONValue.object(object)
            }
            var answer: JSONObject = ["items": .array(items)]
            if remaining > 0, let last = letters.last {
                answer["remaining"] = .int(Int64(remaining))
                answer["next"] = .string("\(last.job.id)")
            }
            return JSONValue.object(answer).bytes
        }
    }

    private func administer(
        _ request: Request,
        _ path: PathParameters,
        _ verb: String,
        _ body: (QueueName, PathParameters) async throws -> Int
    ) async -> Response {
        await exchange.respond(to: request) {
            let queue = try QueueName(namespace: path["namespace"], pool: path["queue"])
            try await exchange.authorize(request, .administer, queue.namespace)
            return JSONValue.object([verb: .int(Int64(try await body(queue, path)))]).bytes
        }
    }

    private static func step(_ path: PathParameters) throws -> StepKey { try step(path["job"]) }

    private static func step(_ text: String) throws -> StepKey {
        guard let job = JobID(text) else {
            throw Status.badRequest("\"\(text)\" is not the id of a job; ids look like 17.0.1")
        }
        return job.step
    }
}
