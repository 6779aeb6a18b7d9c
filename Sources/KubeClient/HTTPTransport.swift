import Basics
private import AsyncHTTPClient
private import Glibc
private import Dispatch
private import NIOCore
private import NIOHTTP1
private import NIOPosix
private import NIOSSL
private import Synchronization

/// The transport for real servers, on AsyncHTTPClient.
///
/// HTTP/1.1 only: every watch then has a connection of its own, so that a slow consumer delays no other, and a
/// dead connection is noticed by the TCP keep-alive of that watch. The pool is not limited for the same reason.
public final class HTTPTransport: APITransport {
    private let client: HTTPClient
    private let configuration: ClientConfiguration
    private let token: TokenSource
    private let isShutDown = Mutex(false)

    /// Prepares TLS and a connection pool; connects when the first request is sent.
    ///
    /// Throws a `ConfigurationError` if a certificate or key cannot be read.
    public init(_ configuration: ClientConfiguration, connectTimeout: Duration = .seconds(10)) throws {
        var settings = HTTPClient.Configuration()
        settings.tlsConfiguration = try Self.tls(configuration)
        settings.httpVersion = .http1Only
        settings.redirectConfiguration = .disallow
        settings.timeout.connect = .init(connectTimeout)
        // Whether to try again is for the retry policy, which knows what the request does.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
        // Shorter than servers keep idle connections, so that few requests meet one that is just being closed.
        settings.connectionPool.idleTimeout = .seconds(20)
        settings.http1_1ConnectionDebugInitializer = { channel in
            channel.setOption(.socketOption(.so_keepalive), value: 1)
        }
        if let name = configuration.tlsServerName, let host = Self.host(configuration.server) {
            settings.dnsOverride[name] = host
        }
        client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: settings
        )
        self.configuration = configuration
        token = TokenSource(configuration.authorization, time: .system)
    }

    deinit {
        // The client must not be dropped while it has connections; closing them may outlive this object.
        if !isShutDown.withLock({ $0 }) { client.shutdown(queue: .global()) { _ in } }
    }

    public func shutdown() async {
        let first = isShutDown.withLock { done in
            defer { done = true }
            return !done
        }
        // The connections are given up in any case.
        if first { try? await client.shutdown() }
    }

    public func send(_ request: APIRequest) async throws -> APIResponse {
        var base = configuration.server
        if let name = configuration.tlsServerName, let host = Self.host(base), let range = base.range(ofFirst: host) {
            base.replaceSubrange(range, with: name)
        }
        var http = HTTPClientRequest(url: base + request.target)
        http.method = HTTPMethod(rawValue: request.method.rawValue)
        for (name, value) in request.headers { http.headers.replaceOrAdd(name: name, value: value) }
        http.headers.replaceOrAdd(name: "User-Agent", value: configuration.userAgent)
        if let authorization = token.header() {
            http.headers.replaceOrAdd(name: "Authorization", value: authorization)
        }
        if let user = configuration.impersonate {
            http.headers.add(name: "Impersonate-User", value: user.user)
            for group in user.groups { http.headers.add(name: "Impersonate-Group", value: group) }
        }
        if let body = request.body { http.body = .bytes(ByteBuffer(bytes: body)) }
        if let file = request.bodyFile { http.body = .stream(try FileBody(path: file), length: .unknown) }
        // Streams have no deadline; AsyncHTTPClient wants one, so it gets one that is far away.
        let deadline: NIODeadline = request.timeout.map { .now() + TimeAmount($0) } ?? .distantFuture
        let response: HTTPClientResponse
        do {
            response = try await client.execute(http, deadline: deadline)
        } catch {
            throw Self.explain(error, server: configuration.server)
        }
        var headers: [String: String] = [:]
        for (name, value) in response.headers { headers[name.lowercased()] = value }
        let body = ResponseBody(base: response.body, server: configuration.server)
        return APIResponse(status: Int(response.status.code), headers: headers, body: body)
    }

    private static func tls(_ configuration: ClientConfiguration) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if configuration.insecureSkipTLSVerify {
            tls.certificateVerification = .none
        } else if let authority = configuration.certificateAuthority {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
            } catch {
                throw ConfigurationError(
                    "\(configuration.origin): certificate-authority: not a PEM certificate: \(error)"
                )
            }
        }
        if let client = configuration.clientCertificate {
            do {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(client.certificate).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: client.key, format: .pem))
            } catch {
                throw ConfigurationError(
                    "\(configuration.origin): client-certificate or client-key: is not PEM, or they do not belong together: \(error)"
                )
            }
        }
        return tls
    }

    /// The host of `https://host:port`, without the brackets of an IPv6 address.
    static func host(_ server: String) -> String? {
        guard let range = server.range(ofFirst: "://") else { return nil }
        let rest = server[range.upperBound...].prefix { $0 != "/" }
        if rest.hasPrefix("[") { return rest.dropFirst().split(separator: "]").first.map(String.init) }
        return rest.split(separator: ":").first.map(String.init)
    }

    /// Why TLS failed, in words for people: BoringSSL's own name a line of its source.
    static func untrusted(_ error: String, _ server: String) -> String {
        if error.contains("CERTIFICATE_VERIFY_FAILED") {
            return "the certificate of \(server) is not signed by the certificate-authority of the kubeconfig; "
                + "use the kubeconfig of this server"
        }
        if error.contains("failedToValidateHostname") {
            return "the certificate of \(server) is for other names; set tls-server-name to one of them"
        }
        if error.contains("WRONG_VERSION_NUMBER") { return "\(server) does not speak TLS; use http:// in server" }
        if error.contains("ALERT") {
            return "\(server) refused the TLS handshake; check client-certificate and client-key in the kubeconfig"
        }
        return "TLS with \(server) failed: \(error)"
    }

    /// Sorts the client's many errors by what the sender can do about them.
    static func explain(_ error: any Error, server: String) -> any Error {
        if error is CancellationError { return error }
        if let error = error as? HTTPClientError {
            switch error {
            case .cancelled, .requestStreamCancelled: return CancellationError()
            case .connectTimeout, .getConnectionFromPoolTimeout, .alreadyShutdown:
                return TransportError(.notConnected, "cannot connect to \(server): \(error.shortDescription)")
            case .tlsHandshakeTimeout:
                return TransportError(.notConnected, "cannot connect to \(server): TLS handshake timed out")
            default:
                return TransportError(.interrupted, "request to \(server) failed: \(error.shortDescription)")
            }
        }
        if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
            return TransportError(.untrusted, untrusted("\(error)", server))
        }
        if let error = error as? NIOConnectionError {
            let reason = error.connectionErrors.first.map { "\($0.error)" } ?? "no address found for host"
            return TransportError(.notConnected, "cannot connect to \(server): \(reason)")
        }
        if let error = error as? IOError {
            // Of the failures of an open socket these two mean that it never was open.
            let isRefused = error.errnoCode == ECONNREFUSED || error.errnoCode == EHOSTUNREACH
            return TransportError(
                isRefused ? .notConnected : .interrupted,
                isRefused
                    ? "cannot connect to \(server): connection refused" : "connection to \(server) broke: \(error)"
            )
        }
        return TransportError(.interrupted, "request to \(server) failed: \(error)")
    }
}

/// The body of an answer with its buffers as bytes and its errors sorted.
private struct ResponseBody: AsyncSequence, Sendable {
    var base: HTTPClientResponse.Body
    var server: String

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: HTTPClientResponse.Body.AsyncIterator
        var server: String

        mutating func next() async throws -> [UInt8]? {
            do {
                return try await base.next(isolation: #isolation).map { Array($0.readableBytesView) }
            } catch {
                throw HTTPTransport.explain(error, server: server)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator(), server: server) }
}

extension String {
    /// Where the text first occurs.
    fileprivate func range(ofFirst text: String) -> Range<String.Index>? {
        self.ranges(of: text).first
    }
}
