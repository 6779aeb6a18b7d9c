import APIMachinery
import HTTPServing
import KubeAPIServer
import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Storage

/// A server that listens on a port of its own, for tests that speak to it over TLS.
struct ServedAPI: Sendable {
    let server: APIServer
    let port: Int
    let token: String

    /// Runs a server over that store while `body` runs.
    static func run(
        limits: ConnectionLimits = ConnectionLimits(),
        store: any ObjectStore = MemoryObjectStore(),
        _ body: @Sendable (ServedAPI) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("served-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        var configuration = APIServer.Configuration(dataDirectory: directory.path)
        configuration.port = 0
        configuration.connectionLimits = limits
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = APIServer(configuration: configuration, store: store, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            let port = try await server.ready()
            let token = try String(contentsOf: directory.appendingPathComponent("token"), encoding: .utf8)
            let api = ServedAPI(
                server: server,
                port: port,
                token: token.split(separator: "\n").first.map(String.init) ?? ""
            )
            try await body(api)
            group.cancelAll()
        }
    }

    /// The head of a request by the administrator, without the empty line at its end.
    func head(_ line: String, _ fields: String...) -> String {
        ([line + " HTTP/1.1", "Host: localhost", "Authorization: Bearer \(token)"] + fields).joined(separator: "\r\n")
            + "\r\n"
    }

    /// A whole request by the administrator.
    func request(_ line: String, _ body: String = "", type: String = "application/json") -> String {
        if body.isEmpty { return head(line) + "\r\n" }
        return head(line, "Content-Type: \(type)", "Content-Length: \(body.utf8.count)") + "\r\n" + body
    }

    /// Opens a connection for `body`.
    func connect<Result: Sendable>(
        _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        var configuration = TLSConfiguration.makeClientConfiguration()
        // What is tested here is what comes over the connection, not whose it is.
        configuration.certificateVerification = .none
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.socketOption(.so_rcvbuf), value: 32 << 10)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
                    try channel.pipeline.syncOperations.addHandler(tls)
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = RawConnection(outbound: outbound, inbound: inbound.makeAsyncIterator())
            return try await body(&connection)
        }
    }

    /// Sends text on a connection of its own and returns everything that comes back until the server closes it.
    func exchange(_ text: String) async throws -> String {
        try await connect { connection in
            try await connection.send(text)
            return try await connection.rest()
        }
    }
}

/// A connection on which bytes go to and fro.
struct RawConnection {
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private(set) var received = ""

    init(
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    ) {
        self.outbound = outbound
        self.inbound = inbound
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Reads until the text has come, and takes it and all before it.
    mutating func read(upTo text: String) async throws -> String {
        while true {
            if let range = received.firstRange(of: text) {
                let read = String(received[..<range.upperBound])
                received.removeSubrange(..<range.upperBound)
                return read
            }
            guard let buffer = try await inbound.next(isolation: #isolation) else {
                throw ConnectionEnded(received: received)
            }
            received += String(buffer: buffer)
        }
    }

    /// Reads until the server closes the connection, however it does.
    mutating func rest() async throws -> String {
        do {
            while let buffer = try await inbound.next(isolation: #isolation) { received += String(buffer: buffer) }
        } catch {
            // A connection that is cut is closed, too.
            return received
        }
        return received
    }
}

struct ConnectionEnded: Error {
    var received: String
}
