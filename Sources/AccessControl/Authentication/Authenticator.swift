import APIMachinery
import Crypto
package import NIOCore
import NIOSSL
import Synchronization

/// Finds out who is asking: by the certificate of the connection, or by bearer token.
package final class Authenticator: Sendable {
    private struct State {
        var usersByTokenDigest: [SHA256.Digest: UserInfo] = [:]
        var certificates: ClientCertificates?
    }

    private let state = Mutex(State())

    package init() {}

    /// Accepts a token. Only its digest is kept, so that comparing takes the same time for every token.
    package func add(token: String, user: UserInfo) {
        let digest = SHA256.hash(data: Array(token.utf8))
        state.withLock { $0.usersByTokenDigest[digest] = user }
    }

    /// Accepts client certificates.
    package func accept(_ certificates: ClientCertificates) { state.withLock { $0.certificates = certificates } }

    /// Who is asking. Who shows nothing is anonymous; who shows something that is worth nothing is refused.
    package func user(headers: [String: String], channel: any Channel) async throws(AuthenticationFailure) -> UserInfo {
        var bytes: [UInt8]?
        // Without a certificate that can be had, the caller proves nothing by one.
        if let certificate = try? await channel.nioSSL_peerCertificate().get() {
            // As above.
            bytes = try? certificate.toDERBytes()
        }
        return try await user(authorization: headers["authorization"], certificate: bytes)
    }

    /// Who shows that header and that certificate (as DER); the first that is good counts.
    package func user(authorization: String?, certificate: [UInt8]?) async throws(AuthenticationFailure) -> UserInfo {
        var attempted: [String] = []
        if let certificate {
            if let certificates = state.withLock({ $0.certificates }),
                let user = await certificates.user(der: certificate)
            {
                return user
            }
            attempted.append("x509")
        }
        // Only bearer tokens are credentials here; who shows anything else shows nothing.
        let parts = (authorization ?? "").split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.count > 1, parts[0].lowercased() == "bearer", !parts[1].isEmpty {
            if let user = user(token: String(parts[1])) { return user }
            attempted.append("bearer")
        }
        guard attempted.isEmpty else { throw AuthenticationFailure(attempted: attempted) }
        return .anonymous
    }

    /// Who a token belongs to.
    package func user(token: String) -> UserInfo? {
        let digest = SHA256.hash(data: Array(token.utf8))
        return state.withLock { $0.usersByTokenDigest[digest] }.map { user in
            var user = user
            if !user.groups.contains(UserInfo.authenticatedGroup) { user.groups.append(UserInfo.authenticatedGroup) }
            return user
        }
    }
}
