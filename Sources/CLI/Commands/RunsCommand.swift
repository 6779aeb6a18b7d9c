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

    @Option(help: "Only runs of this workflow.")
    var workflow: String?

    @Option(help: "Only runs in this phase: Pending, Running, Suspended, Succeeded, Failed, Cancelled.")
    var phase: String?

    @Option(name: [.customShort("l"), .customLong("selector")], help: "Only runs with these labels.")
    var selector: String?

    @Option(help: "At most so many; 0 for all.")
    var limit = 50

    @Flag(name: [.customShort("A"), .long], help: "Of all namespaces.")
    var allNamespaces = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
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
                let ended = steps.filter { StepPhase(rawValue: $0["phase"]?.stringValue ?? "")?.isFinal ?? false }
                table.add([
                    .init(allNamespaces ? "\(run.namespace)/\(run.name)" : run.name),
                    .init(run.json.value(at: "spec", "workflowRef", "name")?.stringValue ?? ""),
                    .init(phase, phaseStyle(phase)),
                    .init("\(ended.count)/\(steps.count)"),
                    .init(Self.duration(status)),
                    .init(Printing.age(run.creationTimestamp)),
                    .init(String((status?["message"]?.stringValue ?? "").prefix(60))),
                ])
            }
            Terminal.write(table.render())
            if more > 0 { Terminal.note("\(more) more; see --limit") }
        }
    }

    static func duration(_ status: JSONValue?) -> String {
        guard let start = status?["startedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) else { return "-" }
        let end = status?["finishedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) ?? .now()
        return HumanDuration.human(max(.zero, end.since(start)))
    }
}
