import APIMachinery

/// An `exec` step's `with`, read and checked: which program, with what, and what of it is the output.
struct ExecStep: Sendable, Equatable {
    /// What of standard output is the step's output.
    enum OutputMode: String, Sendable, CaseIterable {
        /// The last line is one JSON value.
        case lastLine = "json"
        /// All of it is one JSON value.
        case document = "json-document"
        /// All of it is a string.
        case text
    }

    /// Bounds of one job; a job that crosses one is killed with its children.
    struct Limits: Sendable, Equatable {
        /// Resident memory of the process tree.
        var memoryBytes: Int64?
        /// Processor time of the process tree.
        var cpu: Duration?
        /// Bytes on standard output.
        var outputBytes = 4 << 20
        /// Time from start to end.
        var wall: Duration?
    }

    /// More than this no `with.limits.outputBytes` allows: an output is held in memory on its way.
    static let maximumOutputBytes = 64 << 20

    var command: [String]
    /// The step's input; `nil` where `with` has none.
    var input: JSONValue?
    /// A `nil` value removes the variable.
    var environment: [String: String?]
    var workingDirectory: String?
    var outputMode: OutputMode
    var successExitCodes: Set<Int32>
    var limits: Limits

    /// Reads `with`.
    ///
    /// - Throws: a `JobError` that names the field, its value and what it must be; never worth another attempt.
    init(_ with: JSONValue) throws(JobError) {
        command = try Self.command(with["command"])
        input = with["input"]
        environment = try Self.environment(with["env"])
        workingDirectory = try Self.optionalText(with["workingDirectory"], "with.workingDirectory")
        if workingDirectory?.isEmpty == true { workingDirectory = nil }
        outputMode = .lastLine
        if let word = try Self.optionalText(with["output"], "with.output") {
            guard let mode = OutputMode(rawValue: word) else {
                let words = OutputMode.allCases.map(\.rawValue).joined(separator: ", ")
                throw Self.invalid("with.output is \"\(word)\": use one of \(words)")
            }
            outputMode = mode
        }
        successExitCodes = try Self.exitCodes(with["successExitCodes"])
        limits = try Self.limits(with["limits"])
    }

    private static func invalid(_ message: String) -> JobError { JobError("InvalidInput", message, retryable: false) }

    private static func command(_ json: JSONValue?) throws(JobError) -> [String] {
        guard let elements = json?.arrayValue else {
            throw invalid(
                "with.command is \(json?.text ?? "missing"): it must be a list such as [python3, script.py]"
            )
        }
        var command: [String] = []
        for (index, element) in elements.enumerated() {
            command.append(try text(element, "with.command[\(index)]"))
        }
        guard let program = command.first, !program.isEmpty else {
            throw invalid("with.command is empty: its first element must name the program")
        }
        return command
    }

