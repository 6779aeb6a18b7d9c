package import NIOCore
import Synchronization

/// Notices that a client has gone away before its answer is complete.
///
/// A request may compute for seconds, and a watch may have nothing to write for minutes; without this both would be kept
/// for a client that is long gone.
package final class DisconnectObserver: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = NIOAny
    package typealias InboundOut = NIOAny

    private struct Connection {
        /// Whether the client has said that it sends nothing more; as in `kube-apiserver`, it is gone then.
        var isGone = false
        var onDisconnect: (@Sendable () -> Void)?
    }

    /// The open connections. Requests look here, and not into the pipeline, which would cost each of them a turn of the
    /// event loop.
    private static let connections = Mutex<[ObjectIdentifier: Connection]>([:])

    /// Calls `body` when the client of that channel is gone, at once if it is already.
    package static func observe(_ channel: any Channel, _ body: @escaping @Sendable () -> Void) {
        let isGone = connections.withLock { connections in
            let id = ObjectIdentifier(channel)
            // A connection that is not there is closed already.
            guard let connection = connections[id], !connection.isGone else { return true }
            connections[id]?.onDisconnect = body
            return false
        }
        if isGone { body() }
    }

    /// The next request on the channel has nothing to do with the last one's answer.
    package static func forget(_ channel: any Channel) {
        connections.withLock { $0[ObjectIdentifier(channel)]?.onDisconnect = nil }
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        Self.connections.withLock { $0[ObjectIdentifier(context.channel)] = Connection() }
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end(context.channel) }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            let body = Self.connections.withLock { connections in
                let id = ObjectIdentifier(context.channel)
                connections[id]?.isGone = true
                defer { connections[id]?.onDisconnect = nil }
                return connections[id]?.onDisconnect
            }
            body?()
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end(context.channel)
        context.fireChannelInactive()
    }

    private func end(_ channel: any Channel) {
        Self.connections.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.onDisconnect?()
    }
}

/// Works on a request in a task that is cancelled when the client leaves.
///
/// Nothing is half-done then: a write that has begun is committed as a whole. What takes long looks now and then at
/// `Task.isCancelled` (``Status/checkCancellation()``).
package func whileConnected<Answer: Sendable>(
    _ channel: any Channel,
    _ work: @escaping @Sendable () async -> Answer
) async -> Answer {
    // lint: the task ends with this function, which waits for it.
    let task = Task { await work() }
    DisconnectObserver.observe(channel) { task.cancel() }
    defer { DisconnectObserver.forget(channel) }
    return await withTaskCancellationHandler {
        await task.value
    } onCancel: {
        task.cancel()
    }
}
