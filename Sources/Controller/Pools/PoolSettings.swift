import APIMachinery

/// What pools need to know of the plane they are part of.
public struct PoolSettings: Sendable {
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
    /// How often a pool is looked at though nothing has happened: the autoscaler's pace.
    public var syncPeriod: Duration
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
        loadWindow = .seconds(5)
        queueStatusPeriod = .seconds(5)
    }

    /// The key under which the Secret holds the token of that pool.
    func tokenKey(ofPool pool: String) -> String { runnerToken == nil ? tokenKey : pool }
}
