public import APIMachinery
public import Logging

/// Talks to one API server: objects of any kind as JSON trees, or of known kinds as Swift types.
///
/// Every failure is thrown as a `Status`: the server's own, or one with reason `ConnectionFailed` where there was no
/// answer; a cancelled task throws `CancellationError`. An empty namespace means a cluster-scoped object, or all
/// namespaces in lists and watches. Safe to share; shut it down when done.
public struct KubeClient: Sendable {
    /// The largest answer that is held in memory, in bytes.
    static let maximumBodySize = 256 * 1024 * 1024

    /// How the server is reached; its namespace is the default for commands.
    public let configuration: ClientConfiguration
    let transport: any APITransport
    let requests: RequestBuilder
    let retry: RequestRetryPolicy
    let time: any TimeSource
    let random: @Sendable () -> Double
    let logger: Logger

    /// A client of the server that the configuration names.
    public init(
        _ configuration: ClientConfiguration,
        timeout: Duration = .seconds(30),
        retry: RequestRetryPolicy = RequestRetryPolicy(),
        logger: Logger = Logger(label: "kubeclient")
    ) throws {
        self.init(
            configuration,
            transport: try HTTPTransport(configuration),
            timeout: timeout,
            retry: retry,
            logger: logger
        )
    }

    /// A client over any transport, with time and chance supplied: for tests and simulations.
    public init(
        _ configuration: ClientConfiguration,
        transport: any APITransport,
        timeout: Duration = .seconds(30),
        retry: RequestRetryPolicy = RequestRetryPolicy(),
        time: any TimeSource = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        logger: Logger = Logger(label: "kubeclient")
    ) {
        self.configuration = configuration
        self.transport = transport
        self.retry = retry
        self.time = time
        self.random = random
        self.logger = logger
        requests = RequestBuilder(timeout: timeout)
    }

    /// Closes the connections.
    public func shutdown() async { await transport.shutdown() }

    /// Sends a request and reads the whole answer, which must be JSON.
    public func json(_ request: APIRequest) async throws -> JSONValue {
        let bytes = try await bytes(request)
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw Status(
                code: 500,
                reason: .internalError,
                message: "\(request.method.rawValue) \(request.path): the answer is not JSON: \(error)"
            )
        }
    }

    /// Sends a request and reads the whole answer.
    public func bytes(_ request: APIRequest) async throws -> [UInt8] {
        // A body that breaks off is a broken connection like any other, so reading it belongs to the attempt.
        try await attempt(request) { response in
            try await Self.collect(response.body, upTo: Self.maximumBodySize)
        }
    }

    /// Sends a request and hands over the answer's body as it arrives.
    public func stream(_ request: APIRequest) async throws -> APIResponse.Body {
        try await attempt(request) { $0.body }
    }

    /// Repeats the request as the policy says; throws the last failure as a `Status`.
    private func attempt<Result>(
        _ request: APIRequest,
        _ read: (APIResponse) async throws -> Result
    ) async throws -> Result {
        try request.checkNames()
        var attempt = 1
        while true {
            let failure: RequestRetryPolicy.Failure
            let status: Status
            do {
                let response = try await transport.send(request)
                if (200..<300).contains(response.status) { return try await read(response) }
                status = try await Self.status(of: response, request)
                let header = response.headers["retry-after"].flatMap { Int($0) }
                failure = .answer(
                    status: response.status,
                    retryAfterSeconds: header ?? status.details?.retryAfterSeconds
                )
            } catch let error as TransportError {
                failure = .transport(error.code)
                status = Status(code: 503, reason: .connectionFailed, message: error.message)
            }
            guard
                let delay = retry.delay(
                    after: failure,
                    attempt: attempt,
                    isIdempotent: request.isIdempotent,
                    random: random()
                )
            else { throw status }
            logger.debug(
                "request is repeated",
                metadata: [
                    "method": "\(request.method.rawValue)", "path": "\(request.path)", "attempt": "\(attempt)",
                    "error": "\(status)", "delay": "\(delay)",
                ]
            )
            attempt += 1
            try await time.sleep(for: delay)
        }
    }

    private static func collect(_ body: APIResponse.Body, upTo limit: Int) async throws -> [UInt8] {
        var result: [UInt8] = []
        for try await chunk in body {
            guard result.count + chunk.count <= limit else {
                throw Status.tooLarge("the answer has more than \(limit) bytes; ask for less, or in pages")
            }
            result.append(contentsOf: chunk)
        }
        return result
    }

    /// The Status in an error's body; one made from the HTTP status where a proxy, say, sent something else.
    private static func status(of response: APIResponse, _ request: APIRequest) async throws -> Status {
        let bytes = try await collect(response.body, upTo: 1024 * 1024)
        // An answer that is not a Status becomes one below, of its code and its text.
        if let json = try? JSONValue(parsing: bytes), json["kind"]?.stringValue == "Status",
            // As above.
            var status = try? JSONValueDecoder().decode(Status.self, from: json)
        {
            if status.code == 0 { status.code = response.status }
            return status
        }
        let text = String(decoding: bytes.prefix(512), as: UTF8.self)
        return Status(
            code: response.status,
            reason: reason(for: response.status),
            message: "\(request.method.rawValue) \(request.path): HTTP \(response.status)"
                + (text.isEmpty ? "" : ": \(text)")
        )
    }

    /// What a bare HTTP status means (`errors.NewGenericServerResponse`).
    private static func reason(for status: Int) -> Status.Reason? {
        switch status {
        case 400: .badRequest
        case 401: .unauthorized
        case 403: .forbidden
        case 404: .notFound
        case 405: .methodNotAllowed
        case 406: .notAcceptable
        case 409: .conflict
        case 410: .gone
        case 413: .requestEntityTooLarge
        case 415: .unsupportedMediaType
        case 422: .invalid
        case 429: .tooManyRequests
        case 500: .internalError
        case 503: .serviceUnavailable
        case 504: .timeout
        default: nil
        }
    }
}
