import APIMachinery
import GenericAPIServer
import KubeAPIServer
import Containment
import ControllerRuntime
import CoreMetrics
import Glibc
import KubeClient
public import Logging
import Observability
import PlaneResources
import RunEngine
import ServiceLifecycle
import Spec
import Storage
import StorageSQLite

/// `controller standalone`: the whole plane in one process.
///
/// Starts from the outside in (probes, API server, then those that act on the API) and stops the other way round, so
/// that runners can still report while they finish.
public enum Standalone {
    /// Runs until SIGTERM or SIGINT; `PlaneStop` says how it ends.
    ///
    /// - Throws: `StartError` and others whose description says what to do.
    public static func run(_ options: StandaloneOptions, logger: Logger) async throws {
        let registry = PrometheusRegistry(PlaneMetrics.descriptions)
        MetricsSystem.bootstrap(registry)
        ProcessMetrics.register(in: registry)

        let directory = try DataDirectory(path: options.dataDirectory)
        // Before anything is read that the last process may have died over.
        let containment = try Containment(directory: directory.path, logger: logger)
        let objects = try SQLiteObjectStore(path: directory.objects)
        let runs = try SQLiteRunStore(path: directory.runs)
        let catalog = WorkflowCatalog()
        let engine = RunEngine(store: runs, catalog: catalog, containment: containment, logger: logger)
        try await engine.start()
        let revision = try await runs.read { try $0.revision() }
        let provider = WorkflowRunProvider(engine: engine, revision: revision, logger: logger)

        let secrets = Secrets(
            administrator: try directory.secret("token"),
            runners: RunnerTokens(secret: try directory.secret("runner-key"))
        )
        let pods = PodRuntimeBridge()
        var configuration = APIServer.Configuration(dataDirectory: directory.path)
        configuration.host = options.host
        configuration.port = options.apiPort
        configuration.manifests = CustomResourceDefinitions.all.map(\.definition)
        configuration.roles = PlaneIdentities.roles
        configuration.identities = [PlaneIdentities.controller, PlaneIdentities.node]
        configuration.audit = options.audit
        configuration.objectRules = { SemanticValidation.validate($0) }
        configuration.advice = KindAdvice.all
        configuration.objectWarnings = { object in
            SemanticWarnings.warnings(object) + PoolWarning.warnings(object) { catalog.hasPool($0) }
        }
        configuration.containment = containment
        configuration.podLogs = pods
        configuration.podMetrics = pods
        let server = APIServer(configuration: configuration, store: objects, logger: logger)
        try server.register(provider)
        try server.register(DeadLetterProvider(engine: engine))
        try server.register(QuarantineProvider(containment))
        server.addToBackups(RunBackup(engine: engine))
        server.addToBackups(ImageBackup(directory: directory.images))

        let readiness = PlaneReadiness()
        let stop = PlaneStop(readiness: readiness, engine: engine, logger: logger)
        server.health.add(
            .init(name: "shutdown") { readiness.isStopping ? PlaneReadiness.stoppingMessage : nil }
        )
        let health = Observability.HealthChecks()
        readiness.addChecks(to: health, runs: runs)
        let (httpPorts, listening) = AsyncStream<Int>.makeStream()
        let http = HTTPPort(
            host: options.host,
            port: options.httpPort,
            engine: engine,
            authorizer: TokenAuthorizer(administrator: secrets.administrator, runners: secrets.runners),
            health: health,
            registry: registry,
            version: Version.text,
            hostNames: options.httpHostNames,
            logger: logger,
            onRunning: { listening.yield($0) }
        )
        let actors = PlaneActors(
            options: options,
            httpPorts: httpPorts,
            directory: directory,
            server: server,
            engine: engine,
            provider: provider,
            pods: pods,
            containment: containment,
            runnerTokens: secrets.runners,
            readiness: readiness,
            stop: stop,
            registry: registry,
            logger: logger
        )
        let dump = StateDump(
            directory: directory.path,
            engine: engine,
            server: server,
            registry: registry,
            logger: logger
        )
        let services: [any Service] = [MemoryKeeper(logger: logger), dump, http, server, actors]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                logger: logger
            )
        )
        try await stop.run(group)
        try runs.close()
        containment.stop()
        logger.info("stopped")
    }

    private struct Secrets {
        var administrator: String
        var runners: RunnerTokens
    }
}
