import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "Lists runs, the newest first.",
        discussion: """
            EXAMPLES
              ctl runs --workflow tree-triage --phase Failed
              ctl runs -l team=core --limit 0 -o json
            """
    )

    @Option(
        help: "Only runs of this workflow.",
        completion: NamesCommand.completion(of: "workflows"),
        transform: ObjectKind.workflow.name
    )
    var workflow: String?

    @Option(help: "Only runs in this phase: Pending, Running, Suspended, Succeeded, Failed, Cancelled.")
    var phase: String?

    @Option(name: [.customShort("l"), .customLong("selector")], help: "Only runs with these labels.")
    var selector: String?

    @Option(help: "The greatest number of runs to list; 0 for all.")
    var limit = 50

    @Flag(name: [.customShort("A"), .long], help: "Of all namespaces.")
    var allNamespaces = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit \(limit): must be 0 or more; 0 lists all runs") }
        if let phase, RunPhase(rawValue: phase) == nil {
            throw ValidationError(
                "--phase \(phase): the phases are \(RunPhase.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
    }

    func run() async throws {
        try await global.withClient { client, namespace in
            var fields: [String] = []
            if let workflow { fields.append("spec.workflowRef.name=\(workflow)") }
            if let phase { fields.append("status.phase=\(phase)") }
            let (runs, more) = try await RunLists.newest(
                client,
                namespace: allNamespaces ? "" : namespace,
                ListOptions(
                    labelSelector: selector,
                    fieldSelector: fields.isEmpty ? nil : fields.joined(separator: ",")
                ),
                limit: limit,
                isBrief: global.output == nil
            )
            if Printing.structured(
                list: runs.map(\.json),
                global.output,
                name: { "workflowrun/\(Unstructured($0).name)" }
            ) {
                return
            }
            guard !runs.isEmpty else {
                Terminal.note("No runs found. Start one with: ctl run WORKFLOW")
                return
            }
            var table = Table("RUN", "WORKFLOW", "PHASE", ">STEPS", ">DURATION", ">AGE", "MESSAGE")
            for run in runs {
                let status = run.json["status"]
                let phase = status?["phase"]?.stringValue ?? ""
                let steps = status?["steps"]?.arrayValue ?? []
                table.add([
                    .init(allNamespaces ? "\(run.namespace)/\(run.name)" : run.name),
                    .init(run.json.value(at: "spec", "workflowRef", "name")?.stringValue ?? ""),
                    .init(phase, phaseStyle(phase)),
                    .init("\(Self.done(steps))/\(steps.count)"),
                    .init(Self.duration(status)),
                    .init(Printing.age(run.creationTimestamp)),
                    .init(Self.message(status)),
                ])
            }
            Terminal.write(table.render(maximumWidth: Terminal.isInteractive ? Terminal.size.columns : nil))
            if more > 0 { Terminal.note("\(more) more; see --limit") }
        }
    }

    /// How many steps are done: those that succeeded, and those whose `when` was false.
    static func done(_ steps: [JSONValue]) -> Int {
        steps.count { step in
            let phase = step["phase"]?.stringValue
            return phase == "Succeeded"
                || phase == "Skipped" && step.value(at: "error", "reason")?.stringValue == "ConditionFalse"
        }
    }

    /// The run's message on one line.
    private static func message(_ status: JSONValue?) -> String {
        (status?["message"]?.stringValue ?? "").split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    static func duration(_ status: JSONValue?) -> String {
        guard let start = status?["startedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) else { return "-" }
        let end = status?["finishedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) ?? .now()
        return HumanDuration.human(max(.zero, end.since(start)))
    }
}
