/// How to reach one API server, and as whom: the resolved form of a kubeconfig context or of a Pod's service account.
public struct ClientConfiguration: Sendable {
    /// The server's address: `https://10.0.0.1:6443`, without a path at the end.
    public var server: String
    /// The namespace that commands mean when they name none.
    public var namespace: String
    /// The certificates that the server's must be signed by, in PEM; the system's where absent.
    public var certificateAuthority: [UInt8]?
    /// Trusts any certificate. For experiments only.
    public var insecureSkipTLSVerify: Bool
    /// The name to expect in the server's certificate where it is not the host in `server`.
    public var tlsServerName: String?
    /// The client's certificate and key, both in PEM.
    public var clientCertificate: ClientCertificate?
    /// What goes into the `Authorization` header.
    public var authorization: Authorization
    /// Acts as another user, if the server permits it.
    public var impersonate: Impersonation?
    /// What the server's audit log and field managers show.
    public var userAgent: String
    /// Where the configuration comes from, for messages: a path, or `in-cluster`.
    public var origin: String

    /// A certificate with its private key.
    public struct ClientCertificate: Sendable {
        /// The chain, leaf first, in PEM.
        public var certificate: [UInt8]
        /// The private key, in PEM.
        public var key: [UInt8]

        /// A certificate with its private key, both in PEM.
        public init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The ways to say who is asking apart from a client certificate.
    public enum Authorization: Sendable, Hashable {
        case none
        case bearer(String)
        /// A token that is rotated on disk, as service account tokens are; it is read again every minute.
        case bearerFile(String)
        case basic(username: String, password: String)
    }

    /// The user whom requests are made for.
    public struct Impersonation: Sendable, Hashable {
        public var user: String
        public var groups: [String]

        /// That user with those groups.
        public init(user: String, groups: [String] = []) {
            self.user = user
            self.groups = groups
        }
    }

    /// An anonymous client of that server.
    public init(server: String, namespace: String = "default", origin: String = "code") {
        var server = server
        while server.hasSuffix("/") { server.removeLast() }
        self.server = server
        self.namespace = namespace
        self.origin = origin
        insecureSkipTLSVerify = false
        authorization = .none
        userAgent = "martinet"
    }
}

/// Why no configuration could be made. The message names the file, the entry and the remedy.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var message: String

    /// A failure to configure a client.
    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
