import APIMachinery
import ArgumentParser
import KubeClient
import Spec

/// Prints the names of objects, one a line: what shells ask for when a name is completed.
struct NamesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "names",
        abstract: "Prints the names of objects, for completion in shells.",
        shouldDisplay: false
    )

    /// Kinds, several with commas: runs, workflows, pools, objects, namespaces.
    @Argument(help: "The kinds, separated by commas.")
    var kinds: String

    @OptionGroup var global: GlobalOptions

    /// More names than this help nobody who presses a key.
    private static let limit = 200

    /// Completes names of that kind.
    static func completion(of kinds: String) -> CompletionKind { .shellCommand("ctl names \(kinds) 2>/dev/null") }

    func run() async throws {
        try await global.withClient { client, namespace in
            for kind in kinds.split(separator: ",") {
                for line in try await Self.names(kind, client, namespace) { Terminal.line(line) }
            }
        }
    }

    private static func names(_ kind: Substring, _ client: KubeClient, _ namespace: String) async throws -> [String] {
        func list(_ resource: GroupVersionResource, prefix: String = "") async throws -> [String] {
            let options = ListOptions(limit: limit)
            return try await client.list(resource, namespace: namespace, options).items.map { prefix + $0.name }
        }
        switch kind {
        case "runs": return try await list(WorkflowRun.resource)
        case "deadletters": return try await list(DeadLetterDefinition.resource)
        case "workflows": return try await list(Workflow.resource)
        case "pools": return try await list(WorkerPool.resource)
        case "objects":
            return try await list(WorkerPool.resource, prefix: "workerpool/")
                + list(Workflow.resource, prefix: "workflow/")
        case "namespaces":
            let resource = GroupVersionResource(group: "", version: "v1", resource: "namespaces")
            return try await client.list(resource, namespace: "", ListOptions(limit: limit)).items.map(\.name)
        default: return []
        }
    }
}
