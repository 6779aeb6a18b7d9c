import APIMachinery
import ArgumentParser
import FoundationEssentials
import KubeClient
import Logging

/// What most commands take: where the plane is, which namespace, how to print.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The kubeconfig of the plane.", valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The kubeconfig's context.", valueName: "name"))
    var context: String?

    @Option(name: [.short, .long], help: ArgumentHelp("The namespace; default: the kubeconfig's.", valueName: "name"))
    var namespace: String?

    @Option(name: [.short, .long], help: "How to print: table, wide, json, yaml or name.")
    var output: OutputFormat?

    /// Connects to the plane, does the work, and disconnects.
    func withClient<Result>(_ body: (KubeClient, _ namespace: String) async throws -> Result) async throws -> Result {
        var logger = Logger(label: "ctl")
        logger.logLevel = .error
        let configuration = try load()
        let client = try KubeClient(configuration, retry: RetryPolicy(maximumAttempts: 3), logger: logger)
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
            if FileManager.default.isReadableFile(atPath: standard) {
                return try ClientConfiguration.load(kubeconfig: standard, context: context)
            }
        }
        return try ClientConfiguration.load(kubeconfig: kubeconfig, context: context)
    }
}

/// How a command prints its result.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, name
}

/// A kind and a name as kubectl takes them: `workerpool/default`, `wp/default`, `workflow/x`.
struct ObjectReference: ExpressibleByArgument {
    var resource: GroupVersionResource
    var kind: String
    var name: String

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        switch parts[0] {
        case "workerpool", "workerpools", "wp", "pool", "pools", "workerpools.martinet.dev", "workerpool.martinet.dev":
            resource = GroupVersionResource(group: "martinet.dev", version: "v1alpha1", resource: "workerpools")
            kind = "workerpool"
        case "workflow", "workflows", "wf", "workflows.martinet.dev", "workflow.martinet.dev":
            resource = GroupVersionResource(group: "martinet.dev", version: "v1alpha1", resource: "workflows")
            kind = "workflow"
        default: return nil
        }
        name = String(parts[1])
    }

    static var help: ArgumentHelp { ArgumentHelp("The object, e.g. workerpool/default.", valueName: "kind/name") }

    /// The pool, or the usage that was meant.
    func requirePool() throws {
        guard kind == "workerpool" else {
            throw ValidationError("\(kind)/\(name) is no worker pool; write workerpool/NAME")
        }
    }
}
