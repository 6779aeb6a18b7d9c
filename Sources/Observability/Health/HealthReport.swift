/// What the checks of one probe said, and how it is written.
public struct HealthReport: Sendable, Equatable {
    /// How one check ended.
    public enum Outcome: Sendable, Equatable {
        case passed
        case excluded
        case failed(String)
    }

    /// One check's result.
    public struct Result: Sendable, Equatable {
        public var name: String
        public var outcome: Outcome
        /// How long the check took.
        public var duration: Duration
    }

    /// The probe asked; `nil` for all checks.
    public var probe: HealthProbe?
    /// In the order of registration.
    public var results: [Result] = []
    /// Names that the caller wanted to exclude and that no check has.
    public var unknownExclusions: [String] = []

    init(probe: HealthProbe?) { self.probe = probe }

    /// Whether no check failed.
    public var passed: Bool {
        results.allSatisfy { if case .failed = $0.outcome { false } else { true } }
    }

    /// The text that `kube-apiserver` would answer: `ok`, or a line for each check.
    ///
    /// A failure always lists the checks, so that one sees which; the reasons may reveal the inside of a
    /// system and appear only when asked for.
    public func text(verbose: Bool) -> String {
        if passed && !verbose { return "ok" }
        var lines: [String] = []
        for result in results {
            switch result.outcome {
            case .passed: lines.append("[+]\(result.name) ok")
            case .excluded: lines.append("[+]\(result.name) excluded: ok")
            case .failed(let reason):
                lines.append("[-]\(result.name) failed: \(verbose ? reason : "reason withheld")")
            }
        }
        if !unknownExclusions.isEmpty {
            let names = unknownExclusions.map { "\"\($0)\"" }.joined(separator: ",")
            lines.append("warn: some health checks cannot be excluded: no matches for \(names)")
        }
        lines.append("\(probe?.rawValue ?? "healthz") check \(passed ? "passed" : "failed")")
        return lines.joined(separator: "\n") + "\n"
    }

    /// A JSON object: `status`, the facts about the service, and with `components` every check.
    func json(facts: [(String, HealthFact)], components: Bool, verbose: Bool) -> [UInt8] {
        var json = LineJSON()
        json.beginObject()
        json.key("status")
        json.string(passed ? "ok" : "failing")
        for (name, fact) in facts {
            json.key(name)
            fact.write(to: &json)
        }
        if components {
            json.key("components")
            json.beginObject()
            for result in results {
                json.key(result.name)
                result.write(to: &json, verbose: verbose)
            }
            json.endObject()
        }
        json.endObject()
        return json.bytes
    }
}

extension HealthReport.Result {
    fileprivate func write(to json: inout LineJSON, verbose: Bool) {
        json.beginObject()
        json.key("status")
        switch outcome {
        case .passed: json.string("ok")
        case .excluded: json.string("excluded")
        case .failed(let reason):
            json.string("failing")
            json.key("reason")
            json.string(verbose ? reason : "reason withheld")
        }
        json.key("duration_ms")
        // Microsecond resolution is plenty and keeps the text short.
        json.number((duration / .milliseconds(1) * 1000).rounded() / 1000)
        json.endObject()
    }
}

/// A value in the JSON that `/health` answers.
public enum HealthFact: Sendable, Equatable {
    case string(String)
    case int(Int)
    case number(Double)
    case bool(Bool)

    func write(to json: inout LineJSON) {
        switch self {
        case .string(let value): json.string(value)
        case .int(let value): json.literal("\(value)")
        case .number(let value): json.number(value)
        case .bool(let value): json.literal(value ? "true" : "false")
        }
    }
}
