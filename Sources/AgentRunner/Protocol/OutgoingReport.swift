public import APIMachinery

/// How a job ended.
public enum JobOutcome: String, Sendable, Hashable, CaseIterable {
    case succeeded = "Succeeded"
    case failed = "Failed"
    case timedOut = "TimedOut"
    case cancelled = "Cancelled"
}

/// Why a job did not succeed.
public struct JobError: Error, Sendable, Hashable {
    /// A word for programs, such as `CommandNotFound`.
    public var reason: String
    /// For people: what is wrong with which value, and the remedy.
    public var message: String
    /// The program's exit code, where one ran to its end.
    public var exitCode: Int32?
    /// Whether another attempt could end differently.
    public var retryable: Bool

    /// Makes an error; most of a program's own failures are worth another attempt, most bad input is not.
    public init(_ reason: String, _ message: String, exitCode: Int32? = nil, retryable: Bool) {
        self.reason = reason
        self.message = message
        self.exitCode = exitCode
        self.retryable = retryable
    }

    var json: JSONValue {
        var object: JSONObject = [
            "reason": .string(reason), "message": .string(message), "retryable": .bool(retryable),
        ]
        if let exitCode { object["exitCode"] = .int(Int64(exitCode)) }
        return .object(object)
    }
}

/// What an executor hands back: how it went, and, where it had processes of its own, what they used.
public struct JobResult: Sendable {
    public var outcome: JobOutcome
    public var output: JSONValue?
    public var error: JobError?
    /// The end of the job's log.
    public var logTail: String?
    /// Bytes written to the log in all.
    public var logBytes = 0
    /// Use of the job's own process tree; `nil` for work done inside the runner.
    var usage: ResourceUsage?

    /// The job did what it should.
    public static func succeeded(_ output: JSONValue) -> JobResult { JobResult(outcome: .succeeded, output: output) }

    /// The job failed.
    public static func failed(_ error: JobError) -> JobResult { JobResult(outcome: .failed, error: error) }

    /// The job was stopped because its task was cancelled; the runner knows why.
    public static var stopped: JobResult { JobResult(outcome: .cancelled) }
}

/// A finished job as it is told to the controller.
public struct OutgoingReport: Sendable {
    public var job: Job
    public var outcome: JobOutcome
    public var output: JSONValue?
    public var error: JobError?
    public var metrics: JobMetrics
    public var startedAt: Timestamp
    public var finishedAt: Timestamp
    public var logTail: String?
    public var logBytes = 0

    var json: JSONValue {
        var object: JSONObject = [
            "job": job.wireID,
            "token": job.token,
            "outcome": .string(outcome.rawValue),
            "metrics": metrics.json,
            "startedAt": .string(startedAt.rfc3339Nano),
            "finishedAt": .string(finishedAt.rfc3339Nano),
        ]
        if let output { object["output"] = output }
        if let error { object["error"] = error.json }
        if let logTail, !logTail.isEmpty { object["logTail"] = .string(logTail) }
        if logBytes > 0 { object["logBytes"] = .int(Int64(logBytes)) }
        return .object(object)
    }

    /// The same end of the job without the parts whose size the job decides, for a controller that refused them.
    func reduced(because reason: String) -> OutgoingReport {
        var copy = self
        copy.output = nil
        copy.logTail = nil
        if outcome == .succeeded {
            copy.outcome = .failed
            copy.error = JobError("ReportRefused", "the controller refused the report: \(reason)", retryable: false)
        } else if let error {
            copy.error?.message = String(error.message.prefix(1000))
        }
        return copy
    }
}
