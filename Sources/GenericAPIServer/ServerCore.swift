package import APIMachinery
package import AccessControl
package import Containment
package import Logging
package import Storage

/// What all parts of the server share. Everything in it is there from the beginning: a part that needs more gets it
/// from whoever makes it.
package final class ServerCore: Sendable {
    package let store: any ObjectStore
    package let registry: ResourceRegistry
    package let caches: ObjectCaches
    package let authorizer: any Authorizer
    /// Asked in this order about every object that is to be made.
    package let admission: [any AdmissionPlugin]
    package let options: Options
    package let logger: Logger
    let accessMetrics = AccessMetrics()
    /// `nil` keeps no audit log.
    package let audit: AuditLog?
    package let metrics: ServerMetrics
    package let flow: FlowControl

    /// What the embedding program adds.
    package struct Options: Sendable {
        package var now: @Sendable () -> Timestamp = { Timestamp.now() }
        package var version = ServerVersion()
        /// What to do instead, for kinds that are served empty, by `plural.group`.
        package var advice: [String: String] = [:]
        /// Rules beyond the schemas, for objects that the schemas have accepted.
        package var objectRules: @Sendable (JSONValue) -> [FieldError] = { _ in [] }
        /// What to warn the author of an object of that has passed all rules.
        package var objectWarnings: @Sendable (JSONValue) -> [String] = { _ in [] }
        /// Requests that the process died over are refused.
        package var containment = Containment.disabled

        package init(
            now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
            version: ServerVersion = ServerVersion(),
            advice: [String: String] = [:],
            objectRules: @escaping @Sendable (JSONValue) -> [FieldError] = { _ in [] },
            objectWarnings: @escaping @Sendable (JSONValue) -> [String] = { _ in [] },
            containment: Containment = Containment.disabled
        ) {
            self.now = now
            self.version = version
            self.advice = advice
            self.objectRules = objectRules
            self.objectWarnings = objectWarnings
            self.containment = containment
        }
    }

    package init(
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
    package func tick() {
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
    package var fields: [(name: String, value: String)] {
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
    package init(_ error: ObjectStoreError) {
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
