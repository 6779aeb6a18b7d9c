import APIMachinery

/// What pools need to know of the plane they are part of.
public struct PoolSettings: Sendable {
    /// Runners that a pool can have at most; sums with such sizes cannot overflow.
    static let maximumReplicas = 1_000_000
    /// Seconds that any period of a pool can take at most: a year.
    static let maximumSeconds = 31_536_000

    /// Where runners find the controller: `http://127.0.0.1:8080`, or a Service on a cluster.
    public var controllerURL: String
    /// The Secret, in each pool's namespace, that holds the tokens of its runners.
    public var tokenSecret: String
    /// The key in the Secret, where somebody else keeps it.
    public var tokenKey: String
    /// The token for the runners of a pool. With it the reconciler keeps the Secret, with a key for every pool.
    public var runnerToken: (@Sendable (_ namespace: String, _ pool: String) -> String)?
    /// The image of runners whose pool has no template.
    public var defaultImage: String
    /// Where runners serve their probes and metrics, inside the Pod.
    public var httpPort: Int
    /// The least time between two looks at a pool that jobs alone cause, and between two steps of its autoscaler.
    public var syncPeriod: Duration
    /// How often a pool is looked at whose size depends on what runners measure, or on a window that has yet to pass.
    public var metricsPeriod: Duration
    /// How often a pool is looked at though nothing has happened, for what no event tells.
    public var resyncPeriod: Duration
    /// Over how long a runner measures what it uses.
    public var loadWindow: Duration
    /// The least time between two writes of a status in which only the queue's figures differ.
    public var queueStatusPeriod: Duration

    /// Settings for runners that find the controller there.
    public init(controllerURL: String) {
        self.controllerURL = controllerURL
        tokenSecret = "martinet-runner"
        tokenKey = "token"
        defaultImage = "martinet/agent-runner:\(Version.text)"
        httpPort = 8081
        syncPeriod = .seconds(1)
        metricsPeriod = .seconds(5)
        resyncPeriod = .seconds(60)
        loadWindow = .seconds(5)
        queueStatusPeriod = .seconds(5)
    }

    /// The key under which the Secret holds the token of that pool.
    func tokenKey(ofPool pool: String) -> String { runnerToken == nil ? tokenKey : pool }
}
