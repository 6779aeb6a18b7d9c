import GenericAPIServer
import HTTPServing
import KubeAPIServer
import Logging
import NIOCore
import NIOPosix
import Observability
import RunAPI
import RunEngine
import Storage
import TestSupport
import Testing

@testable import ControlPlane

/// What the plain HTTP port lets in, and how far.
@Suite struct HTTPPortTests {
    /// The port as it listens, and the budget that it keeps bodies in.
    private struct Served {
        var port: Int
        var bodies: BodyBudget

        /// Sends text on a connection of its own and returns everything that comes until the server closes it.
        func exchange(_ text: String) async throws -> String {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: text))
                var received = ""
                do {
                    for try await buffer in inbound { received += String(buffer: buffer) }
                } catch {
                    // A connection that is cut is closed, too.
                    return received
                }
                return received
            }
        }
    }

    @Test("A port that is in use is named, with what to do, by both servers")
    func portInUse() async throws {
        try await Self.run { served in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            var http = HTTPPort(
                host: "127.0.0.1",
                port: served.port,
                engine: RunEngine(store: MemoryRunStore(), catalog: WorkflowCatalog(), logger: logger),
                authorizer: TokenAuthorizer(administrator: "admin", runners: RunnerTokens(secret: "secret")),
                health: Observability.HealthChecks(),
                registry: PrometheusRegistry([]),
                version: "test",
                logger: logger
            )
            http.bodies = served.bodies
            let second = http
            let failure = await #expect(throws: StartError.self) { try await second.run() }
            let place = "127.0.0.1:\(served.port): the port is in use by another program"
            #expect(failure?.description.hasPrefix("the HTTP API cannot listen on \(place)") == true)
            #expect(failure?.description.hasSuffix("choose another port with --http-port") == true)

            try await Files.withTemporaryDirectory { directory in
                var configuration = APIServer.Configuration(dataDirectory: directory)
                configuration.port = served.port
                let server = APIServer(configuration: configuration, store: MemoryObjectStore(), logger: logger)
                let failure = await #expect(throws: StartFailure.self) { try await server.run() }
                #expect(failure?.description.hasPrefix("the Kubernetes API cannot listen on \(place)") == true)
                #expect(failure?.description.hasSuffix("choose another port with --api-port") == true)
            }
        }
    }

    private static func run(
        bodies: BodyBudget = BodyBudget(),
        limits: ConnectionLimits = .secondary(maximumBodyBytes: 32 << 20),
        hostNames: [String] = [],
        _ body: @Sendable (Served) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (ports, port) = AsyncStream<Int>.makeStream()
        var http = HTTPPort(
            host: "127.0.0.1",
            port: 0,
            engine: RunEngine(store: MemoryRunStore(), catalog: WorkflowCatalog(), logger: logger),
            authorizer: TokenAuthorizer(administrator: "admin", runners: RunnerTokens(secret: "secret")),
            health: Observability.HealthChecks(),
            registry: PrometheusRegistry([]),
            version: "test",
            logger: logger
        )
        http.bodies = bodies
        http.limits = limits
        http.hostNames = hostNames
        http.onRunning = { port.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { [http] group in
            group.addTask { try await http.run() }
            guard let number = await ports.first(where: { _ in true }) else { return }
            try await body(Served(port: number, bodies: bodies))
            group.cancelAll()
        }
    }

    private static func request(_ line: String, host: String = "localhost", _ fields: String..., body: String = "")
        -> String
    {
        var head = ["\(line) HTTP/1.1", "Host: \(host)"] + fields
        if !body.isEmpty { head.append("Content-Length: \(body.utf8.count)") }
        head.append("Connection: close")
        return head.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private static func status(_ answer: String) -> Int? {
        answer.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
    }

    @Test("Only requests to names of this server are answered, whatever they ask for")
    func hosts() async throws {
        try await Self.run(hostNames: ["plane.example"]) { served in
            for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:80", "plane.example:443"] {
                let answer = try await served.exchange(Self.request("GET /metrics", host: host))
                #expect(Self.status(answer) == 200, "\(host): \(answer)")
            }
            for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "10.0.0.1", "[::2]"] {
                for path in ["/metrics", "/readyz", "/api/v1/namespaces/default/runs", "/nothing"] {
                    let answer = try await served.exchange(
                        Self.request("GET \(path)", host: host, "Authorization: Bearer admin")
                    )
                    #expect(Self.status(answer) == 421, "\(host)\(path): \(answer)")
                    #expect(answer.contains("--http-host-name"))
                }
            }
        }
    }

    @Test("Who it is comes before the body: nothing of an anonymous one is waited for")
    func anonymousBodies() async throws {
        try await Self.run { served in
            let calls = ["register", "lease", "report", "heartbeat", "release", "deregister"]
            let paths = calls.map { "/agents/v1/\($0)" } + ["/api/v1/namespaces/default/workflows/w/runs"]
            for path in paths {
                // The body is announced and never sent.
                let head = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 31000000\r\n\r\n"
                let answer = try await served.exchange(head)
                #expect(Self.status(answer) == 401, "\(path): \(answer)")
                #expect(answer.lowercased().contains("connection: close"))
            }
            #expect(served.bodies.used == 0)
        }
    }

    @Test("Bodies share a budget, which is whole again afterwards; one that is too large is refused at once")
    func budget() async throws {
        try await Self.run(bodies: BodyBudget(bytes: 4000)) { served in
            let token = "Authorization: Bearer admin"
            let large = "{\"x\":\"\(String(repeating: "x", count: 5000))\"}"
            let refused = try await served.exchange(Self.request("POST /agents/v1/lease", token, body: large))
            #expect(Self.status(refused) == 429 && refused.lowercased().contains("retry-after: 1"))
            let small = #"{"namespace":"default","pool":"p","runner":"r","capacity":0}"#
            let taken = try await served.exchange(Self.request("POST /agents/v1/lease", token, body: small))
            #expect(Self.status(taken) == 200, "\(taken)")
            let announced =
                "POST /agents/v1/lease HTTP/1.1\r\nHost: localhost\r\n\(token)\r\nContent-Length: 33554433\r\n\r\n"
            let tooLarge = try await served.exchange(announced)
            #expect(Self.status(tooLarge) == 413, "\(tooLarge)")
            #expect(served.bodies.used == 0)
        }
    }

    @Test("Connections are limited in number and in time")
    func connections() async throws {
        var limits = ConnectionLimits.secondary(maximumBodyBytes: 32 << 20)
        limits.bodyTimeout = .milliseconds(50)
        try await Self.run(limits: limits) { served in
            let token = "Authorization: Bearer admin"
            let body = try await served.exchange(
                "POST /agents/v1/lease HTTP/1.1\r\nHost: localhost\r\n\(token)\r\nContent-Length: 9\r\n\r\n{"
            )
            #expect(Self.status(body) == 400, "\(body)")
        }
        var few = ConnectionLimits.secondary(maximumBodyBytes: 32 << 20)
        few.maximumConnections = 0
        try await Self.run(limits: few) { served in
            let answer = try await served.exchange(Self.request("GET /readyz"))
            #expect(Self.status(answer) == 429)
        }
    }
}
