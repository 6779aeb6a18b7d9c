import NIOCore

/// Notices that a client has gone away while an answer is still being sent.
///
/// A watch may have nothing to write for minutes; without this it would be kept for a client that is long gone.
final class DisconnectObserver: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    // Touched on the channel's event loop only.
    private var isGone = false
    private var onDisconnect: (@Sendable () -> Void)?

    /// Calls `body` when the client of that channel is gone, at once if it is already.
    static func observe(_ channel: any Channel, _ body: @escaping @Sendable () -> Void) {
        channel.eventLoop.execute {
            // A connection without the observer is closed already.
            guard let observer = try? channel.pipeline.syncOperations.handler(type: DisconnectObserver.self),
                channel.isActive, !observer.isGone
            else { return body() }
            observer.onDisconnect = body
        }
    }

    /// The next request on the channel has nothing to do with the last one's answer.
    static func forget(_ channel: any Channel) {
        channel.eventLoop.execute {
            // A connection without the observer is closed already.
            (try? channel.pipeline.syncOperations.handler(type: DisconnectObserver.self))?.onDisconnect = nil
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { disconnect() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        disconnect()
        context.fireChannelInactive()
    }

    private func disconnect() {
        isGone = true
        onDisconnect?()
        onDisconnect = nil
    }
}
