import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "Shows the durations and the resource use of a run's jobs.",
        discussion: """
            QUEUE is the time in the queue, EXEC the time on the runner, TOTAL their sum. Memory is in MB, of the job's \
            whole process tree, at its start, peak and end; CPU is in percent of one core; THREADS is the maximum. \
            -o json prints the measurements by their names in the runner's protocol.

            EXAMPLE
              ctl jobs tree-triage-x7k2p
            """
    )

    @Argument(
        help: ArgumentHelp("The run.", valueName: "run"),
        completion: NamesCommand.completion(of: "runs"),
        transform: ObjectKind.run.name
    )
    var run: String

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let object = try await client.get(WorkflowRun.resource, namespace: namespace, name: run)
            let steps = object.json.value(at: "status", "steps")?.arrayValue ?? []
            if Printing.structured(list: steps, global.output, name: { $0["id"]?.stringValue ?? "" }) { return }
            var table = Table(
                "STEP",
                "PHASE",
                ">TRIES",
                ">QUEUE",
                ">EXEC",
                ">TOTAL",
                ">MEM START",
                ">PEAK",
                ">END",
                ">CPU%",
                ">THREADS",
                "RUNNER"
            )
            for step in steps {
                let phase = step["phase"]?.stringValue ?? ""
                func metric(_ name: String) -> Double? { step.value(at: "metrics", name)?.doubleValue }
                func number(_ name: String, _ digits: Int) -> String {
                    metric(name).map { Printing.fixed($0, digits) } ?? "-"
                }
                table.add([
                    .init(step["id"]?.stringValue ?? ""),
                    .init(phase, phaseStyle(phase)),
                    .init(Self.tries(step)),
                    .init(Printing.milliseconds(metric("queue_time_ms"))),
                    .init(Printing.milliseconds(metric("execution_time_ms"))),
                    .init(Printing.milliseconds(metric("total_duration_ms"))),
                    .init(number("memory_start_mb", 1)),
                    .init(number("memory_peak_mb", 1)),
                    .init(number("memory_end_mb", 1)),
                    .init(number("cpu_percent", 0)),
                    .init(number("thread_count", 0)),
                    .init(step["runner"]?.stringValue ?? "-", .dim),
                ])
            }
            Terminal.write(table.render())
        }
    }

    /// How often a step was tried; if runners were lost or handed it back, also how often it was delivered:
    /// `1 (2 deliveries)`.
    static func tries(_ step: JSONValue) -> String {
        let attempts = step["attempts"]?.intValue ?? 0
        let deliveries = step["deliveries"]?.intValue ?? 0
        return "\(attempts)" + (deliveries > attempts ? " (\(deliveries) deliveries)" : "")
    }
}
