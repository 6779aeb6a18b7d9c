import APIMachinery
import Containment
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// What all routes share: reading the body, authenticating and authorizing the caller, and rendering errors as
/// `Status`.
struct JSONExchange: Sendable {
    let authorizer: any RequestAuthorizer
    let bodies: BodyBudget
    let containment: Containment
    let logger: Logger

    /// The largest body of a request, in bytes.
    static let maximumBody = 32 << 20

    /// Runs a route and answers with its JSON, or with the `Status` that says why not.
    func respond(
        to request: Request,
        _ code: HTTPResponse.Status = .ok,
        _ body: () async throws -> [UInt8]
    ) async -> Response {
        do {
            return Self.answer(code, try await body())
        } catch {
            return failure(error, request)
        }
    }

    private func failure(_ error: any Error, _ request: Request) -> Response {
        let status = status(error)
        var headers: HTTPFields = [:]
        // The body of these may not have been read, so the connection cannot be used again.
        if [401, 403, 408, 413, 429].contains(status.code), Self.hasBody(request) { headers[.connection] = "close" }
        if let seconds = status.details?.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        if status.code == 401 { headers[.wwwAuthenticate] = "Bearer realm=\"martinet\"" }
        return Self.answer(HTTPResponse.Status(code: status.code), status.json.bytes, headers)
    }

    private func status(_ error: any Error) -> Status {
        switch error {
        case let status as Status:
            return status
        case let error as JSONSyntaxError:
            return .badRequest("the body is not JSON: \(error)")
        case let error as RunStoreError:
            switch error.code {
            case .notFound: return Status(code: 404, reason: .notFound, message: error.message)
            case .alreadyExists: return Status(code: 409, reason: .alreadyExists, message: error.message)
            case .expired: return .gone(error.message)
            case .unavailable:
                logger.error("The run store failed", metadata: ["error": "\(error.message)"])
                return Status(
                    code: 503,
                    reason: .serviceUnavailable,
                    message: error.message,
                    details: Status.Details(retryAfterSeconds: 5)
                )
            case .corrupt:
                logger.critical("The run store is damaged", metadata: ["error": "\(error.message)"])
                return .internalError(error.message)
            }
        case let error as HTTPError:
            return Status(code: error.status.code, reason: nil, message: error.body ?? error.status.reasonPhrase)
        case is CancellationError:
            return Status(code: 503, reason: .serviceUnavailable, message: "the server is stopping; try again")
        default:
            logger.error("A request failed", metadata: ["error": "\(error)"])
            return .internalError("\(error)")
        }
    }

    static func answer(
        _ code: HTTPResponse.Status,
        _ bytes: [UInt8],
        _ more: HTTPFields = [:]
    ) -> Response {
        var headers = more
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-cache, private"
        return Response(status: code, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || (request.headers[.contentLength] ?? "0") != "0"
    }

    /// Authenticates the caller, before any of the body is read.
    func authenticate(_ request: Request) async throws {
        try await authorizer.authenticate(Self.credential(request))
    }

    /// Authorizes the caller for an action in a namespace.
    func authorize(_ request: Request, _ action: RunAPIAction, _ namespace: String) async throws {
        try await authorizer.authorize(Self.credential(request), to: action, in: namespace)
    }

    /// The name of the caller.
    func userName(_ request: Request) -> String { authorizer.userName(of: Self.credential(request)) }

    static func credential(_ request: Request) -> RequestCredential {
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" {
                return RequestCredential(token: String(parts[1]))
            }
        }
        return RequestCredential(token: HTTPField.Name("X-API-Key").flatMap { request.headers[$0] })
    }

    /// Calls `use` with the body as JSON; an empty body is an empty object. Until it returns, the body's bytes count
    /// against the budget, and the request is marked as being worked on.
    ///
    /// - Throws: 413 if the announced length or the body is too large; 429 if the budget is used up; 422 for a request
    ///   that is quarantined; and what `use` throws.
    func withBody<Result>(_ request: Request, _ use: (JSONValue) async throws -> Result) async throws -> Result {
        var taken = 0
        defer { bodies.give(taken) }
        let bytes = try await collect(request, &taken)
        let mark = try containment.admitRequest(
            method: request.method.rawValue,
            uri: request.uri.string,
            body: bytes
        )
        defer { mark.end() }
        if bytes.isEmpty { return try await use([:]) }
        let json = try JSONValue(parsing: bytes)
        guard case .object = json else {
            throw Status.badRequest("the body must be a JSON object, not \(json.typeName)")
        }
        return try await use(json)
    }

    private static let tooLarge = Status.tooLarge("the body has more than \(maximumBody) bytes; send less at once")

    private func collect(_ request: Request, _ taken: inout Int) async throws -> [UInt8] {
        let announced = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard announced <= Self.maximumBody else { throw Self.tooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(max(announced, 0), 64 << 10))
        do {
            try await read(request, &bytes, &taken)
        } catch let error where !(error is Status || error is CancellationError) {
            throw Status.badRequest("the body of the request could not be read: \(error)")
        }
        return bytes
    }

    private func read(_ request: Request, _ bytes: inout [UInt8], _ taken: inout Int) async throws {
        for try await buffer in request.body {
            let count = buffer.readableBytes
            guard bytes.count + count <= Self.maximumBody else { throw Self.tooLarge }
            guard bodies.take(count) else {
                throw Status.tooManyRequests(
                    "too many large requests at once, please try again later",
                    retryAfterSeconds: 1
                )
            }
            taken += count
            bytes.append(contentsOf: buffer.readableBytesView)
        }
    }
}
