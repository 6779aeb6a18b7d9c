import APIMachinery
import Crypto
import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// Finds out who is asking: by bearer token, or by the certificate of the connection.
final class Authenticator: Sendable {
    private struct State {
        var usersByTokenDigest: [SHA256.Digest: UserInfo] = [:]
        var certificates: [[UInt8]: UserInfo] = [:]
        var failures = 0
    }

    private let state = Mutex(State())

    init() {}

    /// Accepts a token. Only its digest is kept, so that comparing takes the same time for every token.
    func add(token: String, user: UserInfo) {
        let digest = SHA256.hash(data: Array(token.utf8))
        state.withLock { $0.usersByTokenDigest[digest] = user }
    }

    /// How many requests came with credentials that nobody has.
    var failures: Int { state.withLock { $0.failures } }

    /// Who is asking; `nil` if the credentials are wrong.
    func user(headers: [String: String], channel: any Channel) async -> UserInfo? {
        if let authorization = headers["authorization"] { return user(authorization: authorization) }
        guard let certificate = try? await channel.nioSSL_peerCertificate().get(),
            let bytes = try? certificate.toDERBytes()
        else { return .anonymous }
        if let known = state.withLock({ $0.certificates[bytes] }) { return known }
        guard let user = Self.user(certificate: bytes) else { return nil }
        state.withLock { state in
            // The handshake has verified the certificate; this only spares reading it again.
            if state.certificates.count >= 256 { state.certificates = [:] }
            state.certificates[bytes] = user
        }
        return user
    }

    /// Who a token belongs to.
    func user(token: String) -> UserInfo? {
        let digest = SHA256.hash(data: Array(token.utf8))
        return state.withLock { $0.usersByTokenDigest[digest] }.map { user in
            var user = user
            if !user.groups.contains("system:authenticated") { user.groups.append("system:authenticated") }
            return user
        }
    }

    private func user(authorization: String) -> UserInfo? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", let user = user(token: String(parts[1])) else {
            state.withLock { $0.failures += 1 }
            return nil
        }
        return user
    }

    /// The subject of a client certificate: its common name is the user, its organizations are the groups.
    private static func user(certificate bytes: [UInt8]) -> UserInfo? {
        guard let certificate = try? Certificate(derEncoded: bytes) else { return nil }
        var name: String?
        var groups: [String] = []
        for part in certificate.subject {
            for attribute in part {
                if attribute.type == .RDNAttributeType.commonName {
                    name = String(describing: attribute.value)
                } else if attribute.type == .RDNAttributeType.organizationName {
                    groups.append(String(describing: attribute.value))
                }
            }
        }
        guard let name else { return nil }
        return UserInfo(name: name, groups: groups + ["system:authenticated"])
    }
}