    private static func environment(_ json: JSONValue?) throws(JobError) -> [String: String?] {
        guard let json, !json.isNull else { return [:] }
        guard let members = json.objectValue else {
            throw invalid("with.env is \(json.text): it must be an object of names and values")
        }
        var result: [String: String?] = [:]
        for (name, value) in members {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0) else {
                throw invalid("with.env has the name \"\(name)\": a name is not empty and has no '=' in it")
            }
            result.updateValue(value.isNull ? nil : try text(value, "with.env.\(name)"), forKey: name)
        }
        return result
    }

    private static func exitCodes(_ json: JSONValue?) throws(JobError) -> Set<Int32> {
        var codes: Set<Int32> = [0]
        guard let json, !json.isNull else { return codes }
        guard let elements = json.arrayValue else {
            throw invalid("with.successExitCodes is \(json.text): it must be a list of numbers from 0 to 255")
        }
        for (index, element) in elements.enumerated() {
            guard let code = element.intValue ?? element.stringValue.flatMap({ Int64($0) }), (0...255).contains(code)
            else {
                throw invalid("with.successExitCodes[\(index)] is \(element.text): it must be a number from 0 to 255")
            }
            codes.insert(Int32(code))
        }
        return codes
    }

    private static func limits(_ json: JSONValue?) throws(JobError) -> Limits {
        var limits = Limits()
        guard let json, !json.isNull else { return limits }
        guard let members = json.objectValue else {
            throw invalid("with.limits is \(json.text): it must be an object (\(limitNames.joined(separator: ", ")))")
        }
        for name in members.keys where !limitNames.contains(name) {
            throw invalid(
                "with.limits.\(name) is not a known limit: use \(limitNames.joined(separator: ", "))"
            )
        }
        limits.memoryBytes = try memory(members)
        if let value = try positive(members["cpuSeconds"], "with.limits.cpuSeconds") {
            limits.cpu = .bounded(seconds: value)
        }
        if let value = try positive(members["outputBytes"], "with.limits.outputBytes") {
            guard value >= 1, value <= Double(maximumOutputBytes) else {
                throw invalid("with.limits.outputBytes is \(JSONWriter.format(value)): from 1 to \(maximumOutputBytes)")
            }
            limits.outputBytes = Int(clamping: value)
        }
        if let wall = members["wall"], !wall.isNull {
            if let duration = wall.stringValue.flatMap(GoDuration.parse), duration > .zero {
                limits.wall = duration
            } else if let seconds = try positive(wall, "with.limits.wall") {
                limits.wall = .bounded(seconds: seconds)
            }
        }
        return limits
    }

    private static let limitNames = ["memory", "memoryMB", "cpuSeconds", "outputBytes", "wall"]
    /// No program can start in less than this; a smaller value lacks its unit.
    private static let minimumMemoryBytes: Int64 = 1 << 20

    /// The limit of the memory: a quantity as Kubernetes writes them (`50Mi`), or a number of mebibytes.
    private static func memory(_ members: JSONObject) throws(JobError) -> Int64? {
        let megabytes = try positive(members["memoryMB"], "with.limits.memoryMB")
        guard let json = members["memory"], !json.isNull else {
            return megabytes.map { max(minimumMemoryBytes, Int64(clamping: $0 * 1_048_576)) }
        }
        guard megabytes == nil else {
            throw invalid("with.limits.memory and with.limits.memoryMB are both given: keep one")
        }
        let text = json.stringValue ?? json.text
        // The error is thrown with the field and the remedy.
        guard let quantity = try? Quantity(parsing: text), quantity.value >= minimumMemoryBytes else {
            throw invalid(
                "with.limits.memory is \(json.text): it must be a quantity of at least 1Mi, such as 50Mi or 2Gi"
            )
        }
        return quantity.value
    }

    private static func positive(_ json: JSONValue?, _ field: String) throws(JobError) -> Double? {
        guard let json, !json.isNull else { return nil }
        guard let value = json.doubleValue ?? json.stringValue.flatMap(Double.init), value > 0, value.isFinite else {
            throw invalid("\(field) is \(json.text): it must be a number above 0")
        }
        return value
    }

    private static func optionalText(_ json: JSONValue?, _ field: String) throws(JobError) -> String? {
        guard let json, !json.isNull else { return nil }
        guard let text = json.stringValue else { throw invalid("\(field) is \(json.text): it must be a string") }
        guard !text.utf8.contains(0) else {
            throw invalid("\(field) holds a NUL byte, which cannot be passed to a program")
        }
        return text
    }

    /// A word of the command line. What an expression made into a number, a list or an object goes as its JSON.
    private static func text(_ json: JSONValue, _ field: String) throws(JobError) -> String {
        if json.isNull { throw invalid("\(field) is null: it must be a string (did an expression yield nothing?)") }
        let text = json.stringValue ?? json.text
        guard !text.utf8.contains(0) else {
            throw invalid("\(field) holds a NUL byte, which cannot be passed to a program")
        }
        return text
    }
}
