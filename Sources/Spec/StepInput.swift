import APIMachinery

/// What each actor understands in a step's `with`: one table for validation, for `kubectl explain` and for messages.
struct StepInput {
    /// One member of `with`.
    struct Member {
        var name: String
        var form: Form
        var description: String

        init(_ name: String, _ form: Form, _ description: String) {
            self.name = name
            self.form = form
            self.description = description
        }
    }

    /// What a member's value must look like.
    enum Form {
        case any
        case text
        case command
        case choice([String])
        case exitCodes
        case environment
        case limits
        /// A number of seconds that may be zero.
        case seconds
        /// A number above zero, at most the given one.
        case positive(upTo: Double)
        /// A duration such as `1m30s`.
        case duration
        /// A duration, or a number of seconds above zero.
        case timeSpan
        /// A quantity of bytes such as `50Mi`.
        case memory
    }

    static let exec: [Member] = [
        Member(
            "command",
            .command,
            "The program and its arguments, such as [ruff, check, .]; for a shell [sh, -c, …]."
        ),
        Member("input", .any, "Handed to the program as its last argument and on standard input, as one JSON value."),
        Member("env", .environment, "Environment variables by name; null removes a variable."),
        Member("workingDirectory", .text, "The directory that the program starts in. Default: the runner's own."),
        Member(
            "output",
            .choice(["json", "text", "json-document"]),
            "Which part of standard output is the step's output: json (default) takes the last line as one JSON value, "
                + "json-document all of it as one JSON value, text all of it as a string."
        ),
        Member("successExitCodes", .exitCodes, "Exit codes that mean success, besides 0."),
        Member(
            "limits",
            .limits,
            "Limits of the job, which is killed with its children when it exceeds one: "
                + limits.map { "\($0.name) (\($0.description))" }.joined(separator: ", ") + "."
        ),
    ]

    static let limits: [Member] = [
        Member("memory", .memory, "resident memory as a quantity, such as 50Mi or 2Gi"),
        Member("memoryMB", .positive(upTo: 1e9), "the same in mebibytes"),
        Member("cpuSeconds", .positive(upTo: 31_536_000), "processor time in seconds"),
        Member("outputBytes", .positive(upTo: 67_108_864), "bytes on standard output, by default 4194304"),
        Member("wall", .timeSpan, "time from start to end, as 90s or 1m30s"),
    ]

    static let sleep: [Member] = [
        Member("seconds", .seconds, "How long to sleep, in seconds; fractions are allowed."),
        Member("duration", .duration, "How long to sleep, as a duration such as 1m30s; in place of seconds."),
    ]

    static let noop: [Member] = [
        Member("output", .any, "The step's output. Without it, all of with is the output.")
    ]

    /// The actors that are described here, and the members that each understands.
    static let actors: [(actor: String, members: [Member])] = [("exec", exec), ("sleep", sleep), ("noop", noop)]
}

/// The schema of `with`. It describes the members for `kubectl explain` and leaves checking to validation, because any
/// value may also be an expression in `${{ }}`.
enum StepInputSchema {
    static let schema: JSONValue = {
        var descriptions: [String: [String]] = [:]
        for (actor, members) in StepInput.actors {
            for member in members { descriptions[member.name, default: []].append("\(actor): \(member.description)") }
        }
        var schema = OpenAPI.freeObject(
            "The actor's input; ${{ }} expands in every string. Its members depend on the actor, see docs/steps.md."
        )
        schema["properties"] = .object(
            JSONObject(descriptions.map { ($0.key, OpenAPI.any($0.value.joined(separator: " "))) })
        )
        return schema
    }()
}
