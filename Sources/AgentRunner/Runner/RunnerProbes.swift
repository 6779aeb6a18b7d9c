import APIMachinery
public import Hummingbird
import Logging
public import NIOCore
public import Observability
import Synchronization

extension Runner {
    /// The server of the runner's probes and metrics.
    ///
    /// - `livez` fails when the runner's own loops hang, which only a restart can mend.
    /// - `readyz` fails until the controller knows the runner, while it cannot be reached for long, and while the
    ///   runner stops. A controller that merely restarts does not make its runners unready.
    ///
    /// - Parameter onRunning: called with the port once it listens.
    public func probeServer(
        registry: PrometheusRegistry,
        eventLoopGroup: any EventLoopGroup,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let health = HealthChecks()
        health.add("loops", to: [.livez, .readyz]) { try self.checkLoops() }
        health.add("controller") { try self.checkController() }
        health.add("accepting") {
            if self.state.read({ $0.isStopping }) { throw HealthCheckFailure("the runner is stopping") }
        }
        let router = Router()
        router.add(middleware: HostCheck(listeningOn: options.httpHost))
        ObservabilityRoutes(
            service: "agent-runner",
            health: health,
            registry: registry,
            facts: {
                [("workers", .int(self.options.workers)), ("running", .bool(self.state.read { !$0.isStopping }))]
            },
            details: {
                let state = self.state.read { $0 }
                return [
                    ("version", .string(self.version)), ("pool", .string(self.options.identity.pool)),
                    ("runner", .string(self.options.identity.name)), ("slots_busy", .int(state.running)),
                    ("reports_unsent", .int(state.unsentReports)), ("draining", .bool(state.isDraining)),
                ]
            }
        ).add(to: router)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let logger = logger
        return Application(
            router: router,
            configuration: .init(
                address: .hostname(options.httpHost, port: options.httpPort),
                serverName: nil
            ),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("probes and metrics are served", metadata: ["port": .stringConvertible(port)])
                onRunning(port)
            },
            eventLoopGroupProvider: .shared(eventLoopGroup),
            logger: quiet
        )
    }

    private func checkLoops() throws(HealthCheckFailure) {
        let turned = contact.withLock { $0.turned }
        let silence = clock.now - turned
        // One turn is a pause and one call, which gives up after 10 s.
        if silence > state.read({ $0.timing.heartbeat }) * 3 + .seconds(30) {
            throw HealthCheckFailure("the heartbeat loop has not run for \(Int(clamping: silence.inSeconds)) s")
        }
    }

    private func checkController() throws(HealthCheckFailure) {
        guard let heard = contact.withLock({ $0.heard }) else {
            throw HealthCheckFailure("not registered yet with \(options.controller)")
        }
        let silence = clock.now - heard
        if silence > max(.seconds(30), state.read { $0.timing.heartbeat } * 3) {
            throw HealthCheckFailure("\(options.controller) has not answered for \(Int(clamping: silence.inSeconds)) s")
        }
    }
}
