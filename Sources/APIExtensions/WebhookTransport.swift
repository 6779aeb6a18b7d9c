import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Speaks HTTPS to webhooks.
package enum HTTPSWebhook {
    private static let maximumAnswer = 64 << 20

    /// Sends a call over a connection of its own: calls are rare, and each webhook has its own certificates.
    package static let transport: WebhookTransport = { call in
        var configuration = HTTPClient.Configuration()
        if !call.trustedCertificates.isEmpty {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(call.trustedCertificates))
            configuration.tlsConfiguration = tls
        }
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: configuration
        )
        do {
            let answer = try await send(call, client)
            try await client.shutdown()
            return answer
        } catch {
            // The first error counts; a client must be shut down in any case.
            try? await client.shutdown()
            throw error
        }
    }

    private static func send(_ call: WebhookCall, _ client: HTTPClient) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: call.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        request.body = .bytes(call.body)
        let response = try await client.execute(request, timeout: .nanoseconds(call.timeout.nanoseconds))
        let body = try await response.body.collect(upTo: maximumAnswer)
        guard response.status == .ok else {
            throw WebhookError("the webhook answered \(response.status.code) \(response.status.reasonPhrase)")
        }
        return Array(body.readableBytesView)
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}
