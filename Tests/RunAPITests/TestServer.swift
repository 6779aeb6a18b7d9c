import APIMachinery
import AsyncHTTPClient
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import RunAPI
import RunEngine
import Spec
import Storage
import StorageSQLite
import Synchronization
import TestSupport
import RunTestSupport
import Testing

/// Accepts three tokens: `admin`, `runner` and `reader`.
struct ThreeTokens: RequestAuthorizer {
    func authenticate(_ credential: RequestCredential) async throws {
        guard ["admin", "runner", "reader"].contains(credential.token ?? "") else { throw Status.unauthorized() }
    }

    func authorize(_ credential: RequestCredential, to action: RunAPIAction, in namespace: String) async throws {
        switch (credential.token, action) {
        case ("admin", _), ("runner", .work(pool: "default")), ("reader", .read): return
        case ("runner", _), ("reader", _):
            throw Status(code: 403, reason: .forbidden, message: "not allowed")
        default: throw Status.unauthorized()
        }
    }
}

/// A client of the server under test.
struct Server: Sendable {
    var port: Int
    var fixture: EngineFixture

    func call(
        _ method: String,
        _ path: String,
        _ body: String? = nil,
        token: String? = "admin"
    ) async throws -> (code: Int, json: JSONValue, retryAfter: String?) {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .init(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        let json = try JSONValue(parsing: bytes.readableBytesView)
        return (Int(response.status.code), json, response.headers.first(name: "Retry-After"))
    }

    /// Calls the runners' protocol in the name of a runner.
    func agent(_ call: String, _ members: JSONObject = [:], runner: String = "pod-1") async throws -> JSONValue {
        var body = members
        body["namespace"] = "default"
        body["pool"] = "default"
        body["runner"] = .string(runner)
        let answer = try await self.call("POST", "/agents/v1/\(call)", JSONValue.object(body).text, token: "runner")
        try #require(answer.code == 200, "\(call): \(answer.json.text)")
        return answer.json
    }
}

/// Serves an engine with two workflows, `one` and `two`, for as long as the body runs.
func withServer(_ body: @escaping @Sendable (Server) async throws -> Void) async throws {
    try await Files.withTemporaryDirectory { directory in
        let store = try SQLiteRunStore(path: directory + "/runs.sqlite")
        let fixture = try await EngineFixture(store: store)
        try fixture.workflow("one", .noop("a"))
        try fixture.workflow(
            "two",
            WorkflowSpec(
                params: [Parameter(name: "who", default: "world")],
                steps: [
                    Step(id: "greet", actor: "exec", with: ["text": "hello ${{ params.who }}"]),
                    Step(id: "after", actor: "noop", dependsOn: ["greet"], timeoutSeconds: 9),
                ]
            )
        )
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let router = Router()
        RunRoutes(engine: fixture.engine, authorizer: ThreeTokens(), logger: logger).add(to: router)
        RunnerRoutes(engine: fixture.engine, authorizer: ThreeTokens(), logger: logger).add(to: router)
        let (ports, port) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            guard let number = await ports.first(where: { _ in true }) else { return }
            try await body(Server(port: number, fixture: fixture))
            group.cancelAll()
        }
        try store.close()
    }
}
