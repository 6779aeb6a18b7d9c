public import APIExtensions
public import APIMachinery
public import AccessControl
public import BuiltInKinds
import BuiltInTypes
public import Containment
import FoundationEssentials
public import GenericAPIServer
public import HTTPServing
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
public import ServiceLifecycle
public import Storage
import Synchronization

/// An embedded Kubernetes API server over an object store.
///
/// Run it as a service. It serves TLS; its certificates, a kubeconfig and an administrator's token are kept in the
/// data directory, readable by their owner only.
public final class APIServer: Service {
    /// Where and how the server is reached.
    public struct Configuration: Sendable {
        /// Certificates, kubeconfig and token are kept here.
        public var dataDirectory: String
        /// Loopback unless told otherwise.
        public var host = "127.0.0.1"
        /// 0 takes any free port.
        public var port = 6443
        /// Further names and addresses that the server's certificate is valid for.
        public var hostNames: [String] = []
        /// Reads Pods' logs, where Pods run.
        public var podLogs: (any PodLogSource)?
        /// Tells what Pods use, for `kubectl top`.
        public var podMetrics: (any PodMetricsSource)?
        /// ClusterRoles and ClusterRoleBindings that are there besides Kubernetes' own. At every start what is missing
        /// of them is added; what people have added stays.
        public var roles: [JSONValue] = []
        /// Who else gets a client certificate, and a kubeconfig with it, in the data directory's `pki`.
        public var identities: [ClientIdentity] = []
        /// `nil` keeps no audit log.
        public var audit: AuditOptions?
        /// Bearer tokens besides the administrator's, and whose they are.
        public var tokens: [String: UserInfo] = [:]
        /// Definitions (or any objects) that are applied at every start, before the server is ready.
        public var manifests: [JSONValue] = []
        /// Rules that schemas cannot state, asked for every object that is to be stored, as validating admission.
        public var objectRules: @Sendable (JSONValue) -> [FieldError] = { _ in [] }
        /// What to do instead of making objects of kinds that are only served as empty lists, by `plural.group`:
        /// `deployments.apps`. It ends the message that refuses to make one.
        public var advice: [String: String] = [:]
        /// How webhooks are reached; `nil` for HTTPS.
        public var webhooks: WebhookTransport?
        /// What to warn the author of an object of that has passed all rules.
        public var objectWarnings: @Sendable (JSONValue) -> [String] = { _ in [] }
        /// What connections may take.
        public var connectionLimits = ConnectionLimits()
        /// Requests that the process died over are refused.
        public var containment = Containment.disabled
        /// The clock.
        public var now: @Sendable () -> Timestamp = { Timestamp.now() }

        /// A server that keeps its files in that directory.
        public init(dataDirectory: String) { self.dataDirectory = dataDirectory }
    }

    private struct Readiness {
        var port: Int?
        var waiting: [Int: CheckedContinuation<Int, any Error>] = [:]
        var nextWaiter = 0
    }

    private let configuration: Configuration
    private let assembly: ServerAssembly
    private let dispatcher: Dispatcher
    private let backups: Backups
    private let connections: ConnectionCounter
    private let logger: Logger
    private let readiness = Mutex(Readiness())
    /// Health checks; others may add theirs.
    public let health = HealthChecks()

    /// A server over that store. Nothing is read or opened before ``run()``.
    public init(configuration: Configuration, store: any ObjectStore, logger: Logger = Logger(label: "apiserver")) {
        self.configuration = configuration
        self.logger = logger
        var options = ServerAssembly.Options()
        options.server.now = configuration.now
        options.server.objectRules = configuration.objectRules
        options.server.advice = configuration.advice
        options.server.objectWarnings = configuration.objectWarnings
        options.server.containment = configuration.containment
        options.podLogs = configuration.podLogs
        options.podMetrics = configuration.podMetrics
        if let webhooks = configuration.webhooks { options.webhooks = webhooks }
        let audit = configuration.audit.map { AuditLog($0, now: configuration.now, logger: logger) }
        assembly = ServerAssembly(store: store, options: options, audit: audit, logger: logger)
        dispatcher = Dispatcher(core: assembly.core, health: health)
        connections = ConnectionCounter(maximum: configuration.connectionLimits.maximumConnections)
        backups = Backups(
            directory: configuration.dataDirectory,
            program: assembly.core.options.version.gitVersion,
            now: configuration.now,
            logger: logger
        )
        backups.add(
            ObjectBackup(store: store, definitions: assembly.customResources) { [weak self] in
                try await self?.applyManifests()
            }
        )
    }

    /// Puts the state that another module keeps into backups too. Call before ``run()``.
    public func addToBackups(_ part: any BackupPart) { backups.add(part) }

    /// Serves the objects of a resource that another module keeps. Call before ``run()``.
    public func register(_ provider: any ResourceProvider) throws(Status) {
        try assembly.register(provider)
    }

