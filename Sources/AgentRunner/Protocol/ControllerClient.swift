import APIMachinery
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// The calls of the runner protocol.
enum ProtocolCall: String, Sendable, CaseIterable {
    case register, lease, report, heartbeat, logs, release, deregister

    var path: String { "/agents/v1/\(rawValue)" }
}

/// The controller as the runner sees it. Tests put a fake in its place.
protocol ControllerConnection: Sendable {
    /// Makes one call.
    ///
    /// - Throws: `ControllerError`, or `CancellationError` if the task was cancelled.
    func call(_ call: ProtocolCall, _ body: JSONValue, timeout: Duration) async throws -> JSONValue
}

/// Why a call brought no answer.
struct ControllerError: Error, Sendable, CustomStringConvertible {
    enum Kind: Sendable, Equatable {
        /// Not reached, or not able to answer now: try again, and register first.
        case unavailable
        /// The token is not accepted.
        case unauthorized
        /// The controller does not know the runner: register.
        case unknownRunner
        /// Too much at once: the same call later.
        case throttled
        /// This body will never be taken.
        case refused
    }

    var kind: Kind
    var description: String
    var retryAfter: Duration?

    /// What an answer with that status means. The protocol has no other signs than HTTP's own.
    init(status: Int, message: String, call: ProtocolCall, retryAfter: Duration?) {
        kind =
            switch status {
            case 401, 403: .unauthorized
            // Conflict, gone, precondition failed or required: all say that the runner is not known as it thinks.
            case 404, 409, 410, 412, 428: .unknownRunner
            case 429: .throttled
            case 400..<500: .refused
            default: .unavailable
            }
        description = "\(call.path) answered \(status): \(message)"
        self.retryAfter = retryAfter
    }

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// The controller behind a URL.
struct HTTPController: ControllerConnection {
    private let client: HTTPClient
    private let base: String
    /// Asked at every call: a token file may be renewed under a running process.
    private let token: @Sendable () -> String?

    init(client: HTTPClient, url: String, token: @escaping @Sendable () -> String?) {
        self.client = client
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
    }

    func call(_ call: ProtocolCall, _ body: JSONValue, timeout: Duration) async throws -> JSONValue {
        var request = HTTPClientRequest(url: base + call.path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: "application/json")
        if let token = token(), !token.isEmpty {
            request.headers.add(name: "authorization", value: "Bearer \(token)")
        }
        request.body = .bytes(ByteBuffer(bytes: body.bytes))
        let status: Int
        let answer: ByteBuffer
        let retryAfter: Duration?
        do {
            let response = try await client.execute(
                request,
                timeout: .nanoseconds(Int64(clamping: min(timeout.inSeconds, 86400) * 1e9))
            )
            status = Int(response.status.code)
            retryAfter = response.headers.first(name: "retry-after").flatMap(Double.init).map { .bounded(seconds: $0) }
            answer = try await response.body.collect(upTo: 64 << 20)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw ControllerError(.unavailable, "\(base)\(call.path): \(error)")
        }
        let bytes = answer.readableBytesView
        guard (200..<300).contains(status) else {
            // An error that is not JSON is shown as the text it is.
            let json = try? JSONValue(parsing: bytes)
            let message = json?["message"]?.stringValue ?? String(decoding: bytes.prefix(300), as: UTF8.self)
            throw ControllerError(status: status, message: message, call: call, retryAfter: retryAfter)
        }
        if bytes.isEmpty { return .object([:]) }
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw ControllerError(
                .unavailable,
                "\(base)\(call.path) did not answer with JSON (\(error)); is it a controller?"
            )
        }
    }
}
