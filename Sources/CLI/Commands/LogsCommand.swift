import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Shows what the steps of a run wrote to standard error.",
        discussion: """
            The end of the log of each of the last ten attempts is kept with the run. A running step shows what its \
            runner has sent so far; --follow shows new lines until the run has ended. --errors shows failed steps only, \
            and those of all failed runs if no run is named. For the runners' own logs, use kubectl logs POD.

            EXAMPLES
              ctl logs tree-triage-x7k2p
              ctl logs tree-triage-x7k2p secrets --follow
              ctl logs tree-triage-x7k2p secrets --attempt 1
              ctl logs --errors --since 1h
            """
    )

    @Argument(
        help: ArgumentHelp("The run.", valueName: "run"),
        completion: NamesCommand.completion(of: "runs"),
        transform: ObjectKind.run.name
    )
    var run: String?

    @Argument(help: ArgumentHelp("Only this step.", valueName: "step"))
    var step: String?

    @Flag(name: [.short, .long], help: "Keep showing new lines until the run has ended.")
    var follow = false

    @Option(help: ArgumentHelp("Only the attempt of that number, from 1.", valueName: "number"))
    var attempt: Int?

    @Flag(help: "Only failed steps; without a run, those of all failed runs.")
    var errors = false

    @Option(
        help: ArgumentHelp(
            "Only steps that run, or ended no longer ago, e.g. 90s, 10m, 1h30m.",
            valueName: "duration"
        ),
        transform: Age.init(text:)
    )
    var since: Age?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if run == nil, !errors { throw ValidationError("name a run, or use --errors to see the failures of all runs") }
        if run == nil, follow || attempt != nil { throw ValidationError("--follow and --attempt need a run") }
        if let attempt, attempt < 1 { throw ValidationError("--attempt \(attempt): must be 1 or more") }
        if follow, attempt != nil || errors || since != nil {
            throw ValidationError(
                "--follow shows new lines only; it cannot be used with --attempt, --errors or --since"
            )
        }
    }

    func run() async throws {
        try await global.withClient { client, namespace in
            guard let run else { return try await showFailures(client, namespace) }
            if follow {
                try await LogFollower(client: client, namespace: namespace, run: run, step: step).follow()
                return
            }
            let steps = try await steps(of: run, client, namespace)
            if Printing.structured(list: steps, global.output, name: { $0["id"]?.stringValue ?? "" }) { return }
            for entry in steps { show(entry) }
        }
    }

    private func steps(of run: String, _ client: KubeClient, _ namespace: String) async throws -> [JSONValue] {
        var parameters: [String: String] = [:]
        if let attempt { parameters["attempt"] = String(attempt) }
        let logs = try await client.get(
            WorkflowRun.resource,
            namespace: namespace,
            name: run,
            subresource: "logs",
            parameters: parameters
        )
        var steps = logs.json["steps"]?.arrayValue ?? []
        if let step {
            let ids = steps.compactMap { $0["id"]?.stringValue }
            steps = steps.filter { $0["id"]?.stringValue == step }
            if steps.isEmpty { throw try await missing(step, ids, run, client, namespace) }
        } else if let attempt, steps.isEmpty {
            throw Failure(
                .notFound,
                "no step of run \(run) has a log of attempt \(attempt); ctl jobs \(run) shows the tries"
            )
        }
        let now = Timestamp.now()
        return steps.filter { entry in
            (!errors || entry["error"] != nil && entry["phase"] != "Skipped")
                && (since?.includes(entry, now: now) ?? true)
        }
    }

    /// Why there is nothing of that step.
    private func missing(
        _ step: String,
        _ shown: [String],
        _ run: String,
        _ client: KubeClient,
        _ namespace: String
    ) async throws -> Failure {
        var ids = shown
        if attempt != nil {
            let all = try await client.get(
                WorkflowRun.resource,
                namespace: namespace,
                name: run,
                subresource: "logs",
                parameters: ["brief": "true"]
            )
            ids = (all.json["steps"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
        }
        if let attempt, ids.contains(step) {
            return Failure(
                .notFound,
                "there is no log of attempt \(attempt) of step \"\(step)\"; ctl jobs \(run) shows how often it was tried"
            )
        }
        return Failure(
            .notFound,
            "run \(run) has no step \"\(step)\"\(Suggestion.question(for: step, in: ids)); ctl jobs \(run) lists the steps"
        )
    }

    private func show(_ entry: JSONValue) {
        let text = entry["log"]?.stringValue ?? ""
        if step != nil, !errors {
            Terminal.write(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n")
            return
        }
        let label = Self.label(entry)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropTrailingEmpty() {
            Terminal.line("\(Terminal.styled(label, .cyan)) \(line)")
        }
        if let message = entry.value(at: "error", "message")?.stringValue {
            Terminal.line("\(Terminal.styled(label, .red)) \(message)")
        }
    }

    /// What stands in front of the lines of an attempt: the step, with the attempt's number from the second one on.
    static func label(_ entry: JSONValue) -> String {
        let attempt = entry["attempt"]?.intValue ?? 1
        return (entry["id"]?.stringValue ?? "") + (attempt > 1 ? "#\(attempt)" : "")
    }

    // MARK: Failures of all runs

    /// Failed runs that are looked at, the newest.
    private static let shownRuns = 200

    private func showFailures(_ client: KubeClient, _ namespace: String) async throws {
        let (runs, more) = try await RunLists.newest(
            client,
            namespace: namespace,
            ListOptions(fieldSelector: "status.phase=Failed"),
            limit: Self.shownRuns,
            isBrief: true
        )
        let now = Timestamp.now()
        let failures = runs.flatMap { run in
            Self.failures(of: run).filter { since?.includes($0, now: now) ?? true }
        }
        if Printing.structured(
            list: failures,
            global.output,
            name: { "\($0["run"]?.stringValue ?? "")/\($0["id"]?.stringValue ?? "")" }
        ) {
            return
        }
        guard !failures.isEmpty else { return Terminal.note("No failed steps found in namespace \(namespace).") }
        var table = Table(">AGE", "RUN", "STEP", ">TRIES", "REASON", "MESSAGE")
        for failure in failures {
            let message = failure.value(at: "error", "message")?.stringValue ?? ""
            table.add([
                .init(Printing.age(Self.time(failure), now: now)),
                .init(failure["run"]?.stringValue ?? ""), .init(failure["id"]?.stringValue ?? ""),
                .init("\(failure["attempts"]?.intValue ?? 0)"),
                .init(failure.value(at: "error", "reason")?.stringValue ?? "", .red),
                .init(message.split(whereSeparator: \.isNewline).joined(separator: " ")),
            ])
        }
        Terminal.write(table.render(maximumWidth: Terminal.isInteractive ? Terminal.size.columns : nil))
        if more > 0 { Terminal.note("\(more) older failed runs are not shown") }
    }

    /// The failed steps of a run, each with the run's name.
    static func failures(of run: Unstructured) -> [JSONValue] {
        (run.json.value(at: "status", "steps")?.arrayValue ?? []).filter { $0["phase"] == "Failed" }.map { step in
            var failure = step
            failure["run"] = .string(run.name)
            return failure
        }
    }

    static func time(_ entry: JSONValue) -> Timestamp? {
        entry["finishedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
    }

    /// How long ago something may be, as kubectl writes durations.
    struct Age {
        var duration: Duration

        init(text: String) throws {
            guard let duration = GoDuration.parse(text.first == "-" ? String(text.dropFirst()) : text) else {
                throw ValidationError("a duration is a number with its unit, such as 90s, 10m or 1h30m")
            }
            guard duration > .zero, text.first != "-" else {
                throw ValidationError("it must be more than 0: it says how long ago, such as 90s, 10m or 1h30m")
            }
            self.duration = duration
        }

        /// Whether a step has not ended, or not before that.
        func includes(_ entry: JSONValue, now: Timestamp) -> Bool {
            guard let time = LogsCommand.time(entry) else { return entry["phase"] == "Running" }
            return entry["phase"] == "Running" || now.since(time) <= duration
        }
    }
}

extension [Substring] {
    /// Without the empty line that follows the last line feed.
    func dropTrailingEmpty() -> ArraySlice<Substring> { last?.isEmpty == true ? dropLast() : self[...] }
}
