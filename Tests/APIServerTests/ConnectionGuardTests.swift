import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// What the guard lets through and when it ends a connection, without a socket.
@Suite struct ConnectionGuardTests {
    private static func channel(
        _ limits: ConnectionLimits = ConnectionLimits(),
        isRefusing: Bool = false,
        ended: @escaping @Sendable (ConnectionEnd) -> Void = { _ in }
    ) throws -> EmbeddedChannel {
        let connection = ConnectionGuard(limits: limits, isRefusing: isRefusing, ended: ended)
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([
            HTTPResponseEncoder(), ByteGate(connection),
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)), connection,
        ])
        _ = try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private static func receive(_ text: String, on channel: EmbeddedChannel) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    /// The requests that came through, by their paths, and how much of bodies.
    private static func requests(_ channel: EmbeddedChannel) throws -> (paths: [String], bytes: Int, ends: Int) {
        var result = (paths: [String](), bytes: 0, ends: 0)
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head): result.paths.append(head.uri)
            case .body(let bytes): result.bytes += bytes.readableBytes
            case .end: result.ends += 1
            }
        }
        return result
    }

    private static func answer(_ status: HTTPResponseStatus = .ok, close: Bool = false, on channel: EmbeddedChannel)
        throws
    {
        var headers: HTTPHeaders = ["content-length": "0"]
        if close { headers.add(name: "connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        try channel.writeOutbound(HTTPServerResponsePart.head(head))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    }

    private static func sent(_ channel: EmbeddedChannel) throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    @Test("What is no request is answered after the requests before it, and ends the connection")
    func order() throws {
        let channel = try Self.channel()
        try Self.receive("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\n\r\n", on: channel)
        #expect(try Self.requests(channel).paths == ["/a"])
        #expect(try Self.sent(channel).isEmpty, "the first request has no answer yet")
        try Self.answer(on: channel)
        let text = try Self.sent(channel)
        let second = try #require(text.firstRange(of: "HTTP/1.1 400"))
        #expect(text.hasPrefix("HTTP/1.1 200") && second.lowerBound > text.startIndex)
        try Self.receive("GET /c HTTP/1.1\r\nHost: x\r\n\r\n", on: channel)
        #expect(try Self.requests(channel).paths.isEmpty, "what follows is thrown away")
    }

    @Test("An answer that does not wait for the body ends the connection, and the rest is thrown away")
    func refusedBody() throws {
        let channel = try Self.channel()
        try Self.receive("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n12345", on: channel)
        #expect(try Self.requests(channel).bytes == 5)
        try Self.answer(.unauthorized, close: true, on: channel)
        #expect(try Self.sent(channel).contains("connection: close"))
        #expect(channel.isActive, "the client gets to read the answer")
        try Self.receive(String(repeating: "x", count: 995), on: channel)
        #expect(try Self.requests(channel).bytes == 0)
    }

    @Test("A client that asks is told to go on, unless its body is too large", arguments: [(100, true), (101, false)])
    func expectation(length: Int, isTold: Bool) throws {
        var limits = ConnectionLimits()
        limits.maximumBodyBytes = 100
        let channel = try Self.channel(limits)
        let head = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\nExpect: 100-continue\r\n\r\n"
        try Self.receive(head, on: channel)
        #expect(try Self.sent(channel).contains("100 Continue") == isTold)
        #expect(try Self.requests(channel).paths == ["/a"])
    }

    @Test("A connection too many is answered with 429")
    func tooMany() throws {
        let reasons = Mutex<[String]>([])
        let channel = try Self.channel(isRefusing: true) { reason in reasons.withLock { $0.append(reason.rawValue) } }
        try Self.receive("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", on: channel)
        #expect(try Self.requests(channel).paths.isEmpty)
        #expect(try Self.sent(channel).hasPrefix("HTTP/1.1 429"))
        #expect(reasons.withLock { $0 } == ["too_many"])
    }

    @Test("Time: a head that does not come is answered, a body that does not come is an error of its request")
    func time() throws {
        var limits = ConnectionLimits()
        limits.headTimeout = .zero
        let slowHead = try Self.channel(limits)
        try Self.receive("GET /a HT", on: slowHead)
        slowHead.embeddedEventLoop.advanceTime(to: .now() + .seconds(1))
        #expect(try Self.sent(slowHead).hasPrefix("HTTP/1.1 408"))

        limits = ConnectionLimits()
        limits.bodyTimeout = .zero
        let slowBody = try Self.channel(limits)
        try Self.receive("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", on: slowBody)
        #expect(try Self.requests(slowBody).paths == ["/a"])
        #expect(throws: RequestBodyTimeout.self) {
            slowBody.embeddedEventLoop.advanceTime(to: .now() + .seconds(1))
            try slowBody.throwIfErrorCaught()
        }

        limits = ConnectionLimits()
        limits.idleTimeout = .zero
        let idle = try Self.channel(limits)
        try Self.receive("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", on: idle)
        idle.embeddedEventLoop.advanceTime(to: .now() + .seconds(1))
        #expect(idle.isActive, "while a request is worked on, it is not the client who is slow")
        try Self.answer(on: idle)
        idle.embeddedEventLoop.advanceTime(to: .now() + .seconds(2))
        #expect(!idle.isActive)
    }
}
