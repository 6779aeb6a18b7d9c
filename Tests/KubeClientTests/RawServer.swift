import NIOCore
import NIOPosix
import Synchronization

/// A server that speaks HTTP badly or well, as a test wants: it reads one request's head on a connection and lets the
/// test write whatever bytes it likes.
enum RawServer {
    /// One connection, after the head of a request has been read.
    struct Connection: Sendable {
        var head: String
        fileprivate let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

        func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

        /// The head of an answer whose body ends with the connection, chunk by chunk.
        func beginChunks() async throws {
            try await write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        }

        func chunk(_ text: String) async throws {
            try await write("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
        }
    }

    /// Serves connections with `handle` while the body runs; the connection is closed when `handle` returns.
    static func with(
        _ handle: @escaping @Sendable (Connection) async throws -> Void,
        _ body: (String) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { handlers in
                        for try await connection in connections {
                            handlers.addTask { try? await serve(connection, handle) }
                        }
                    }
                }
            }
            try await body("http://127.0.0.1:\(port)")
            group.cancelAll()
        }
    }

    private static func serve(
        _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ handle: @Sendable (Connection) async throws -> Void
    ) async throws {
        try await channel.executeThenClose { inbound, outbound in
            var head = ""
            for try await buffer in inbound {
                head += String(buffer: buffer)
                // A TLS handshake is not a head, but it is all that comes.
                if head.contains("\r\n\r\n") || head.utf8.first == 0x16 { break }
            }
            try await handle(Connection(head: head, outbound: outbound))
        }
    }
}
