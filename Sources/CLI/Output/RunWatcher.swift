import APIMachinery
import KubeClient
import Spec

/// Follows one run until it has ended, and shows its steps: on a terminal as a tree that is drawn anew, elsewhere
/// as a line for every step that changes.
struct RunWatcher {
    var client: KubeClient
    var namespace: String
    var name: String

    /// The run as it is when it has ended. Watches go on where they broke off; a lost history begins anew.
    func run(showing: Bool) async throws -> Unstructured {
        var display = RunDisplay()
        while true {
            let current = try await client.get(WorkflowRun.resource, namespace: namespace, name: name)
            if showing { display.show(current) }
            if Self.hasEnded(current) { return current }
            let stream = try await client.watch(
                WorkflowRun.resource,
                namespace: namespace,
                WatchOptions(fieldSelector: "metadata.name=\(name)", resourceVersion: current.resourceVersion)
            )
            do {
                for try await event in stream {
                    switch event {
                    case .added(let object), .modified(let object):
                        if showing { display.show(object) }
                        if Self.hasEnded(object) { return object }
                    case .deleted:
                        throw Failure(.failed, "run \(name) was deleted")
                    case .bookmark, .error:
                        continue
                    }
                }
            } catch let error as TransportError {
                Terminal.note("the watch broke off (\(error.message)); going on")
            }
        }
    }

    static func hasEnded(_ run: Unstructured) -> Bool {
        run.json.value(at: "status", "phase")?.stringValue.flatMap(RunPhase.init(rawValue:))?.isFinal ?? false
    }
}

/// What has been drawn of a run, and so what has to be drawn anew.
struct RunDisplay {
    private var drawnLines = 0
    private var shownPhases: [String: String] = [:]

    mutating func show(_ run: Unstructured) {
        let phase = run.json.value(at: "status", "phase")?.stringValue ?? "Pending"
        let steps = run.json.value(at: "status", "steps")?.arrayValue ?? []
        if Terminal.isInteractive {
            var lines = [
                "\(Terminal.styled(run.name, .bold))  \(Terminal.styled(phase, phaseStyle(phase)))  "
                    + Self.duration(run.json["status"], now: .now())
            ]
            for (index, step) in steps.enumerated() {
                lines.append(Self.line(step, isLast: index == steps.count - 1))
            }
            if drawnLines > 0 { Terminal.write("\u{1B}[\(drawnLines)A\u{1B}[J") }
            Terminal.write(lines.map { $0 + "\n" }.joined())
            drawnLines = lines.count
        } else {
            for step in steps {
                let id = step["id"]?.stringValue ?? ""
                let phase = step["phase"]?.stringValue ?? ""
                guard shownPhases[id] != phase, phase != "Pending" else { continue }
                shownPhases[id] = phase
                Terminal.line(Self.line(step, isLast: false, drawing: false))
            }
            if shownPhases[""] != phase {
                shownPhases[""] = phase
                Terminal.line("run \(run.name)  \(phase)  \(Self.duration(run.json["status"], now: .now()))")
            }
        }
    }

    private static func line(_ step: JSONValue, isLast: Bool, drawing: Bool = true) -> String {
        let phase = step["phase"]?.stringValue ?? "Pending"
        let mark =
            switch phase {
            case "Succeeded": "✔"
            case "Failed": "✖"
            case "Running": "●"
            case "Skipped": "○"
            case "Cancelled": "◌"
            default: "·"
            }
        let id = step["id"]?.stringValue ?? ""
        var line = drawing ? (isLast ? "└─ " : "├─ ") : "  "
        line += Terminal.styled(mark, phaseStyle(phase)) + " " + id.padding(to: 20) + " "
        line += Terminal.styled(phase.padding(to: 10), phaseStyle(phase)) + " " + duration(step, now: .now())
        if let attempts = step["attempts"]?.intValue, attempts > 1 { line += "  attempt \(attempts)" }
        if let runner = step["runner"]?.stringValue { line += "  " + Terminal.styled(runner, .dim) }
        if let message = step.value(at: "error", "message")?.stringValue, phase == "Failed" {
            line += "  " + Terminal.styled(String(message.prefix(100)), .red)
        }
        return line
    }

    private static func duration(_ status: JSONValue?, now: Timestamp) -> String {
        guard let start = status?["startedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) else { return "" }
        if let measured = status?.value(at: "metrics", "execution_time_ms")?.doubleValue {
            return Printing.milliseconds(measured)
        }
        let end = status?["finishedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) ?? now
        let components = end.since(start).components
        return Printing.milliseconds(
            max(0, Double(components.seconds) * 1000 + Double(components.attoseconds / 1_000_000_000_000_000))
        )
    }
}

extension String {
    /// The text with blanks up to that many characters.
    func padding(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
