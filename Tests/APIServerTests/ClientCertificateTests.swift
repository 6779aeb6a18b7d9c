import APIMachinery
import FoundationEssentials
import Synchronization
import TestSupport
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// Whom the server believes.
@Suite struct ClientCertificateTests {
    private static let jane = ClientIdentity(name: "jane", user: "jane", groups: ["devs", "ops"])

    private static func der(_ pem: String) throws -> [UInt8] {
        let lines = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        return try #require(Base64.decode(lines.joined(), allowing: .anyForm))
    }

    @Test("A certificate of the authority names its user and groups")
    func good() async throws {
        try await Files.withTemporaryDirectory { directory in
            let authority = try CertificateAuthority(directory: directory, hosts: ["localhost"], clients: [Self.jane])
            let certificates = try ClientCertificates(authority: authority.authority.certificate)
            let identity = try #require(authority.clients["jane"])
            let user = try #require(await certificates.user(der: Self.der(identity.certificate)))
            #expect(user.name == "jane")
            #expect(user.groups == ["devs", "ops", "system:authenticated"])
            let fingerprint = user.extra["authentication.kubernetes.io/credential-id"]?.first
            #expect(fingerprint?.hasPrefix("X509SHA256=") == true)
            let again = try CertificateAuthority(directory: directory, hosts: ["localhost"], clients: [Self.jane])
            #expect(again.clients["jane"]?.certificate == identity.certificate, "kept over a restart")
            let renamed = ClientIdentity(name: "jane", user: "joe")
            let other = try CertificateAuthority(directory: directory, hosts: ["localhost"], clients: [renamed])
            #expect(other.clients["jane"]?.certificate != identity.certificate, "another user, another certificate")
        }
    }

    @Test("Those of another authority, out of their time, or not made for clients are refused")
    func bad() async throws {
        try await Files.withTemporaryDirectory { directory in
            let authority = try CertificateAuthority(
                directory: "\(directory)/own",
                hosts: ["localhost"],
                clients: [Self.jane]
            )
            let foreign = try CertificateAuthority(
                directory: "\(directory)/foreign",
                hosts: ["localhost"],
                clients: [Self.jane]
            )
            let old = try CertificateAuthority(
                directory: "\(directory)/old",
                hosts: ["localhost"],
                clients: [Self.jane],
                now: Date() - 2 * 365 * 86400
            )
            let certificates = try ClientCertificates(authority: authority.authority.certificate)
            let stranger = try #require(foreign.clients["jane"])
            #expect(await certificates.user(der: try Self.der(stranger.certificate)) == nil, "of another authority")
            #expect(await certificates.user(der: try Self.der(authority.server.certificate)) == nil, "a server's")
            #expect(
                await certificates.user(der: try Self.der(authority.authority.certificate)) == nil,
                "the authority's"
            )
            #expect(await certificates.user(der: [1, 2, 3]) == nil, "none at all")

            let expired = try #require(old.clients["jane"])
            let olds = try ClientCertificates(authority: old.authority.certificate)
            #expect(await olds.user(der: try Self.der(expired.certificate)) == nil, "expired before it was first seen")
        }
    }

    @Test("A certificate that expires while its connection lasts is good no longer")
    func expiring() async throws {
        try await Files.withTemporaryDirectory { directory in
            let authority = try CertificateAuthority(directory: directory, hosts: ["localhost"], clients: [Self.jane])
            let time = ManualDate()
            let certificates = try ClientCertificates(
                authority: authority.authority.certificate,
                now: { time.now }
            )
            let bytes = try Self.der(try #require(authority.clients["jane"]).certificate)
            #expect(await certificates.user(der: bytes) != nil)
            time.advance(by: 366 * 86400)
            #expect(await certificates.user(der: bytes) == nil)
        }
    }

    @Test("A good certificate counts, else a good token; something wrong is no anonymous caller")
    func authenticator() async throws {
        try await Files.withTemporaryDirectory { directory in
            let authority = try CertificateAuthority(directory: directory, hosts: ["localhost"], clients: [Self.jane])
            let authenticator = Authenticator()
            authenticator.accept(try ClientCertificates(authority: authority.authority.certificate))
            authenticator.add(token: "good", user: UserInfo(name: "bot"))
            let jane = try Self.der(try #require(authority.clients["jane"]).certificate)
            let wrong = try Self.der(authority.server.certificate)
            func ask(_ authorization: String?, _ certificate: [UInt8]?) async -> String {
                do throws(AuthenticationFailure) {
                    return try await authenticator.user(authorization: authorization, certificate: certificate).name
                } catch {
                    return error.message
                }
            }
            #expect(await ask(nil, nil) == "system:anonymous")
            #expect(await ask("Bearer good", nil) == "bot")
            #expect(await ask("bearer good", nil) == "bot")
            #expect(await ask(nil, jane) == "jane")
            #expect(await ask("Bearer wrong", jane) == "jane")
            #expect(await ask("Bearer good", wrong) == "bot")
            #expect(await ask("Bearer wrong", nil) == "Authentication failed, attempted: bearer")
            // What is no bearer token is nothing at all.
            #expect(await ask("Bearer ", nil) == "system:anonymous")
            #expect(await ask("Basic YTpi", nil) == "system:anonymous")
            #expect(await ask("Bearer wrong", wrong) == "Authentication failed, attempted: x509, bearer")
        }
    }
}

/// A date that stands still until it is moved.
private final class ManualDate: Sendable {
    private let moment = Mutex(Date())

    var now: Date { moment.withLock { $0 } }

    func advance(by seconds: Double) { moment.withLock { $0 += seconds } }
}
