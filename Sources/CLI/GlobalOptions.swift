import APIMachinery
import ArgumentParser
import FoundationEssentials
import KubeClient
import Logging

/// What most commands take: where the plane is, which namespace, how to print.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The kubeconfig of the plane.", valueName: "file"), completion: .file())
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The kubeconfig's context.", valueName: "name"))
    var context: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The namespace; default: the kubeconfig's.", valueName: "name"),
        completion: NamesCommand.completion(of: "namespaces")
    )
    var namespace: String?

    @Option(name: [.short, .long], help: "How to print: table, wide, json, yaml or name.")
    var output: OutputFormat?

    /// Connects to the plane, does the work, and disconnects.
    func withClient<Result>(_ body: (KubeClient, _ namespace: String) async throws -> Result) async throws -> Result {
        var logger = Logger(label: "ctl")
        logger.logLevel = .error
        let configuration = try load()
        let client = try KubeClient(configuration, retry: RequestRetryPolicy(maximumAttempts: 3), logger: logger)
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await body(client, namespace ?? configuration.namespace))
        } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        return try outcome.get()
    }

    private func load() throws -> ClientConfiguration {
        let environment = ProcessInfo.processInfo.environment
        if kubeconfig == nil, (environment["KUBECONFIG"] ?? "").isEmpty {
            let standard = "\(environment["HOME"] ?? "")/.martinet/kubeconfig"
            if FileManager.default.fileExists(atPath: standard) {
                return try ClientConfiguration.load(kubeconfig: standard, context: context)
            }
        }
        return try ClientConfiguration.load(kubeconfig: kubeconfig, context: context)
    }
}

/// The global options that a command without a plane takes and has no use for, so that scripts may pass them to all.
struct UnusedGlobalOptions: ParsableArguments {
    @Option(help: .hidden)
    var kubeconfig: String?

    @Option(help: .hidden)
    var context: String?

    @Option(name: [.short, .long], help: .hidden)
    var namespace: String?
}

/// How a command prints its result.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, name
}