    /// Waits until the server answers, and tells its port.
    ///
    /// - Throws: `CancellationError` if the task is cancelled first, as when the server could not start.
    public func ready() async throws -> Int {
        let id = readiness.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let port = readiness.withLock { state -> Int? in
                    if state.port == nil { state.waiting[id] = continuation }
                    return state.port
                }
                if let port { continuation.resume(returning: port) }
                // A cancellation before the continuation was stored found nothing to resume.
                if Task.isCancelled { giveUpWaiting(id) }
            }
        } onCancel: {
            giveUpWaiting(id)
        }
    }

    /// How long requests that are under way may take to finish when the server stops.
    private static let shutdownBound = Duration.seconds(10)

    private func giveUpWaiting(_ id: Int) {
        readiness.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: CancellationError())
    }

    /// Makes a data directory that only its owner may enter.
    ///
    /// - Throws: an error whose description says what to do, if it cannot be made or written.
    public static func prepareDataDirectory(_ path: String) throws { try PrivateFiles.makeDirectory(path) }

    /// Loads everything, then serves until the service group stops.
    ///
    /// - Throws: if the data directory or the store cannot be used; the message says what to do.
    public func run() async throws {
        let core = assembly.core
        let authenticator = assembly.authenticator
        try PrivateFiles.makeDirectory(configuration.dataDirectory)
        try core.audit?.open()
        let directory = configuration.dataDirectory
        let hosts = ["localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        var names = hosts
        for name in [configuration.host] + configuration.hostNames where !names.contains(name) && name != "0.0.0.0" {
            names.append(name)
        }
        let served = names
        // Keys and their files take as long as the store does; neither needs the other.
        async let made = CertificateAuthority(
            directory: "\(directory)/pki",
            hosts: served,
            clients: configuration.identities
        )
        try await load()
        let authority = try await made
        authenticator.accept(try ClientCertificates(authority: authority.authority.certificate))
        try PrivateFiles.write(authority.authority.certificate, to: "\(directory)/ca.crt")
        authenticator.add(
            token: try SecretFile.ensure(at: "\(configuration.dataDirectory)/token"),
            user: UserInfo(name: "admin", groups: ["system:masters"])
        )
        for (token, user) in configuration.tokens { authenticator.add(token: token, user: user) }

        let limits = configuration.connectionLimits
        let frontend = HTTPFrontend(
            dispatcher: dispatcher,
            authenticator: authenticator,
            endpoints: [BackupEndpoint(dispatcher: dispatcher, backups: backups)]
        )
        let application = Application(
            responder: frontend,
            server: .guarded(
                tls: TLSChannelConfiguration(
                    tlsConfiguration: try authority.tlsConfiguration(),
                    // The authenticator looks at certificates: only it can say what is wrong with one.
                    customVerificationCallback: { _, promise in promise.succeed(.certificateVerified) }
                ),
                limits: limits,
                counter: connections,
                ended: { core.metrics.connectionEnded($0) }
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: nil
            ),
            services: [WatchClock(core: core), assembly.controllers()] + (core.audit.map { [$0] } ?? []),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? self.configuration.port
                self.announce(port, authority)
            },
            logger: logger.forServer
        )
        defer { core.audit?.close() }
        do {
            // Watches are ended first: the server waits for its connections, and a watch ends only when it is told to.
            try await withBoundedShutdown(Self.shutdownBound, onShutdown: { core.caches.endAllWatches() }) {
                try await application.run()
            }
        } catch {
            throw StartFailure(
                description: ListenFailure.message(
                    error,
                    what: "the Kubernetes API",
                    host: configuration.host,
                    port: configuration.port,
                    option: "--api-port"
                )
            )
        }
        await core.store.close()
    }

    /// Fills the caches and the registry from the store. ``run()`` does this first; call it by itself to use
    /// ``respond(to:)`` without serving.
    public func load() async throws {
        try await backups.finishPending()
        do throws(Status) {
            try await assembly.load()
            try await applyManifests()
        } catch {
            throw StartFailure(description: error.message ?? "\(error)")
        }
    }

    private func applyManifests() async throws(Status) {
        try await assembly.bootstrapRoles(configuration.roles)
        for manifest in configuration.manifests { try await assembly.client.apply(manifest, manager: "martinet") }
    }

    private func announce(_ port: Int, _ authority: CertificateAuthority) {
        let host = configuration.host == "0.0.0.0" ? "127.0.0.1" : configuration.host
        do {
            func write(_ identity: CertificateAuthority.Identity, _ user: String, to file: String) throws {
                let text = Kubeconfig.text(
                    server: "https://\(host):\(port)",
                    authority: authority.authority.certificate,
                    user: user,
                    identity: identity
                )
                try PrivateFiles.write(text, to: "\(configuration.dataDirectory)/\(file)")
            }
            for (name, identity) in authority.clients { try write(identity, name, to: "pki/\(name).kubeconfig") }
            try write(authority.administrator, "admin", to: "kubeconfig")
        } catch {
            logger.error("no kubeconfig written", metadata: ["error": "\(error)"])
        }
        let waiting = readiness.withLock { state in
            defer { state.waiting = [:] }
            state.port = port
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: port) }
        logger.info("API server ready", metadata: ["port": "\(port)"])
    }

    /// Writes what the audit log still holds in memory.
    func flushAuditLog() { assembly.core.audit?.close() }

    /// What is open and under way.
    public var usage: ServerUsage {
        let core = assembly.core
        return ServerUsage(
            connections: connections.count,
            watchers: core.caches.all.reduce(0) { $0 + $1.watcherCount },
            bodyBytes: core.flow.bodyBytes,
            isIdle: core.flow.isIdle
        )
    }

    /// Answers a request without a connection, as the given user.
    public func respond(to request: APIRequest) async -> APIResponse { await dispatcher.respond(to: request) }
}

/// What a server has open and under way.
public struct ServerUsage: Sendable, Hashable {
    public var connections: Int
    /// Watches of stored objects.
    public var watchers: Int
    /// Bytes of request bodies in memory.
    public var bodyBytes: Int
    /// Whether no request is worked on or waits; watches do not count.
    public var isIdle: Bool
}

/// Why the server did not start.
public struct StartFailure: Error, CustomStringConvertible {
    public let description: String
}
