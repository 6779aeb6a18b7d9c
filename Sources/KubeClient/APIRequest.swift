import APIMachinery

/// One HTTP request to an API server, as a value: built without I/O, sent by an `APITransport`.
public struct APIRequest: Sendable, Hashable {
    /// The HTTP methods of the API.
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// One `name=value` of the query, not yet escaped.
    public struct QueryItem: Sendable, Hashable {
        public var name: String
        public var value: String

        /// That name with that value.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var method: Method
    /// The path with its segments escaped: `/api/v1/namespaces/default/pods/a`.
    public var path: String
    public var query: [QueryItem]
    public var headers: [String: String]
    /// The body; its type is in `headers`.
    public var body: [UInt8]?
    /// A file that is sent as the body in place of `body`, piece by piece.
    public var bodyFile: String?
    /// Whether doing it twice has the effect of doing it once, so that it may be repeated after a broken connection.
    public var isIdempotent: Bool
    /// How long it may take, body included; `nil` for streams.
    public var timeout: Duration?

    /// A request without a body.
    public init(_ method: Method, _ path: String, query: [QueryItem] = [], timeout: Duration? = .seconds(30)) {
        self.method = method
        self.path = path
        self.query = query
        self.timeout = timeout
        headers = ["Accept": "application/json"]
        isIdempotent = method == .get || method == .put || method == .delete
    }

    /// Path and query as they stand in the request line.
    public var target: String {
        guard !query.isEmpty else { return path }
        let pairs = query.map { "\(Self.escape($0.name))=\(Self.escape($0.value))" }
        return "\(path)?\(pairs.joined(separator: "&"))"
    }

    /// Refuses names that no object can have: a server takes an escaped slash for a slash, so that such a name would lead
    /// to a subresource, and an empty one to all objects.
    func checkNames() throws(Status) {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for segment in segments {
            guard !segment.isEmpty, segment != ".", segment != "..", !segment.contains("%2F"), !segment.contains("%25")
            else {
                throw .badRequest("\(method.rawValue) \(path): a name is empty, is '.' or '..', or has a '/' or a '%'")
            }
        }
    }

    /// Escapes everything but RFC 3986's unreserved characters.
    public static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default:
                result.append(UInt8(ascii: "%"))
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// What came back: the head at once, the body as it arrives.
public struct APIResponse: Sendable {
    /// A body in chunks of any size.
    public typealias Body = any AsyncSequence<[UInt8], any Error> & Sendable

    /// The HTTP status code.
    public var status: Int
    /// Names in lower case.
    public var headers: [String: String]
    public var body: Body

    /// An answer with that body.
    public init(status: Int, headers: [String: String], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Carries requests to one server. Simulations and tests supply their own.
public protocol APITransport: Sendable {
    /// Sends the request and returns as soon as the head of the answer is there.
    ///
    /// Throws a `TransportError` if there is no answer.
    func send(_ request: APIRequest) async throws -> APIResponse

    /// Closes idle connections; requests under way fail.
    func shutdown() async
}

/// Why no answer came.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    /// What the sender needs to know to decide about trying again.
    public enum Code: Sendable {
        /// The server was never reached, so nothing was done.
        case notConnected
        /// The connection broke or the time ran out after the request was sent: it may have been done.
        case interrupted
        /// TLS failed: the wrong certificate, or none. Trying again does not help.
        case untrusted
    }

    public var code: Code
    public var message: String

    /// A failure of the transport.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
