import Basics
import Crypto
package import FoundationEssentials
import SwiftASN1
import Synchronization
import X509

/// Reads users from client certificates of one authority.
///
/// Certificates are verified here and not in the handshake, so that who shows a wrong one gets a `401` that says so
/// and is counted, as with Kubernetes, instead of a broken connection.
package final class ClientCertificates: Sendable {
    private struct Known {
        var user: UserInfo
        var notAfter: Date
    }

    private static let capacity = 1024
    private let roots: CertificateStore
    private let now: @Sendable () -> Date
    private let known = Mutex<[[UInt8]: Known]>([:])

    /// - Parameter authority: the PEM text of the certificate that signs those of clients.
    package init(authority: String, now: @escaping @Sendable () -> Date = { Date() }) throws {
        roots = CertificateStore([try Certificate(pemEncoded: authority)])
        self.now = now
    }

    /// Whose certificate that is: its common name is the user, its organizations are the groups. `nil` if it is of
    /// another authority, out of its time, not for clients, or names nobody.
    package func user(der bytes: [UInt8]) async -> UserInfo? {
        let moment = now()
        if let found = known.withLock({ $0[bytes] }) { return found.notAfter >= moment ? found.user : nil }
        // What cannot be read proves nothing.
        guard let certificate = try? Certificate(derEncoded: bytes), let user = Self.subject(certificate, bytes),
            await isValid(certificate, at: moment)
        else { return nil }
        known.withLock { known in
            // Only what is valid is kept, so nobody can fill this up but by the authority's own certificates.
            if known.count >= Self.capacity { known = [:] }
            known[bytes] = Known(user: user, notAfter: certificate.notValidAfter)
        }
        return user
    }

    private func isValid(_ certificate: Certificate, at moment: Date) async -> Bool {
        // What cannot be read proves nothing.
        guard let usage = try? certificate.extensions.extendedKeyUsage, usage.contains(.clientAuth),
            certificate.notValidBefore <= moment, moment <= certificate.notValidAfter
        else { return false }
        var verifier = Verifier(rootCertificates: roots) { RFC5280Policy() }
        guard case .validCertificate = await verifier.validate(leaf: certificate, intermediates: CertificateStore())
        else { return false }
        return true
    }

    private static func subject(_ certificate: Certificate, _ bytes: [UInt8]) -> UserInfo? {
        var name = ""
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
        guard !name.isEmpty else { return nil }
        var user = UserInfo(name: name, groups: groups)
        if !groups.contains(UserInfo.authenticatedGroup) { user.groups.append(UserInfo.authenticatedGroup) }
        let fingerprint = Hexadecimal.text(SHA256.hash(data: bytes))
        user.extra = ["authentication.kubernetes.io/credential-id": ["X509SHA256=" + fingerprint]]
        return user
    }
}
