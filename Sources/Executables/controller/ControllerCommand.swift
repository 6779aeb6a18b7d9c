import APIMachinery
import ArgumentParser
import ControlPlane
import FoundationEssentials
import Logging
import Observability

/// The program `controller`.
@main
struct ControllerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller",
        abstract: "Runs workflows and reconciles worker pools.",
        version: Version.text,
        subcommands: [StandaloneCommand.self]
    )
}

/// `controller standalone`
struct StandaloneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standalone",
        abstract: "Runs everything on one machine: the Kubernetes API, controllers, and runners as local processes.",
        discussion: """
            Ready when http://127.0.0.1:HTTP_PORT/readyz answers 200. Then:

              export KUBECONFIG=DATA_DIR/kubeconfig
              kubectl apply -k manifests/examples/triage

            The data directory holds everything, readable by you only: objects.db, runs.db, kubeconfig (client \
            certificate), token (an administrator's bearer token), pki/, images/, logs/. SIGTERM stops the plane when \
            its runners have finished their jobs, for which each pool's drainTimeoutSeconds is the limit; a second \
            SIGTERM stops it at once. The next start continues where it stopped, even after kill -9.
            """
    )

    @Option(help: ArgumentHelp("Where everything is kept; default: ~/.martinet.", valueName: "dir"))
    var dataDir: String?

    // A negative number is a wrong value and not the next option.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The port of the Kubernetes API; 0 for any free one.", valueName: "port")
    )
    var apiPort = 6443

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The port of probes, metrics, submissions and runners; 0 for any.", valueName: "port")
    )
    var httpPort = 8080

    @Option(help: ArgumentHelp("The address to listen on; default: loopback only.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(
        help: ArgumentHelp(
            "A name besides localhost by which the HTTP port may be addressed; may be repeated. Requests to other names are answered with 421.",
            valueName: "name"
        )
    )
    var httpHostName: [String] = []

    @OptionGroup var audit: AuditFlags

    @Option(help: "trace, debug, info, notice, warning, error or critical; default: $LOG_LEVEL or info.")
    var logLevel: String?

    @Option(help: "json or text; default: $LOG_FORMAT, else text on a terminal and json elsewhere.")
    var logFormat: String?

    func validate() throws {
        try audit.check()
        for (name, port) in [("--api-port", apiPort), ("--http-port", httpPort)] where !(0...65535).contains(port) {
            throw ValidationError("\(name) \(port): a port is a number from 0 to 65535")
        }
        if apiPort == httpPort, apiPort != 0 {
            throw ValidationError("--api-port and --http-port are both \(apiPort); give each its own")
        }
    }

    func run() async throws {
        ControllerProcess.prepare()
        let environment = ProcessInfo.processInfo.environment
        LogBootstrap.bootstrap(LogSettings(level: logLevel, format: logFormat, environment: environment))
        var options = StandaloneOptions(
            dataDirectory: dataDir ?? "\(environment["HOME"] ?? ".")/.martinet",
            programs: ControllerProcess.directory
        )
        options.apiPort = apiPort
        options.httpPort = httpPort
        options.host = host
        options.httpHostNames = httpHostName
        options.audit = audit.options
        // For tests that kill runners on purpose and must not wait as long as Kubernetes does.
        if let text = environment["MARTINET_RESTART_BACKOFF_SECONDS"], let seconds = Double(text), seconds >= 0 {
            options.restartBackoff = .bounded(seconds: seconds)
        }
        // An audit log on standard output is read by programs.
        if audit.auditLogPath != "-" { options.onReady = { ControllerProcess.greet($0) } }
        do {
            try await Standalone.run(options, logger: Logger(label: "controller"))
        } catch {
            ControllerProcess.fail("\(error)")
        }
    }
}
