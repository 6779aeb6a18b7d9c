import APIMachinery
import Hummingbird
import Logging
import Observability
import RunEngine
import ServiceLifecycle

/// The plain HTTP port: probes and metrics for anyone who can reach it, runs and the runners' protocol for those with a
/// token.
struct HTTPPort: Service {
    var host: String
    var port: Int
    var engine: RunEngine
    var authorizer: TokenAuthorizer
    var health: HealthChecks
    var registry: PrometheusRegistry
    var version: String
    var logger: Logger

    func run() async throws {
        let router = Router()
        ObservabilityRoutes(
            service: "controller",
            health: health,
            registry: registry,
            facts: { [version] in [("version", .string(version))] }
        ).add(to: router)
        RunRoutes(engine: engine, authorizer: authorizer, logger: logger).add(to: router)
        RunnerRoutes(engine: engine, authorizer: authorizer, logger: logger).add(to: router)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { [logger] channel in
                logger.info("HTTP port ready", metadata: ["port": "\(channel.localAddress?.port ?? 0)"])
            },
            logger: quiet
        )
        do {
            try await application.run()
        } catch {
            throw StartError(
                "the HTTP port \(host):\(port) cannot be opened: \(error); choose another with --http-port"
            )
        }
    }
}
