import APIMachinery
import GenericAPIServer
import HTTPServing
import Hummingbird
import Logging
import Metrics
import Observability
import RunAPI
import RunEngine
import ServiceLifecycle

/// The plain HTTP port: probes and metrics for anyone who can reach it, runs and the runners' protocol for those with a
/// token.
struct HTTPPort: Service {
    var host: String
    var port: Int
    var engine: RunEngine
    var authorizer: TokenAuthorizer
    var health: Observability.HealthChecks
    var registry: PrometheusRegistry
    var version: String
    /// Names besides `localhost` by which the port is known; see `HostCheck`.
    var hostNames: [String] = []
    var limits = ConnectionLimits.secondary(maximumBodyBytes: 32 << 20)
    var bodies = BodyBudget()
    var logger: Logger
    /// Told the port once it listens.
    var onRunning: @Sendable (Int) -> Void = { _ in }

    /// How long requests that are under way may take to finish when the port is closed.
    private static let shutdownBound = Duration.seconds(10)

    func run() async throws {
        let router = Router()
        router.add(
            middleware: HostCheck(
                listeningOn: host,
                names: hostNames,
                remedy: ", or start the controller with --http-host-name"
            )
        )
        ObservabilityRoutes(
            service: "controller",
            health: health,
            registry: registry,
            facts: { [version] in [("version", .string(version))] }
        ).add(to: router)
        RunRoutes(engine: engine, authorizer: authorizer, bodies: bodies, logger: logger).add(to: router)
        RunnerRoutes(engine: engine, authorizer: authorizer, bodies: bodies, logger: logger).add(to: router)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router,
            server: .guarded(limits: limits) { reason in
                Counter(label: "martinet_http_connections_ended_total", dimensions: [("reason", reason)]).increment()
            },
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { [logger, onRunning] channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("HTTP port ready", metadata: ["port": "\(port)"])
                onRunning(port)
            },
            logger: quiet.forServer
        )
        do {
            try await withBoundedShutdown(Self.shutdownBound) { try await application.run() }
        } catch {
            throw StartError(
                ListenFailure.message(error, what: "the HTTP API", host: host, port: port, option: "--http-port")
            )
        }
    }
}
