import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Ends runs: what waits is dropped, what runs is stopped. Cancelling twice is no error."
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
                    Terminal.line("workflowrun/\(run) cancelled")
                }
            }
        }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Runs the failed and cancelled steps of an ended run again; what succeeded is kept."
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
                let last = try await RunWatcher(client: client, namespace: namespace, name: run).run(showing: true)
                let phase = last.json.value(at: "status", "phase")?.stringValue ?? ""
                if phase != "Succeeded" { throw Failure(.failed, "run \(run): \(phase)") }
            } else if !Printing.structured(result, global.output, name: "workflowrun/\(run)") {
                Terminal.line("workflowrun/\(run) retried")
            }
        }
    }
}
