public import HummingbirdCore
package import HummingbirdTLS
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// The connections that are open.
package final class ConnectionCounter: Sendable {
    /// What becomes of a new connection.
    enum Admission { case served, refused, closed }

    private let maximum: Int
    private let open = Mutex(0)

    package init(maximum: Int) { self.maximum = maximum }

    package var count: Int { open.withLock { $0 } }

    func enter() -> Admission {
        open.withLock { open in
            open += 1
            if open <= maximum { return .served }
            return open <= maximum + ConnectionLimits.refusableConnections ? .refused : .closed
        }
    }

    package func leave() { open.withLock { $0 -= 1 } }
}

/// A server's connections with limits: puts a ``ConnectionGuard`` around the HTTP parser of each.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base
    let limits: ConnectionLimits
    let counter: ConnectionCounter
    let ended: @Sendable (ConnectionEnd) -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let admission = counter.enter()
        channel.closeFuture.whenComplete { _ in counter.leave() }
        return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            if admission == .closed {
                ended(.tooMany)
                channel.close(promise: nil)
                return value
            }
            let pipeline = channel.pipeline.syncOperations
            let connection = ConnectionGuard(limits: limits, isRefusing: admission == .refused, ended: ended)
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(connection, position: .after(parser))
            let gate = ByteGate(connection)
            // A port without TLS has no such handler.
            if let tls = try? pipeline.handler(type: NIOSSLServerHandler.self) {
                try pipeline.addHandler(gate, position: .after(tls))
            } else {
                try pipeline.addHandler(gate, position: .first)
            }
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

extension HTTPServerBuilder {
    /// HTTP/1.1 over TLS, with limits on the connections.
    package static func guarded(
        tls: TLSChannelConfiguration,
        limits: ConnectionLimits,
        counter: ConnectionCounter,
        ended: @escaping @Sendable (ConnectionEnd) -> Void
    ) -> HTTPServerBuilder {
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [DisconnectObserver()],
            httpDecoderConfiguration: decoder(limits)
        )
        return HTTPServerBuilder { responder in
            GuardedChannel(
                base: try TLSChannel(
                    HTTP1Channel(responder: responder, configuration: http),
                    configuration: tls
                ),
                limits: limits,
                counter: counter,
                ended: ended
            )
        }
    }

    /// Plain HTTP/1.1 with the same limits on the connections, for the ports of other modules: on time (heads, bodies,
    /// idleness, answers that are not taken), on the size of heads, and on the number of connections.
    ///
    /// - Parameter ended: told in one word why a connection was not let go on.
    public static func guarded(
        limits: ConnectionLimits,
        ended: @escaping @Sendable (String) -> Void = { _ in }
    ) -> HTTPServerBuilder {
        let counter = ConnectionCounter(maximum: limits.maximumConnections)
        let http = HTTP1Channel.Configuration(httpDecoderConfiguration: decoder(limits))
        return HTTPServerBuilder { responder in
            GuardedChannel(
                base: HTTP1Channel(responder: responder, configuration: http),
                limits: limits,
                counter: counter,
                ended: { ended($0.rawValue) }
            )
        }
    }

    private static func decoder(_ limits: ConnectionLimits) -> HTTP1Channel.Configuration.DecoderConfiguration {
        HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: limits.maximumHeadBytes,
            maxHeaderListSize: limits.maximumHeadBytes,
            maxHeaderFieldCount: limits.maximumHeaderFields
        )
    }
}

/// Sees the bytes between TLS and the HTTP parser, for the ``ConnectionGuard`` on the parser's other side.
final class ByteGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionGuard

    init(_ connection: ConnectionGuard) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection.admits(unwrapInboundIn(data)) else { return }
        context.fireChannelRead(data)
    }
}
