import APIMachinery
import NIOCore
import NIOHTTP1

/// Keeps one connection within its limits, and says what is wrong with what the parser refuses.
///
/// It stands behind the HTTP parser and sees requests and answers go by: it closes connections that are idle or too
/// slow, ends the connection after an answer that must be the last one, and answers by itself where there is no
/// request that anybody else could answer. It lives on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What the client is expected to send.
    private enum Phase {
        /// Nothing, or the next request.
        case idle
        /// The rest of a head; at the very beginning the TLS handshake before it.
        case head
        case body
        /// The rest of a head whose method the parser does not know.
        case foreign(ByteBuffer)
        /// Nothing more: what comes is thrown away.
        case discarding
    }

    /// A method that the parser does not know is noticed within this many bytes of a head.
    private static let methodBytes = 64

    private let limits: ConnectionLimits
    private let isRefusing: Bool
    private let ended: @Sendable (ConnectionEnd) -> Void
    private var context: ChannelHandlerContext?
    private var phase = Phase.head
    private var phaseStart = NIODeadline.now()
    /// The beginning of a head that the parser has not completed.
    private var partialHead: ByteBuffer?
    /// Requests that have no complete answer yet.
    private var unanswered = 0
    private var isHTTP10 = false
    /// Whether all of the newest request has been read.
    private var isRequestRead = false
    /// Whether the connection ends when everything is answered.
    private var endsAfterAnswer = false
    /// What is to be answered when the requests before are.
    private var pendingRefusal: APIResponse?
    private var stallStart: NIODeadline?
    private var timer: (scheduled: Scheduled<Void>, at: NIODeadline)?

    /// - Parameters:
    ///   - isRefusing: whether every request is answered with 429.
    ///   - ended: told why, when the connection is not let go on.
    init(
        limits: ConnectionLimits,
        isRefusing: Bool,
        ended: @escaping @Sendable (ConnectionEnd) -> Void
    ) {
        self.limits = limits
        self.isRefusing = isRefusing
        self.ended = ended
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        watchClock()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        timer?.scheduled.cancel()
        timer = nil
        context = nil
        partialHead = nil
    }

    // MARK: From the client

    /// Takes note of bytes before the parser gets them; false if it is not to get them.
    func admits(_ bytes: ByteBuffer) -> Bool {
        switch phase {
        case .idle:
            enter(.head)
            partialHead = bytes
        case .head:
            if partialHead == nil {
                if unanswered == 0 { partialHead = bytes }
            } else if let size = partialHead?.readableBytes, size < Self.methodBytes {
                var copy = bytes
                partialHead?.writeBuffer(&copy)
            }
        case .body: break
        case .foreign(var collected):
            var copy = bytes
            collected.writeBuffer(&copy)
            enter(.foreign(collected), since: phaseStart)
            answerForeign()
            return false
        case .discarding: return false
        }
        return true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .discarding = phase { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            partialHead = nil
            begin(head, context, data)
        case .body(let bytes):
            // The time is for a body of usual size; one that goes on and on gets a second more for every 64 KiB.
            phaseStart = phaseStart + .nanoseconds(Int64(bytes.readableBytes) * 1_000_000_000 / (64 << 10))
            context.fireChannelRead(data)
        case .end:
            isRequestRead = true
            context.fireChannelRead(data)
            // What follows a request that must be the last one is no request.
            enter(endsAfterAnswer ? .discarding : .idle)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext, _ data: NIOAny) {
        if isRefusing {
            ended(.tooMany)
            let message = "the server has too many connections, please try again later"
            let json = Status.tooManyRequests(message, retryAfterSeconds: 1).json
            var refusal = APIResponse(status: 429, contentType: "application/json", body: .bytes(json.bytes + [0x0A]))
            refusal.headers.append(("Retry-After", "1"))
            return refuse(refusal)
        }
        if let fault = RequestHeadCheck.fault(in: head) { return refuse(fault) }
        // Counted first: the time for the body runs for the only request under way.
        unanswered += 1
        enter(.body)
        isRequestRead = false
        isHTTP10 = head.version == .http1_0
        // After a request to switch protocols, which is never granted, the parser reads no further request.
        if !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "upgrade") {
            endsAfterAnswer = true
        }
        if RequestHeadCheck.expectsContinue(head), unanswered == 1,
            !RequestHeadCheck.announcesTooMuch(head, limit: limits.maximumBodyBytes)
        {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))),
                promise: nil
            )
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        switch phase {
        case .discarding, .foreign: break
        case .body:
            // The request's own answer says what is wrong; the connection cannot go on.
            endsAfterAnswer = true
            enter(.discarding)
            context.fireErrorCaught(error)
        case .idle, .head:
            guard error != .invalidEOFState, error != .closedConnection else {
                context.close(promise: nil)
                return
            }
            if error == .invalidMethod, unanswered == 0, !isRefusing, let head = partialHead {
                enter(.foreign(head), since: phaseStart)
                partialHead = nil
                return answerForeign()
            }
            refuse(RequestHeadCheck.response(to: error))
        }
    }

    private func answerForeign() {
        guard case .foreign(let bytes) = phase, let context else { return }
        guard bytes.readableBytes <= limits.maximumHeadBytes else {
            return refuse(RequestHeadCheck.response(to: .headerOverflow))
        }
        switch ForeignRequest.parse(bytes.readableBytesView) {
        case .incomplete: break
        case .malformed: refuse(RequestHeadCheck.response(to: .invalidMethod))
        case .head(let head):
            if let fault = RequestHeadCheck.fault(in: head) { return refuse(fault) }
            enter(.discarding)
            unanswered += 1
            isRequestRead = false
            isHTTP10 = head.version == .http1_0
            endsAfterAnswer = true
            context.fireChannelRead(wrapInboundOut(.head(head)))
            context.fireChannelRead(wrapInboundOut(.end(nil)))
            context.fireChannelReadComplete()
        }
    }

    // MARK: To the client

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            guard head.status.code >= 200 else { return context.write(data, promise: promise) }
            if head.headers["connection"].contains(where: { $0.lowercased() == "close" }) { endsAfterAnswer = true }
            // An answer that comes before the whole request ends the connection, or the rest would be read as the
            // next request.
            if endsAfterAnswer { head.headers.replaceOrAdd(name: "connection", value: "close") }
            if isHTTP10 { head.version = .http1_0 }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            unanswered -= 1
            guard unanswered == 0 else { return }
            if let refusal = pendingRefusal { return send(refusal) }
            if endsAfterAnswer { return close() }
            // The time in which nothing was expected of the client does not count.
            phaseStart = .now()
            watchClock()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallStart = context.channel.isWritable ? nil : .now()
        watchClock()
        context.fireChannelWritabilityChanged()
    }

    /// Answers in place of the request's handler, as soon as the requests before are answered; then closes.
    private func refuse(_ response: APIResponse) {
        enter(.discarding)
        endsAfterAnswer = true
        isRequestRead = false
        if unanswered == 0 { send(response) } else { pendingRefusal = response }
    }

    private func send(_ response: APIResponse) {
        guard let context, case .bytes(let bytes) = response.body else { return }
        pendingRefusal = nil
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        headers.replaceOrAdd(name: "connection", value: "close")
        headers.replaceOrAdd(name: "content-length", value: String(bytes.count))
        let status = HTTPResponseStatus(statusCode: response.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
            promise: nil
        )
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        close()
    }

    /// Ends the connection after what has been written. If the client may still be sending, its bytes are taken for
    /// a moment: closing with unread bytes would destroy the answer on its way.
    private func close() {
        guard let context else { return }
        context.flush()
        enter(.discarding)
        if isRequestRead { context.close(promise: nil) } else { context.read() }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if case .discarding = phase, unanswered == 0 { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .discarding = phase, unanswered == 0, let event = event as? ChannelEvent, event == .inputClosed {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Time

    private func enter(_ next: Phase, since start: NIODeadline = .now()) {
        phase = next
        phaseStart = start
        watchClock()
    }

    /// When the connection's patience ends, if it does.
    private var deadline: NIODeadline? {
        let own: NIODeadline? =
            switch phase {
            // While a request is worked on, it is not the client who is slow.
            case .idle: unanswered == 0 ? phaseStart + TimeAmount(limits.idleTimeout) : nil
            case .head, .foreign: unanswered == 0 ? phaseStart + TimeAmount(limits.headTimeout) : nil
            case .body: unanswered == 1 ? phaseStart + TimeAmount(limits.bodyTimeout) : nil
            case .discarding: unanswered == 0 ? phaseStart + TimeAmount(limits.lingerTimeout) : nil
            }
        guard let stall = stallStart.map({ $0 + TimeAmount(limits.stallTimeout) }) else { return own }
        return own.map { min($0, stall) } ?? stall
    }

    /// Makes sure that the timer goes off at the deadline; one that goes off early is set anew then.
    private func watchClock() {
        guard let context, let deadline else { return }
        if let timer {
            if timer.at <= deadline { return }
            timer.scheduled.cancel()
        }
        let scheduled = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            self.timePassed()
        }
        timer = (scheduled, deadline)
    }

    private func timePassed() {
        guard let context, let deadline else { return }
        guard deadline <= .now() else { return watchClock() }
        if let stallStart, stallStart + TimeAmount(limits.stallTimeout) <= .now() {
            ended(.timeout)
            context.close(promise: nil)
            return
        }
        switch phase {
        case .idle, .discarding: context.close(promise: nil)
        case .head, .foreign:
            ended(.timeout)
            // Who has not sent a byte yet may not even have finished the handshake.
            guard partialHead != nil else { return context.close(promise: nil) }
            refuse(.text("408 Request Timeout: the head of the request took too long\n", status: 408))
        case .body:
            ended(.timeout)
            endsAfterAnswer = true
            enter(.discarding)
            context.fireErrorCaught(RequestBodyTimeout())
        }
    }
}

/// A request's body did not come in time.
package struct RequestBodyTimeout: Error {}
