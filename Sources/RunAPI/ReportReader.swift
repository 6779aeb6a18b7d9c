import APIMachinery
import RunEngine
import Storage

/// Reads reports from JSON.
struct ReportReader {
    let settings: RunEngineSettings

    func read(_ json: JSONValue, at path: String) throws -> JobReport {
        let (id, token) = try Self.reference(json, at: path)
        let name = json["outcome"]?.stringValue ?? ""
        guard let outcome = JobReport.Outcome(rawValue: name) else {
            let names = JobReport.Outcome.allCases.map(\.rawValue).joined(separator: ", ")
            throw Status.badRequest("\(path).outcome must be one of \(names), not \"\(name)\"")
        }
        var report = JobReport(job: id, token: token, outcome: outcome)
        if let output = json["output"] {
            if output.isNested(deeperThan: JSONValue.maximumValueDepth) {
                Self.refuse(
                    &report,
                    "OutputTooDeep",
                    "the output is nested more than \(JSONValue.maximumValueDepth) deep. Flatten it, or write it to a "
                        + "file and output its name"
                )
            } else {
                report.output = output.bytes
            }
        }
        if let error = json["error"], !error.isNull, report.failure == nil {
            report.failure = StepFailure(
                reason: Self.cut(error["reason"]?.stringValue ?? "Failed", to: Self.mostReasonBytes),
                message: Self.cut(error["message"]?.stringValue ?? "", to: Self.mostMessageBytes),
                exitCode: UntrustedNumber(error["exitCode"])?.integer(in: Self.exitCodes)
            )
            report.isRetryable = error["retryable"]?.boolValue ?? true
        }
        if let metrics = try Self.metrics(json, at: path) {
            report.metrics = JSONValue.object(metrics).bytes
            guard report.metrics.count <= Self.mostMetricsBytes else {
                throw Status.badRequest(
                    "\(path).metrics has \(report.metrics.count) bytes; the limit is \(Self.mostMetricsBytes)"
                )
            }
            report.executionSeconds = metrics["execution_time_ms"]?.doubleValue.map { max(0, $0) / 1000 }
        }
        // Outputs are kept with the run and read by every list, so that their size is bounded.
        if report.output.count > settings.maximumOutputBytes {
            Self.refuse(
                &report,
                "OutputTooLarge",
                "the output has \(report.output.count) bytes; the limit is \(settings.maximumOutputBytes). "
                    + "Write large results to a file and output its name"
            )
        }
        report.logEnd = UntrustedNumber(json["logBytes"])?.integer(in: RunnerRoutes.logBytes) ?? 0
        if let log = json["logTail"]?.stringValue { report.log = Array(log.utf8.suffix(settings.maximumLogBytes)) }
        return report
    }

    // What is kept with a run is in every list of runs, in Events and in logs.
    private static let mostReasonBytes = 256
    private static let mostMessageBytes = 16 << 10
    private static let mostMetricsBytes = 16 << 10

    /// The beginning of a text that is longer than that.
    private static func cut(_ text: String, to count: Int) -> String {
        guard text.utf8.count > count else { return text }
        return String(decoding: text.utf8.prefix(count), as: UTF8.self) + "…"
    }

    /// As wide as the exit status of any system.
    private static let exitCodes = Int(Int32.min)...Int(Int32.max)

    /// Makes the report one of a failure that another attempt would repeat.
    private static func refuse(_ report: inout JobReport, _ reason: String, _ message: String) {
        report.failure = StepFailure(reason: reason, message: message)
        report.outcome = .failed
        report.isRetryable = false
        report.output = []
    }

    /// The measurements: numbers by name.
    private static func metrics(_ json: JSONValue, at path: String) throws -> JSONObject? {
        guard let value = json["metrics"], !value.isNull else { return nil }
        guard let metrics = value.objectValue else {
            throw Status.badRequest("\(path).metrics must be an object of numbers, not \(value.typeName)")
        }
        for (name, value) in metrics where UntrustedNumber(value) == nil {
            throw Status.badRequest("\(path).metrics.\(name) must be a number, not \(value.text.prefix(40))")
        }
        return metrics
    }

    /// A job with its token; the token is opaque to runners, and accepted as text and as number.
    static func reference(_ json: JSONValue, at path: String) throws -> (id: JobID, token: Int64) {
        guard let text = json["job"]?.stringValue, let id = JobID(text) else {
            throw Status.badRequest(
                "\(path).job must be a job's id as it was leased, not \(json["job"]?.text ?? "missing")"
            )
        }
        let token = json["token"]
        guard let number = token?.intValue ?? token?.stringValue.flatMap({ Int64($0) }) else {
            throw Status.badRequest("\(path).token must be the lease's token, not \(token?.text ?? "missing")")
        }
        return (id, number)
    }
}
