public import APIMachinery
package import NIOCore

/// Takes the pieces of an answer that is sent as it comes into being.
public protocol ResponseSink: Sendable {
    /// Sends some bytes; returns when the connection takes more.
    func write(_ bytes: [UInt8]) async throws
}

/// A sink that takes buffers as they are, so that what many clients are sent is in memory once.
package protocol BufferSink: ResponseSink {
    func send(_ buffer: ByteBuffer) async throws
}

extension ResponseSink {
    /// Sends a buffer, without a copy where the sink can.
    package func write(buffer: ByteBuffer) async throws {
        if let sink = self as? any BufferSink { return try await sink.send(buffer) }
        try await write(Array(buffer.readableBytesView))
    }
}

/// An answer that is sent as it comes into being.
public struct StreamingBody: Sendable {
    /// Called when the client goes away: makes ``run`` end soon.
    public var cancel: @Sendable () -> Void
    /// Sends everything.
    public var run: @Sendable (any ResponseSink) async throws -> Void
    /// Whether it ends by itself, so that nobody waits for pieces that a compressor holds back.
    package var isCompressible = false

    /// A body that `run` sends and `cancel` cuts short.
    public init(
        cancel: @escaping @Sendable () -> Void,
        run: @escaping @Sendable (any ResponseSink) async throws -> Void
    ) {
        self.cancel = cancel
        self.run = run
    }
}

/// An answer as the server's logic gives it, whatever will carry it.
public struct APIResponse: Sendable {
    /// The bytes of the answer, at once or as they come.
    public enum Body: Sendable {
        case bytes([UInt8])
        case stream(StreamingBody)
    }

    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: Body

    /// An answer of that content type.
    public init(status: Int = 200, contentType: String, body: Body) {
        self.status = status
        headers = [("Content-Type", contentType)]
        self.body = body
    }

    /// Plain text.
    public static func text(_ text: String, status: Int = 200) -> APIResponse {
        var response = APIResponse(
            status: status,
            contentType: "text/plain; charset=utf-8",
            body: .bytes(Array(text.utf8))
        )
        response.headers.append(("X-Content-Type-Options", "nosniff"))
        return response
    }

    /// A JSON document.
    public static func json(_ value: JSONValue, status: Int = 200, contentType: String = "application/json")
        -> APIResponse
    {
        APIResponse(status: status, contentType: contentType, body: .bytes(value.bytes))
    }

    /// What paths that do not exist answer.
    public static let pathNotFound = APIResponse.text("404 page not found\n", status: 404)
}
