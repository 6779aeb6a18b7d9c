import GenericAPIServer
import HTTPServing
import KubeAPIServer
import ArgumentParser
import Logging
import ServiceLifecycle
import StorageSQLite
import UnixSignals

/// An API server on its own, for tests and for trying things out.
@main
struct APIServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apiserver",
        abstract: "Serve the Kubernetes API from a directory.",
        discussion: "Writes kubeconfig, token and ca.crt to the directory, readable by you only."
    )

    @Option(help: "Where the objects and the certificates are kept.")
    var dataDir: String

    @Option(parsing: .unconditional, help: "The port to listen on; 0 for any.")
    var port = 6443

    @Option(help: "Write an audit log to this file.")
    var auditLogPath: String?

    func run() async throws {
        ConnectionLimits.raiseOpenFileLimit()
        let logger = Logger(label: "apiserver")
        try APIServer.prepareDataDirectory(dataDir)
        let store = try SQLiteObjectStore(path: "\(dataDir)/objects.sqlite")
        var configuration = APIServer.Configuration(dataDirectory: dataDir)
        configuration.port = port
        configuration.audit = auditLogPath.map(AuditOptions.init(path:))
        let server = APIServer(configuration: configuration, store: store, logger: logger)
        let group = ServiceGroup(
            services: [server],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }
}
