import APIMachinery
import APIExtensions
import AccessControl
import GenericAPIServer
import HTTPServing
import KubeAPIServer
import Logging
import Storage
import Synchronization

/// A server on a store in memory, asked without a connection.
final class TestServer: Sendable {
    let server: APIServer
    let clock: ManualTime

    init(
        roles: [JSONValue] = [],
        audit: AuditOptions? = nil,
        store: any ObjectStore = MemoryObjectStore(),
        webhooks: WebhookTransport? = nil,
        advice: [String: String] = [:],
        warnings: @escaping @Sendable (JSONValue) -> [String] = { _ in [] }
    ) async throws {
        let clock = ManualTime()
        var configuration = APIServer.Configuration(dataDirectory: "/nonexistent")
        configuration.now = { clock.now }
        configuration.roles = roles
        configuration.audit = audit
        configuration.webhooks = webhooks
        configuration.advice = advice
        configuration.objectWarnings = warnings
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        server = APIServer(configuration: configuration, store: store, logger: logger)
        self.clock = clock
        try await server.load()
    }

    static let administrator = UserInfo(name: "admin", groups: ["system:masters"])

    /// The status and the JSON of an answer.
    func request(
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        type: String = "application/json",
        accept: String? = nil,
        user: UserInfo = administrator
    ) async -> (status: Int, body: JSONValue) {
        let response = await respond(method, path, body, type: type, accept: accept, user: user)
        guard case .bytes(let bytes) = response.body else { return (response.status, .null) }
        return (response.status, (try? JSONValue(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self)))
    }

    func respond(
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        type: String = "application/json",
        accept: String? = nil,
        user: UserInfo = administrator
    ) async -> APIResponse {
        let sides = path.split(separator: "?", maxSplits: 1).map(String.init)
        var headers = ["content-type": type, "user-agent": "test/1"]
        headers["accept"] = accept
        return await server.respond(
            to: APIRequest(
                method: method,
                path: sides[0],
                query: QueryParameters(sides.count > 1 ? sides[1] : ""),
                headers: headers,
                body: body?.bytes ?? [],
                user: user
            )
        )
    }

    /// A definition of a kind `Thing` in the group `test.example`.
    static let definition: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "things.test.example"],
        "spec": [
            "group": "test.example", "scope": "Namespaced",
            "names": ["plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true, "subresources": ["status": .object([:])],
                    "schema": [
                        "openAPIV3Schema": [
                            "type": "object",
                            "properties": [
                                "spec": ["type": "object", "properties": ["size": ["type": "integer"]]],
                                "status": ["type": "object", "properties": ["phase": ["type": "string"]]],
                            ],
                        ]
                    ],
                ]
            ],
        ],
    ]

    static func thing(_ name: String, size: Int64 = 1, labels: JSONValue = .object([:])) -> JSONValue {
        [
            "apiVersion": "test.example/v1", "kind": "Thing",
            "metadata": ["name": .string(name), "labels": labels], "spec": ["size": .int(size)],
        ]
    }

    static let things = "/apis/test.example/v1/namespaces/default/things"
}

/// A clock that stands still until it is moved.
final class ManualTime: Sendable {
    private let moment = Mutex(Timestamp(seconds: 1_800_000_000))

    var now: Timestamp { moment.withLock { $0 } }

    func advance(by duration: Duration) { moment.withLock { $0 = $0.advanced(by: duration) } }
}

/// Collects what a streaming answer sends.
final class CollectingSink: ResponseSink {
    private let lines: AsyncStream<JSONValue>.Continuation
    /// One value for every line.
    let values: AsyncStream<JSONValue>

    init() { (values, lines) = AsyncStream.makeStream() }

    func write(_ bytes: [UInt8]) async throws {
        for line in bytes.split(separator: 0x0A) {
            if let value = try? JSONValue(parsing: line) { lines.yield(value) }
        }
    }

    func finish() { lines.finish() }
}
