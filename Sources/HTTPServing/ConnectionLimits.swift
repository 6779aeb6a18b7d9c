import Glibc

/// What one connection, and all of them together, may take. The times are those of `kube-apiserver` and of Go's
/// HTTP server below it, where these have one.
public struct ConnectionLimits: Sendable {
    /// From the acceptance (or the first byte of a further request) until the head of a request is complete.
    public var headTimeout: Duration = .seconds(32)
    /// From the head of a request until its body is complete.
    public var bodyTimeout: Duration = .seconds(60)
    /// How long a connection may stay open between two requests.
    public var idleTimeout: Duration = .seconds(90)
    /// How long a client may take nothing of an answer.
    public var stallTimeout: Duration = .seconds(60)
    /// How long what a refused client still sends is thrown away, so that it gets to read why.
    public var lingerTimeout: Duration = .seconds(3)
    /// The request line and all header fields together, in bytes.
    public var maximumHeadBytes = 1 << 20
    /// How many header fields a request may have.
    public var maximumHeaderFields = 1000
    /// A client that asks whether it may send a body of more bytes than this is not told to go on.
    public var maximumBodyBytes = Self.defaultBodyBytes
    /// The connections that are served at a time; further ones are answered with 429.
    public var maximumConnections = Self.connectionsAllowedHere

    /// The limits of a server for one machine.
    public init() {}

    /// Allows this process as many open files as the system lets it have: every connection is one. Call at the start.
    public static func raiseOpenFileLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }

    /// Bodies above this many bytes are refused, as Kubernetes refuses them.
    package static let defaultBodyBytes = 3 << 20

    /// Answering refused connections costs little; beyond these many more, connections are closed without a word.
    static let refusableConnections = 128

    /// The limits of another port of the same process, which has a third of the connections and bodies of its own size.
    public static func secondary(maximumBodyBytes: Int) -> ConnectionLimits {
        var limits = ConnectionLimits()
        limits.maximumBodyBytes = maximumBodyBytes
        limits.maximumConnections /= 3
        return limits
    }

    /// 10,000, or what the limit of open files leaves when database, logs and children have theirs.
    private static var connectionsAllowedHere: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
        let files = Int(clamping: limit.rlim_cur)
        return max(64, min(10_000, files - 256 - refusableConnections))
    }
}
