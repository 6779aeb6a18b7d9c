import APIMachinery
import Containment
import Logging
import Storage

/// What all parts of the server share. Everything in it is there from the beginning: a part that needs more gets it
/// from whoever makes it.
final class ServerCore: Sendable {
    let store: any ObjectStore
    let registry: ResourceRegistry
    let caches: ObjectCaches
    let authorizer: any Authorizer
    /// Asked in this order about every object that is to be made.
    let admission: [any AdmissionPlugin]
    let options: Options
    let logger: Logger
    let accessMetrics = AccessMetrics()
    /// `nil` keeps no audit log.
    let audit: AuditLog?
    let metrics: ServerMetrics
    let flow: FlowControl

    /// What the embedding program adds.
    struct Options: Sendable {
        var now: @Sendable () -> Timestamp = { Timestamp.now() }
        var version = ServerVersion()
        /// What to do instead, for kinds that are served empty, by `plural.group`.
        var advice: [String: String] = [:]
        /// Rules beyond the schemas, for objects that the schemas have accepted.
        var objectRules: @Sendable (JSONValue) -> [FieldError] = { _ in [] }
        /// What to warn the author of an object of that has passed all rules.
        var objectWarnings: @Sendable (JSONValue) -> [String] = { _ in [] }
        /// Requests that the process died over are refused.
        var containment = Containment.disabled
    }

    init(
        store: any ObjectStore,
        caches: ObjectCaches,
        authorizer: any Authorizer,
        admission: [any AdmissionPlugin],
        metrics: ServerMetrics,
        options: Options,
        audit: AuditLog? = nil,
        logger: Logger
    ) {
        self.store = store
        self.caches = caches
        self.authorizer = authorizer
        self.admission = admission
        self.metrics = metrics
        self.audit = audit
        self.options = options
        self.logger = logger
        registry = ResourceRegistry()
        flow = FlowControl(metrics: metrics)
    }

    /// Tells watches and waiting requests the time.
    func tick() {
        let now = options.now()
        flow.tick(now: now)
        caches.tick(now: now)
    }
}

/// What `/version` says of the server.
public struct ServerVersion: Sendable, Hashable {
    public var major = "1"
    public var minor = "36"
    /// The Kubernetes version whose behaviour is served, with this server's own version after the plus sign.
    public var gitVersion = "v1.36.2+martinet"

    /// The version of Kubernetes that is served.
    public init() {}

    /// The oldest minor version that this one can stand in for.
    private var oldest: String { Int(minor).map { String(max($0, 1) - 1) } ?? minor }

    /// What is told of the version, in the order in which it is told.
    var fields: [(name: String, value: String)] {
        [
            ("major", major), ("minor", minor), ("emulationMajor", major), ("emulationMinor", minor),
            ("minCompatibilityMajor", major), ("minCompatibilityMinor", oldest), ("gitVersion", gitVersion),
            ("gitCommit", ""), ("gitTreeState", "clean"), ("buildDate", "1970-01-01T00:00:00Z"), ("goVersion", ""),
            ("compiler", "swift"), ("platform", "linux/amd64"),
        ]
    }
}

extension Status {
    /// What the store's trouble means to a client.
    init(_ error: ObjectStoreError) {
        if let status = error.status {
            self = status
            return
        }
        switch error.code {
        case .expired: self = .gone(error.message)
        case .unavailable: self = .serviceUnavailable(error.message, retryAfterSeconds: 1)
        case .corrupt, .notFound, .alreadyExists, .conflict, .refused: self = .internalError(error.message)
        }
    }
}
