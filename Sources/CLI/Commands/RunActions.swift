import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancels runs: queued steps are dropped, running ones are stopped.",
        discussion: """
            Returns at once; running jobs get a few seconds to stop. Cancelling a run that has ended changes nothing.

            EXAMPLE
              ctl cancel tree-triage-x7k2p
            """
    )

    @Argument(
        help: ArgumentHelp("The runs.", valueName: "run"),
        completion: NamesCommand.completion(of: "runs"),
        transform: ObjectKind.run.name
    )
    var runs: [String]

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            for run in runs {
                let result = try await client.create(
                    WorkflowRun.resource,
                    namespace: namespace,
                    name: run,
                    subresource: "cancel",
                    .object([:])
                )
                if !Printing.structured(result, global.output, name: "workflowrun/\(run)") {
                    Terminal.line("workflowrun/\(run) \(Self.outcome(of: result))")
                }
            }
        }
    }

    /// What has become of a run that was asked to end. Jobs at runners are told to stop and take a moment.
    static func outcome(of run: JSONValue) -> String {
        let status = run["status"]
        let phase = status?["phase"]?.stringValue ?? ""
        switch phase {
        case "Cancelled": return "cancelled"
        case "Succeeded", "Failed": return "had already ended: \(phase)"
        default:
            let running = status?["steps"]?.arrayValue?.filter { $0["phase"]?.stringValue == "Running" } ?? []
            let names = running.compactMap { $0["id"]?.stringValue }
            let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
            return "is being cancelled; still stopping: \(names.isEmpty ? "its steps" : shown)"
        }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Runs the failed and cancelled steps of an ended run again; steps that succeeded are kept.",
        discussion: """
            EXAMPLE
              ctl retry tree-triage-x7k2p --watch
            """
    )

    @Argument(
        help: ArgumentHelp("The run.", valueName: "run"),
        completion: NamesCommand.completion(of: "runs"),
        transform: ObjectKind.run.name
    )
    var run: String

    @Flag(help: "Show the steps until the run has ended.")
    var watch = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let result = try await client.create(
                WorkflowRun.resource,
                namespace: namespace,
                name: run,
                subresource: "retry",
                .object([:])
            )
            if watch {
                let watcher = RunWatcher(client: client, namespace: namespace, name: run)
                let last = try await watcher.run(showing: (global.output ?? .table) == .table)
                _ = Printing.structured(last.json, global.output, name: "workflowrun/\(run)")
                let phase = last.json.value(at: "status", "phase")?.stringValue ?? ""
                if phase != "Succeeded" { throw Failure(.failed, "run \(run): \(phase); see ctl logs \(run)") }
            } else if !Printing.structured(result, global.output, name: "workflowrun/\(run)") {
                Terminal.line("workflowrun/\(run) retried")
            }
        }
    }
}
