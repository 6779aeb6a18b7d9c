public import APIMachinery
public import Storage

/// Which logs of a run are asked for.
public struct LogQuery: Sendable, Hashable {
    /// Only this step; `nil` for all.
    public var step: String?
    /// The attempt of that number; `nil` for the latest that there is something of.
    public var attempt: Int?
    /// Leaves out this many bytes from the beginning of an attempt's log.
    public var after = 0
    /// Leaves all text out: only how far the steps are.
    public var isBrief = false

    /// The latest logs of all steps.
    public init() {}

    /// Reads `step`, `attempt`, `after` and `brief` from the parameters of a request.
    ///
    /// - Throws: `Status` 400 naming the parameter that is wrong.
    public init(_ parameter: (String) -> String?) throws(Status) {
        func number(_ name: String, _ bounds: ClosedRange<Int>) throws(Status) -> Int? {
            guard let text = parameter(name) else { return nil }
            guard let number = Int(text), bounds.contains(number) else {
                throw .badRequest("\(name) must be a number from \(bounds.lowerBound) on, not \"\(text)\"")
            }
            return number
        }
        step = parameter("step")
        attempt = try number("attempt", 1...1_000_000)
        after = try number("after", 0...Int.max) ?? 0
        isBrief = parameter("brief") == "true"
    }
}

/// What a step's attempt wrote to its log.
public struct StepLog: Sendable, Hashable {
    public var step: StepRecord
    /// The number of the attempt; 0 before the first.
    public var attempt: Int
    public var text: [UInt8]
    /// How many bytes the attempt has written in all; `text` holds the last of them.
    public var end: Int
    public var runner: String
    public var finishedAt: Timestamp?
    public var failure: StepFailure?
}

/// The logs of a run's steps, in the order of the steps.
public struct RunLogs: Sendable, Hashable {
    public var run: RunRecord
    public var steps: [StepLog]

    /// As JSON: `{"phase", "steps": [{"id", "phase", "attempt", "log", "end", "runner"?, "finishedAt"?, "error"?}]}`.
    public var json: JSONValue {
        let steps = steps.map { entry -> JSONValue in
            var object: JSONObject = [
                "id": .string(entry.step.id), "phase": .string(entry.step.phase.name),
                "attempt": .int(Int64(entry.attempt)), "log": .string(String(decoding: entry.text, as: UTF8.self)),
                "end": .int(Int64(entry.end)),
            ]
            if !entry.runner.isEmpty { object["runner"] = .string(entry.runner) }
            if let time = entry.finishedAt { object["finishedAt"] = .string(time.rfc3339Micro) }
            if let failure = entry.failure {
                object["error"] = ["reason": .string(failure.reason), "message": .string(failure.message)]
            }
            return .object(object)
        }
        return ["phase": .string(run.phase.name), "steps": .array(steps)]
    }
}

extension RunEngine {
    /// The ends of the logs of a run's steps, of running ones what their runners have sent so far; `nil` if there is no
    /// such run.
    ///
    /// - Throws: `Status` 404 for a step that the run does not have.
    public func logs(namespace: String, name: String, _ query: LogQuery = LogQuery()) async throws -> RunLogs? {
        try await store.read { [liveLogs] reader in
            guard let run = try reader.run(namespace: namespace, name: name) else { return nil }
            let steps = try reader.briefSteps(run: run.id).filter { query.step == nil || query.step == $0.id }
            if let step = query.step, steps.isEmpty {
                throw Status.notFound(
                    GroupResource(group: "runs.martinet.dev", resource: "steps"),
                    name: "\(name)/\(step)"
                )
            }
            let logs = try steps.compactMap { step -> StepLog? in
                let job = JobID(step: step.key, attempt: step.attempts)
                let live = step.phase == .running ? liveLogs.log(of: job) : nil
                if query.isBrief { return StepLog(step, live) }
                if step.phase == .running, query.attempt == nil || query.attempt == step.attempts {
                    return StepLog(step, live)
                }
                let stored = try reader.logs(step.key)
                if let attempt = query.attempt {
                    return stored.first { $0.attempt == attempt }.map { StepLog(step, $0) }
                }
                return stored.last.map { StepLog(step, $0) } ?? StepLog(step, nil)
            }
            return RunLogs(run: run, steps: logs.map { $0.cut(query) })
        }
    }
}

extension StepLog {
    /// The latest attempt, with what is known of its log.
    fileprivate init(_ step: StepRecord, _ live: LiveLogs.Log?) {
        self.init(
            step: step,
            attempt: step.attempts,
            text: live?.text ?? [],
            end: live?.end ?? 0,
            runner: step.runner,
            finishedAt: step.finishedAt,
            failure: step.failure
        )
    }

    fileprivate init(_ step: StepRecord, _ stored: AttemptLog) {
        self.init(
            step: step,
            attempt: stored.attempt,
            text: stored.log,
            end: stored.end,
            runner: stored.runner,
            finishedAt: stored.finishedAt,
            failure: stored.attempt == step.attempts ? step.failure ?? stored.failure : stored.failure
        )
    }

    /// Without the text that is not asked for.
    fileprivate func cut(_ query: LogQuery) -> StepLog {
        var copy = self
        copy.text = query.isBrief ? [] : Array(text.suffix(max(0, end - query.after)))
        return copy
    }
}
