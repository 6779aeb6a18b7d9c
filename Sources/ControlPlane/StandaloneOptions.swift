public import GenericAPIServer

/// What `controller standalone` is told on its command line.
public struct StandaloneOptions: Sendable {
    /// Everything is kept here; made if it is missing.
    public var dataDirectory: String
    /// The Kubernetes API (TLS). 0 takes any free port.
    public var apiPort: Int
    /// Probes, metrics, submissions and the runners' protocol.
    public var httpPort: Int
    /// The address of both ports.
    public var host: String
    /// Names besides `localhost` by which the HTTP port may be addressed.
    public var httpHostNames: [String] = []
    /// The folder of `agent-runner` and `pod-shim`.
    public var programs: String
    /// How long a container that keeps failing waits before its first restart.
    public var restartBackoff: Duration
    /// Called once when everything is up, with the absolute path of the data directory.
    public var onReady: @Sendable (_ dataDirectory: String) -> Void = { _ in }
    /// `nil` keeps no audit log.
    public var audit: AuditOptions?

    /// Options; the defaults are loopback and the usual ports.
    public init(
        dataDirectory: String,
        apiPort: Int = 6443,
        httpPort: Int = 8080,
        host: String = "127.0.0.1",
        programs: String,
        restartBackoff: Duration = .seconds(10)
    ) {
        self.dataDirectory = dataDirectory
        self.apiPort = apiPort
        self.httpPort = httpPort
        self.host = host
        self.programs = programs
        self.restartBackoff = restartBackoff
    }
}
