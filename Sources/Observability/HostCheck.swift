import HTTPTypes
public import Hummingbird
import NIOCore

/// Answers only requests that were addressed to a name the server is known by, with 421 otherwise.
///
/// A page in a user's browser can make its own name resolve to this machine's address (DNS rebinding) and then read
/// what an open route says. The browser sends the page's name as `Host`, so checking it is enough. With an
/// address as `Host`, nothing was resolved.
public struct HostCheck<Context: RequestContext>: RouterMiddleware {
    private let names: Set<String>
    private let acceptsAnyAddress: Bool
    private let remedy: String

    /// A check for one server.
    ///
    /// - Parameters:
    ///   - address: what the server listens on. On loopback only loopback's addresses are accepted, otherwise any.
    ///   - names: further names by which the server is known, besides `localhost`.
    ///   - remedy: what else the answer to others advises.
    public init(listeningOn address: String, names: [String] = [], remedy: String = "") {
        self.remedy = remedy
        self.names = Set((names + [address, "localhost"]).map(Self.normalized))
        acceptsAnyAddress = !Self.isLoopback(Self.normalized(address))
    }

    /// Hands the request on, or answers 421.
    public func handle(
        _ input: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        // Browsers always send it; a request without it does not come from a page.
        guard let authority = input.head.authority, !authority.isEmpty, !accepts(authority) else {
            return try await next(input, context)
        }
        var headers = HTTPFields()
        headers[.contentType] = "text/plain; charset=utf-8"
        let text =
            "421 Misdirected Request: this server is not known as \"\(authority.prefix(200))\"; use localhost or its "
            + "address\(remedy)\n"
        return Response(
            status: .init(code: 421, reasonPhrase: "Misdirected Request"),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// Whether a request to `NAME` or `NAME:PORT` is for this server. The port does not matter: a forwarded one differs.
    public func accepts(_ authority: String) -> Bool {
        let host = Self.normalized(Self.host(of: authority))
        if names.contains(host) || Self.isLoopback(host) { return true }
        return acceptsAnyAddress && Self.isAddress(host)
    }

    private static func host(of authority: String) -> String {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return authority }
            return String(authority[...end])
        }
        guard let colon = authority.lastIndex(of: ":") else { return authority }
        return String(authority[..<colon])
    }

    /// Without brackets, without the dot that may end a name, in small letters.
    private static func normalized(_ host: String) -> String {
        var host = host.lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host.hasSuffix(".") { host.removeLast() }
        return host
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.") && isAddress(host)
    }

    private static func isAddress(_ host: String) -> Bool {
        // Whether it can be read is the question.
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }
}
