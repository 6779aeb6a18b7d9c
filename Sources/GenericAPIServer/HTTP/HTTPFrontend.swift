import APIMachinery
package import AccessControl
package import HTTPServing
import HTTPTypes
package import Hummingbird
package import NIOCore
import NIOSSL

/// What is known of the connection that a request came on.
package struct ConnectionContext: InitializableFromSource, Sendable {
    package typealias Source = ApplicationRequestContextSource

    package let channel: any Channel

    package init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Answers requests whose bodies may be larger than the API's, and are read as they come.
package protocol StreamingEndpoint: Sendable {
    /// The answer; `nil` if the request is for somebody else, whose body then is unread.
    func respond(to request: APIRequest, body: RequestBody) async -> APIResponse?
}

/// Carries requests and answers between Hummingbird and the server's logic.
package struct HTTPFrontend: HTTPResponder {
    package typealias Context = ConnectionContext

    package let dispatcher: Dispatcher
    package let authenticator: Authenticator
    /// Asked before the body is read, in this order.
    package let endpoints: [any StreamingEndpoint]

    package init(dispatcher: Dispatcher, authenticator: Authenticator, endpoints: [any StreamingEndpoint]) {
        self.dispatcher = dispatcher
        self.authenticator = authenticator
        self.endpoints = endpoints
    }

    @Sendable package func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let headers = Self.headers(of: request)
        let uri = request.uri.string
        if let fault = RequestLimits.fault(uri: uri, headers: headers) {
            return Self.refusal(Rendering.status(fault, form: nil), of: request, on: context.channel)
        }
        let mark = uri.utf8.firstIndex(of: UInt8(ascii: "?"))
        var apiRequest = APIRequest(
            method: request.method.rawValue,
            path: PercentEncoding.decode(uri.utf8.prefix(upTo: mark ?? uri.endIndex)),
            query: QueryParameters(mark.map { String(uri[uri.index(after: $0)...]) } ?? ""),
            headers: headers,
            user: .anonymous
        )
        apiRequest.uri = uri
        apiRequest.headers["authorization"] = nil
        if dispatcher.core.audit != nil { apiRequest.remoteAddress = context.channel.remoteAddress?.ipAddress ?? "" }
        if headers.keys.contains(where: { $0.hasPrefix(Self.impersonationPrefix) }) {
            apiRequest.impersonation = Self.impersonation(in: request)
        }
        do throws(AuthenticationFailure) {
            apiRequest.user = try await authenticator.user(headers: headers, channel: context.channel)
            dispatcher.core.accessMetrics.authenticated(true)
        } catch {
            dispatcher.core.accessMetrics.authenticated(false)
            let answer = await dispatcher.refuse(apiRequest, error)
            return Self.refusal(answer, of: request, on: context.channel)
        }
        for endpoint in endpoints {
            guard let answer = await endpoint.respond(to: apiRequest, body: request.body) else { continue }
            return Self.response(answer, to: request, on: context.channel)
        }
        let flow = dispatcher.core.flow
        var reader = BodyCollector(flow: flow)
        defer { flow.giveBytes(reader.taken) }
        do throws(Status) {
            try await reader.read(request.body, announced: headers["content-length"].flatMap { Int($0) })
        } catch {
            return Self.refusal(Rendering.status(error, form: nil), of: request, on: context.channel)
        }
        apiRequest.body = reader.bytes
        // From here on nothing of the request is missing, so that a cancellation cannot make it another one.
        let answer = await whileConnected(context.channel) { [dispatcher, apiRequest] in
            await dispatcher.respond(to: apiRequest)
        }
        return Self.response(answer, to: request, on: context.channel, accepted: headers["accept-encoding"])
    }

    private static let impersonationPrefix = "impersonate-"

    private static func impersonation(in request: Request) -> [HeaderField] {
        request.headers.compactMap { field in
            let name = field.name.canonicalName
            return name.hasPrefix(impersonationPrefix) ? HeaderField(name: name, value: field.value) : nil
        }
    }

    /// An answer that is given without having read the request's body, so that the connection cannot go on if there
    /// is one.
    private static func refusal(_ answer: APIResponse, of request: Request, on channel: any Channel) -> Response {
        var answer = answer
        let hasBody = request.headers[.transferEncoding] != nil || (request.headers[.contentLength] ?? "0") != "0"
        if hasBody { answer.headers.append(("Connection", "close")) }
        return response(answer, to: request, on: channel)
    }

    private static func headers(of request: Request) -> [String: String] {
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { "\($0),\(field.value)" } ?? field.value
        }
        return headers
    }

    private static func response(
        _ answer: APIResponse,
        to request: Request,
        on channel: any Channel,
        accepted: String? = nil
    ) -> Response {
        var fields = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        let status = HTTPResponse.Status(code: answer.status)
        switch answer.body {
        case .bytes(var bytes):
            if Gzip.isWorthwhile(bytes.count), Gzip.isAccepted(accepted) {
                bytes = Gzip.compress(bytes)
                mark(&fields)
            }
            if request.method == .head {
                fields[.contentLength] = String(bytes.count)
                return Response(status: status, headers: fields, body: ResponseBody())
            }
            return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .stream where request.method == .head:
            // How long the body would be is not known, and so nobody could tell where the next answer begins.
            fields[.connection] = "close"
            return Response(status: status, headers: fields, body: ResponseBody())
        case .stream(var stream):
            if stream.isCompressible, Gzip.isAccepted(accepted) {
                stream = GzipStream.compressing(stream)
                mark(&fields)
            }
            return Response(
                status: status,
                headers: fields,
                body: ResponseBody { [stream] writer in
                    let sink = WriterSink(writer, on: channel)
                    DisconnectObserver.observe(channel) { stream.cancel() }
                    try await stream.run(sink)
                    DisconnectObserver.forget(channel)
                    try await sink.finish()
                }
            )
        }
    }
}

/// Says that the body is compressed, which other clients may not take.
private func mark(_ fields: inout HTTPFields) {
    fields[.contentEncoding] = "gzip"
    fields.append(HTTPField(name: .vary, value: "Accept-Encoding"))
}

/// A Hummingbird body writer as the server's logic sees it.
private final class WriterSink: BufferSink {
    // lint: the writer is not Sendable by its type, but only one task ever writes an answer.
    private nonisolated(unsafe) var writer: any ResponseBodyWriter

    private let channel: any Channel

    /// A piece of this size is worth waiting for.
    private static let largePiece = 64 << 10

    init(_ writer: any ResponseBodyWriter, on channel: any Channel) {
        self.writer = writer
        self.channel = channel
    }

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await send(ByteBuffer(bytes: bytes))
    }

    func send(_ buffer: ByteBuffer) async throws {
        let size = buffer.readableBytes
        try await writer.write(buffer)
        guard size >= Self.largePiece else { return }
        // The writer takes pieces until the event loop, which may be busy with others, has found that the client is
        // slow. Once it has come by here, it has: many slow lists at once would else be in memory as a whole.
        try await channel.eventLoop.submit {}.get()
    }

    func finish() async throws { try await writer.finish(nil) }
}
