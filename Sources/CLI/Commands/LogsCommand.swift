import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Shows what the steps of a run said on standard error.",
        discussion: """
            The end of each step's log is kept with the run. The runners' own logs: kubectl logs POD.

            EXAMPLES
              ctl logs tree-triage-x7k2p
              ctl logs tree-triage-x7k2p secrets
            """
    )

    @Argument(
        help: ArgumentHelp("The run.", valueName: "run"),
        completion: NamesCommand.completion(of: "runs"),
        transform: ObjectKind.run.name
    )
    var run: String

    @Argument(help: ArgumentHelp("Only this step.", valueName: "step"))
    var step: String?

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let logs = try await client.get(WorkflowRun.resource, namespace: namespace, name: run, subresource: "logs")
            var steps = logs.json["steps"]?.arrayValue ?? []
            if let step {
                let ids = steps.compactMap { $0["id"]?.stringValue }
                steps = steps.filter { $0["id"]?.stringValue == step }
                guard !steps.isEmpty else {
                    throw Failure(
                        .notFound,
                        "run \(run) has no step \"\(step)\"\(Suggestion.question(for: step, in: ids)); "
                            + "ctl jobs \(run) lists the steps"
                    )
                }
            }
            if Printing.structured(list: steps, global.output, name: { $0["id"]?.stringValue ?? "" }) { return }
            for entry in steps {
                let text = entry["log"]?.stringValue ?? ""
                let id = entry["id"]?.stringValue ?? ""
                if step != nil {
                    Terminal.write(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n")
                    continue
                }
                for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropTrailingEmpty() {
                    Terminal.line("\(Terminal.styled(id, .cyan)) \(line)")
                }
                if let message = entry.value(at: "error", "message")?.stringValue {
                    Terminal.line("\(Terminal.styled(id, .red)) \(message)")
                }
            }
        }
    }
}

extension [Substring] {
    /// Without the empty line that follows the last line feed.
    func dropTrailingEmpty() -> ArraySlice<Substring> { last?.isEmpty == true ? dropLast() : self[...] }
}
