import APIMachinery
import AgentRunner
import ArgumentParser
import AsyncHTTPClient
import CoreMetrics
import Basics
import FoundationEssentials
import Logging
import NIOPosix
import NIOSSL
import Observability
import ServiceLifecycle
import UnixSignals

/// The program `agent-runner`: flags in, a runner and its probe server out.
@main
struct AgentRunnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent-runner",
        abstract: "Leases jobs from a Martinet controller, runs them, measures them, and reports.",
        discussion: """
            Every flag can also be set in the environment: MARTINET_CONTROLLER_URL, MARTINET_POOL, MARTINET_WORKERS, \
            MARTINET_TOKEN, MARTINET_TOKEN_FILE, MARTINET_CA_FILE, MARTINET_HTTP_HOST, MARTINET_HTTP_PORT, \
            MARTINET_DRAIN_TIMEOUT, POD_NAME, POD_NAMESPACE, LOG_LEVEL, LOG_FORMAT. A flag wins.

            SIGTERM: no new jobs; running ones finish or, after the drain time-out, are handed back; then it exits 0. \
            SIGUSR1 logs the running jobs.
            """,
        version: Version.text
    )

    @Option(help: "The controller's URL, such as http://127.0.0.1:8080.")
    var controller: String?
    @Option(help: "The worker pool whose jobs to take.")
    var pool: String?
    @Option(help: "The pool's namespace (default: default).")
    var namespace: String?
    @Option(help: "This runner's name (default: POD_NAME, or host name and process id).")
    var name: String?
    // A negative number is a wrong value and not the next option.
    @Option(parsing: .unconditional, help: "Jobs at once (default: 4).")
    var workers: Int?
    @Option(help: "The bearer token. Prefer a file or the environment: others can see a command line.")
    var token: String?
    @Option(help: "A file with the bearer token; read again whenever it is needed.")
    var tokenFile: String?
    @Option(help: "A PEM file of certificates to check the controller's with.")
    var certificateAuthority: String?
    @Option(help: "Address to serve probes and metrics on (default: 127.0.0.1, in a cluster 0.0.0.0).")
    var httpHost: String?
    @Option(parsing: .unconditional, help: "Port to serve probes and metrics on (default: a free one).")
    var httpPort: Int?
    @Option(
        parsing: .unconditional,
        help: "How long running jobs may take to finish after SIGTERM, such as 90s (default: 120s)."
    )
    var drainTimeout: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical (default: info).")
    var logLevel: String?
    @Option(help: "json or text (default: text on a terminal, else json).")
    var logFormat: String?

    mutating func run() async throws {
        RunnerProcess.prepare()
        let environment = ProcessInfo.processInfo.environment
        let options: RunnerOptions
        do {
            options = try RunnerOptions(
                flags,
                environment: environment,
                hostname: RunnerProcess.hostname,
                processID: RunnerProcess.identifier
            )
            try Self.checkFiles(options)
        } catch {
            throw ValidationError("\(error)")
        }
        LogBootstrap.bootstrap(LogSettings(level: logLevel, format: logFormat, environment: environment))
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        ProcessMetrics.register(in: registry)
        let logger = Logger(label: "agent-runner")

        // One thread is plenty for one controller and a few probes, and every thread costs memory.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = HTTPClient.Configuration()
        if let file = options.certificateAuthority {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(file)
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        let runner = Runner(
            options: options,
            client: client,
            executors: .standard(environment: environment),
            registry: registry,
            version: Version.text,
            environment: environment,
            logger: logger
        )
        // The probes answer until the last job is over: services stop in the reverse of this order.
        let services = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: StateDump(runner: runner, logger: logger)),
                    .init(service: runner.probeServer(registry: registry, eventLoopGroup: group)),
                    .init(service: runner, successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        do {
            try await services.run()
        } catch {
            logger.critical("agent-runner failed", metadata: ["error": "\(error)"])
            // The process ends, and its connections with it.
            try? await client.shutdown()
            throw ExitCode.failure
        }
        // The process ends, and its connections with it.
        try? await client.shutdown()
    }

    /// Says at the start what is wrong with the files that the options name; later only requests would fail.
    private static func checkFiles(_ options: RunnerOptions) throws {
        if case .file(let path) = options.token {
            do throws(InputFileError) { _ = try InputFile.text(path) } catch {
                throw RunnerOptionError("--token-file (MARTINET_TOKEN_FILE): \(error)")
            }
        }
        guard let path = options.certificateAuthority else { return }
        do {
            _ = try NIOSSLCertificate.fromPEMBytes(Array(try InputFile.text(path).utf8))
        } catch let error as InputFileError {
            throw RunnerOptionError("--certificate-authority (MARTINET_CA_FILE): \(error)")
        } catch {
            throw RunnerOptionError(
                "--certificate-authority (MARTINET_CA_FILE): \(path) has no certificate in PEM; name another file"
            )
        }
    }

    private var flags: RunnerOptions.Flags {
        var flags = RunnerOptions.Flags()
        flags.controller = controller
        flags.pool = pool
        flags.namespace = namespace
        flags.name = name
        flags.workers = workers
        flags.token = token
        flags.tokenFile = tokenFile
        flags.certificateAuthority = certificateAuthority
        flags.httpHost = httpHost
        flags.httpPort = httpPort
        flags.drainTimeout = drainTimeout
        return flags
    }
}
