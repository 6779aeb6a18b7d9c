import Basics
import Crypto
import Basics
package import FoundationEssentials
package import NIOSSL
import SwiftASN1
import X509

/// Somebody who gets a client certificate of the server's own authority.
public struct ClientIdentity: Sendable, Hashable {
    /// The name of the files.
    public var name: String
    /// Who the certificate says its holder is.
    public var user: String
    public var groups: [String]

    /// A user in these groups, whose files have that name.
    public init(name: String, user: String, groups: [String] = []) {
        self.name = name
        self.user = user
        self.groups = groups
    }
}

/// The server's own certificates, kept in a directory: an authority, the server's and an administrator's.
///
/// Made at the first start. The authority lives for ten years; the others for one, and are renewed when less than
/// a third of that is left or when the server's names change.
package struct CertificateAuthority: Sendable {
    /// A certificate and its key, as PEM text.
    package struct Identity: Sendable {
        package var certificate: String
        package var key: String
    }

    package let authority: Identity
    package let server: Identity
    package let administrator: Identity
    /// By the names of their files.
    package let clients: [String: Identity]

    private static let authorityLifetime: TimeInterval = 10 * 365 * 86400
    private static let lifetime: TimeInterval = 365 * 86400

    /// Reads the certificates of a directory and makes those that are missing or due.
    ///
    /// - Parameter hosts: names and addresses by which clients reach the server.
    package init(directory: String, hosts: [String], clients: [ClientIdentity] = [], now: Date = Date()) throws {
        try PrivateFiles.makeDirectory(directory)
        let signer: Signer
        if let certificate = PrivateFiles.read("\(directory)/ca.crt"),
            let key = PrivateFiles.read("\(directory)/ca.key"),
            // An authority that cannot be read is replaced by a new one.
            let existing = try? Signer(certificate: certificate, key: key), !existing.isDue(now, Self.authorityLifetime)
        {
            signer = existing
            authority = Identity(certificate: certificate, key: key)
        } else {
            signer = try Signer(name: "martinet-ca", now: now, lifetime: Self.authorityLifetime)
            authority = try signer.identity()
            try PrivateFiles.write(authority.key, to: "\(directory)/ca.key")
            try PrivateFiles.write(authority.certificate, to: "\(directory)/ca.crt")
        }
        server = try Self.identity("apiserver", directory, signer, hosts: hosts, now: now) {
            try DistinguishedName { CommonName("kube-apiserver") }
        }
        administrator = try Self.identity("admin", directory, signer, hosts: [], now: now) {
            try DistinguishedName {
                OrganizationName("system:masters")
                CommonName("kubernetes-admin")
            }
        }
        var identities: [String: Identity] = [:]
        for client in clients {
            identities[client.name] = try Self.identity(client.name, directory, signer, hosts: [], now: now) {
                try DistinguishedName {
                    for group in client.groups { OrganizationName(group) }
                    CommonName(client.user)
                }
            }
        }
        self.clients = identities
    }

    private static func identity(
        _ name: String,
        _ directory: String,
        _ signer: Signer,
        hosts: [String],
        now: Date,
        subject: () throws -> DistinguishedName
    ) throws -> Identity {
        let certificatePath = "\(directory)/\(name).crt"
        let keyPath = "\(directory)/\(name).key"
        let subject = try subject()
        if let certificate = PrivateFiles.read(certificatePath), let key = PrivateFiles.read(keyPath),
            signer.isCurrent(certificate, of: subject, hosts: hosts, now: now, lifetime: lifetime)
        {
            return Identity(certificate: certificate, key: key)
        }
        let identity = try signer.sign(subject: subject, hosts: hosts, now: now, lifetime: lifetime)
        try PrivateFiles.write(identity.key, to: keyPath)
        try PrivateFiles.write(identity.certificate, to: certificatePath)
        return identity
    }

    /// TLS for the server, with client certificates of this authority verified where they are offered.
    package func tlsConfiguration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(server.certificate.utf8)).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(server.key.utf8), format: .pem))
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .optionalVerification
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.certificate.utf8)))
        configuration.sendCANameList = true
        return configuration
    }
}

/// A key that signs certificates.
private struct Signer {
    let certificate: Certificate
    let key: Certificate.PrivateKey

    init(certificate: String, key: String) throws {
        self.certificate = try Certificate(pemEncoded: certificate)
        self.key = try Certificate.PrivateKey(pemEncoded: key)
    }

    init(name: String, now: Date, lifetime: TimeInterval) throws {
        key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let subject = try DistinguishedName { CommonName(name) }
        certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: key.publicKey,
            // A clock that runs a little behind must not refuse a fresh certificate.
            notValidBefore: now - 3600,
            notValidAfter: now + lifetime,
            issuer: subject,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
            },
            issuerPrivateKey: key
        )
    }

    func identity() throws -> CertificateAuthority.Identity {
        CertificateAuthority.Identity(
            certificate: try certificate.serializeAsPEM().pemString + "\n",
            key: try key.serializeAsPEM().pemString + "\n"
        )
    }

    func isDue(_ now: Date, _ lifetime: TimeInterval) -> Bool {
        certificate.notValidAfter.timeIntervalSince(now) < lifetime / 3
    }

    /// Whether a certificate is of this authority, of that subject, for these hosts, and has enough of its life before it.
    func isCurrent(
        _ pem: String,
        of subject: DistinguishedName,
        hosts: [String],
        now: Date,
        lifetime: TimeInterval
    ) -> Bool {
        // What cannot be read is no certificate of this authority, and is made anew.
        guard let other = try? Certificate(pemEncoded: pem), other.issuer == certificate.subject,
            other.subject == subject,
            certificate.publicKey.isValidSignature(other.signature, for: other),
            other.notValidAfter.timeIntervalSince(now) >= lifetime / 3
        else { return false }
        if hosts.isEmpty { return true }
        // Names that cannot be read are not the ones wanted: the certificate is made anew.
        let names = try? other.extensions.subjectAlternativeNames
        return names.map { Set($0) == Set(Self.names(hosts)) } ?? false
    }

    func sign(
        subject: DistinguishedName,
        hosts: [String],
        now: Date,
        lifetime: TimeInterval
    ) throws -> CertificateAuthority.Identity {
        let own = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let usage: ExtendedKeyUsage.Usage = hosts.isEmpty ? .clientAuth : .serverAuth
        var extensions = try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
            try ExtendedKeyUsage([usage])
        }
        if !hosts.isEmpty {
            try extensions.append(SubjectAlternativeNames(Self.names(hosts)).makeCertificateExtension())
        }
        let signed = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: own.publicKey,
            notValidBefore: now - 3600,
            notValidAfter: now + lifetime,
            issuer: certificate.subject,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: extensions,
            issuerPrivateKey: key
        )
        return CertificateAuthority.Identity(
            certificate: try signed.serializeAsPEM().pemString + "\n",
            key: try own.serializeAsPEM().pemString + "\n"
        )
    }

    private static func names(_ hosts: [String]) -> [GeneralName] {
        hosts.map { host in
            let parts = host.split(separator: ".").compactMap { UInt8($0) }
            if parts.count == 4 { return .ipAddress(ASN1OctetString(contentBytes: parts[...])) }
            if host == "::1" {
                return .ipAddress(ASN1OctetString(contentBytes: ([UInt8](repeating: 0, count: 15) + [1])[...]))
            }
            return .dnsName(host)
        }
    }
}
