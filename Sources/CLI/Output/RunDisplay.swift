import APIMachinery

/// What has been drawn of a run, and so what has to be drawn anew.
struct RunDisplay {
    private let isLive: Bool
    private var drawnLines = 0
    private var shownPhases: [String: String] = [:]
    private var latest: Unstructured?

    /// Nothing drawn yet. A live display takes back what it drew; another one only adds lines.
    init(isLive: Bool) { self.isLive = isLive }

    /// Draws the run, or the last one again with new durations.
    mutating func show(_ run: Unstructured?, now: Timestamp, size: Terminal.Size) {
        latest = run ?? latest
        guard let latest else { return }
        Terminal.write(isLive ? frame(of: latest, now: now, size: size) : changes(of: latest, now: now))
    }

    /// The run's tree, and before it what removes the tree drawn before.
    mutating func frame(of run: Unstructured, now: Timestamp, size: Terminal.Size) -> String {
        let lines = Self.tree(of: run, now: now, size: size)
        let erase = drawnLines > 0 ? "\u{1B}[\(drawnLines)A\u{1B}[J" : ""
        drawnLines = lines.count
        return erase + lines.map { $0 + "\n" }.joined()
    }

    /// A line for every step whose phase is another than when last asked, and for the run itself.
    mutating func changes(of run: Unstructured, now: Timestamp) -> String {
        var lines: [String] = []
        for step in run.json.value(at: "status", "steps")?.arrayValue ?? [] {
            let id = step["id"]?.stringValue ?? ""
            let phase = step["phase"]?.stringValue ?? ""
            guard shownPhases[id] != phase, phase != "Pending" else { continue }
            shownPhases[id] = phase
            lines.append("  " + Self.text(of: step, now: now).styled)
        }
        let phase = Self.phase(of: run)
        if shownPhases[""] != phase {
            shownPhases[""] = phase
            lines.append("run \(run.name)  \(phase)  \(Self.duration(run.json["status"], now: now))")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The lines of the tree, none longer than the terminal is wide, and no more than it is high.
    static func tree(of run: Unstructured, now: Timestamp, size: Terminal.Size) -> [String] {
        let phase = phase(of: run)
        var head = StyledText()
        head.append(run.name, .bold)
        head.append("  ")
        head.append(phase, phaseStyle(phase))
        head.append("  " + duration(run.json["status"], now: now))
        let steps = run.json.value(at: "status", "steps")?.arrayValue ?? []
        let shown = visible(steps, rows: max(3, size.rows - 2))
        var lines = [head.truncated(to: size.columns).styled]
        for (index, step) in shown.enumerated() {
            let isLast = index == shown.count - 1 && shown.count == steps.count
            var line = StyledText()
            line.append(isLast ? "└─ " : "├─ ")
            line.append(text(of: step, now: now))
            lines.append(line.truncated(to: size.columns).styled)
        }
        if shown.count < steps.count { lines.append("└─ and \(steps.count - shown.count) more steps") }
        return lines
    }

    /// Where not all steps have a row: those that something happens to come first, then what failed.
    private static func visible(_ steps: [JSONValue], rows: Int) -> [JSONValue] {
        guard steps.count > rows else { return steps }
        let order = ["Running": 0, "Failed": 1, "Queued": 2, "Pending": 3]
        let ranked = steps.indices.sorted {
            let a = order[steps[$0]["phase"]?.stringValue ?? ""] ?? 4
            let b = order[steps[$1]["phase"]?.stringValue ?? ""] ?? 4
            return (a, $0) < (b, $1)
        }
        return ranked.prefix(rows - 1).sorted().map { steps[$0] }
    }

    private static func phase(of run: Unstructured) -> String {
        run.json.value(at: "status", "phase")?.stringValue ?? "Pending"
    }

    private static func text(of step: JSONValue, now: Timestamp) -> StyledText {
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
        var text = StyledText()
        text.append(mark, phaseStyle(phase))
        text.append(" " + (step["id"]?.stringValue ?? "").padding(to: 20) + " ")
        text.append(phase.padding(to: 10), phaseStyle(phase))
        text.append(" " + duration(step, now: now))
        if let attempts = step["attempts"]?.intValue, attempts > 1 { text.append("  attempt \(attempts)") }
        if let runner = step["runner"]?.stringValue { text.append("  \(runner)", .dim) }
        if let message = step.value(at: "error", "message")?.stringValue, phase == "Failed" {
            // A message of several lines would break the tree.
            text.append("  " + message.split(whereSeparator: \.isNewline).joined(separator: " "), .red)
        }
        return text
    }

    /// How long a run or step took, or has taken so far; empty before its start.
    static func duration(_ status: JSONValue?, now: Timestamp) -> String {
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

/// Text of which some is coloured, and which knows how long it is without the colours.
struct StyledText {
    private(set) var spans: [(text: String, style: Terminal.Style?)] = []

    mutating func append(_ text: String, _ style: Terminal.Style? = nil) {
        spans.append((Terminal.harmless(text), style))
    }

    mutating func append(_ other: StyledText) { spans += other.spans }

    /// The text as it is written, with colours where the terminal has them.
    var styled: String { spans.map { Terminal.styled($0.text, $0.style) }.joined() }

    /// The text without what does not fit.
    func truncated(to width: Int) -> StyledText {
        var result = StyledText()
        var rest = width
        for (text, style) in spans where rest > 0 {
            let part = text.count <= rest ? text : String(text.prefix(rest - 1)) + "…"
            result.append(part, style)
            rest -= part.count
        }
        return result
    }
}

extension String {
    /// The text with blanks up to that many characters.
    func padding(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
