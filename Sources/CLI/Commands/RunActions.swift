import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Ends runs: what waits is dropped, what runs is stopped.",
        discussion: """
            Cancelling twice is no error.

            EXAMPLE
              ctl cancel tree-triage-x7k2p
            """
    )

    @Argument(help: ArgumentHelp("The runs.", valueName: "run"))
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
                    let phase = result.value(at: "status", "phase")?.stringValue ?? ""
                    let hasEnded = phase == "Succeeded" || phase == "Failed"
                    Terminal.line("workflowrun/\(run) \(hasEnded ? "has ended before: \(phase)" : "cancelled")")
                }
            }
        }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Runs the failed and cancelled steps of an ended run again; what succeeded is kept.",
        discussion: """
            EXAMPLE
              ctl retry tree-triage-x7k2p --watch
            """
    )

    @Argument(help: ArgumentHelp("The run.", valueName: "run"))
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
