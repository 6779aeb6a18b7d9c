import APIMachinery
import KubeClient
import Spec

/// Shows what the steps of a run write to their logs, until the run has ended.
struct LogFollower {
    var client: KubeClient
    var namespace: String
    var run: String
    /// Only this step; `nil` for all.
    var step: String?

    /// How often the plane is asked for more; runners send twice a second.
    private static let interval: Duration = .milliseconds(500)

    /// - Throws: `Failure` for a run or a step that does not exist.
    func follow() async throws {
        var cursor = LogCursor()
        var interruptions = Interruptions()
        while true {
            do {
                let overview = try await logs(["brief": "true"])
                interruptions.reset()
                for request in cursor.due(overview) {
                    let entries = try await logs(request.parameters)["steps"]?.arrayValue ?? []
                    for entry in entries { show(cursor.take(entry, for: request), of: entry) }
                    // An attempt that wrote nothing has no log.
                    if entries.isEmpty, request.isLast { cursor.finish(request) }
                }
                let phase = overview["phase"]?.stringValue.flatMap(RunPhase.init(rawValue:))
                if phase?.isFinal ?? false { return }
                try await Task.sleep(for: Self.interval)
            } catch let error where Interruptions.isOne(error) {
                try await interruptions.pause(after: error)
            }
        }
    }

    private func logs(_ parameters: [String: String]) async throws -> JSONValue {
        var parameters = parameters
        if let step { parameters["step"] = step }
        return try await client.get(
            WorkflowRun.resource,
            namespace: namespace,
            name: run,
            subresource: "logs",
            parameters: parameters
        ).json
    }

    private func show(_ text: String, of entry: JSONValue) {
        guard !text.isEmpty else { return }
        guard step == nil else { return Terminal.write(text) }
        let label = Terminal.styled(LogsCommand.label(entry), .cyan)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropTrailingEmpty() {
            Terminal.line("\(label) \(line)")
        }
    }
}

/// What has been shown of the logs of a run. Pure: answers go in, requests and text come out.
struct LogCursor {
    /// One attempt of a step.
    struct Attempt: Hashable {
        var step: String
        var number: Int
    }

    /// A part of an attempt's log to ask for.
    struct Request: Hashable {
        var attempt: Attempt
        /// How much of it has been shown.
        var after: Int
        /// Whether the attempt has ended, so that the answer brings the rest.
        var isLast: Bool

        var parameters: [String: String] {
            ["step": attempt.step, "attempt": String(attempt.number), "after": String(after)]
        }
    }

    private struct Place {
        var end = 0
        /// The beginning of a line whose end has not come yet.
        var rest = ""
    }

    private var places: [Attempt: Place] = [:]
    /// The last attempt of each step of which everything has been shown.
    private var finished: [String: Int] = [:]

    /// What to ask for, given how far the steps are: of every attempt what has not been shown, the oldest first.
    func due(_ overview: JSONValue) -> [Request] {
        var requests: [Request] = []
        for entry in overview["steps"]?.arrayValue ?? [] {
            guard let step = entry["id"]?.stringValue, let latest = entry["attempt"]?.intValue.map({ Int($0) }) else {
                continue
            }
            let phase = entry["phase"]?.stringValue ?? ""
            // An attempt that waits in the queue has written nothing.
            let last = phase == "Queued" || phase == "Pending" ? latest - 1 : latest
            let first = (finished[step] ?? 0) + 1
            guard first <= last else { continue }
            for number in first...last {
                let attempt = Attempt(step: step, number: number)
                let shown = places[attempt]?.end ?? 0
                let isLast = number < latest || phase != "Running"
                if isLast || (entry["end"]?.intValue ?? 0) > shown {
                    requests.append(Request(attempt: attempt, after: shown, isLast: isLast))
                }
            }
        }
        return requests
    }

    /// The part of an answer that has not been shown yet: whole lines while the attempt goes on.
    mutating func take(_ entry: JSONValue, for request: Request) -> String {
        var place = places[request.attempt] ?? Place()
        let text = entry["log"]?.stringValue ?? ""
        let end = entry["end"]?.intValue.map { Int($0) } ?? 0
        let missing = end - text.utf8.count - place.end
        var shown = place.rest
        if missing > 0 {
            if !shown.isEmpty { shown += "\n" }
            shown += "[\(missing) bytes are left out]\n"
        }
        shown += text
        place.end = max(place.end, end)
        place.rest = ""
        // It may have ended since the overview.
        if request.isLast || entry["phase"] != "Running" {
            finish(request)
            if !shown.isEmpty, !shown.hasSuffix("\n") { shown += "\n" }
            if let message = entry.value(at: "error", "message")?.stringValue { shown += message + "\n" }
            return shown
        }
        let feed = shown.lastIndex(of: "\n").map { shown.index(after: $0) } ?? shown.startIndex
        place.rest = String(shown[feed...])
        places[request.attempt] = place
        return String(shown[..<feed])
    }

    /// There is no more of an attempt to show.
    mutating func finish(_ request: Request) {
        finished[request.attempt.step] = max(finished[request.attempt.step] ?? 0, request.attempt.number)
        places[request.attempt] = nil
    }
}
