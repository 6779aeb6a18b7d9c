import APIMachinery
import Spec
import Testing

/// What the actors need in `with`.
@Suite struct ActorValidationTests {
    static func faults(_ actor: String, _ with: String) throws -> [String] {
        let spec = "{params: [{name: seconds}], steps: [{id: a, actor: \(actor), with: \(with)}]}"
        return try WorkflowValidation.validate(Manifest.workflow(spec)).map(\.description)
    }

    @Test(
        "What is right is left alone",
        arguments: [
            ("exec", "{command: [ls]}"),
            ("exec", "{command: [ls, -l, '${{ params.seconds }}'], output: text, successExitCodes: [0, 255]}"),
            ("exec", "{command: [ls], output: json-document, env: {A: x, B: 5, C: true}, workingDirectory: /tmp}"),
            ("exec", "{command: [ls], output: json, input: {deep: [1, 2]}, limits: {}}"),
            ("sleep", "{seconds: 0}"),
            ("sleep", "{seconds: 0.25}"),
            ("sleep", "{seconds: '${{ params.seconds }}'}"),
            ("sleep", "{duration: 1m30s}"),
            ("noop", "{anything: [goes]}"),
            ("llm", "{model: m}"),
        ]
    )
    func valid(_ actor: String, _ with: String) throws {
        #expect(try Self.faults(actor, with) == [])
    }

    @Test(
        "Each fault says what to write instead",
        arguments: [
            ("exec", "{}", "command: Required value: the program and its arguments, e.g. [ruff, check, .]"),
            (
                "exec", "{command: null}",
                "command: Required value: the program and its arguments, e.g. [ruff, check, .]"
            ),
            ("exec", "{command: []}", "command: Invalid value: []: must name at least the program to run"),
            (
                "exec", "{command: ls -l}",
                "command: Invalid value: \"ls -l\": must be a list of strings: found string; for a shell write [sh, -c, \"…\"]"
            ),
            (
                "exec", "{command: [sleep, 5]}",
                "command[1]: Invalid value: 5: must be of type string: found integer; put it in quotation marks"
            ),
            (
                "exec", "{command: [ls], output: xml}",
                "output: Unsupported value: \"xml\": supported values: \"json\", \"text\", \"json-document\""
            ),
            (
                "exec", "{command: [ls], output: 5}",
                "output: Unsupported value: 5: supported values: \"json\", \"text\", \"json-document\""
            ),
            (
                "exec", "{command: [ls], successExitCodes: [300]}",
                "successExitCodes: Invalid value: [300]: must be a list of numbers from 0 to 255"
            ),
            (
                "exec", "{command: [ls], successExitCodes: 0}",
                "successExitCodes: Invalid value: 0: must be a list of numbers from 0 to 255"
            ),
            (
                "exec", "{command: [ls], env: [A]}", "env: Invalid value: [\"A\"]: must be of type object: found array"
            ),
            (
                "exec", "{command: [ls], env: {A: [x]}}",
                "env[A]: Invalid value: [\"x\"]: must be a string, a number or a boolean: found array"
            ),
            (
                "exec", "{command: [ls], workingDirectory: 5}",
                "workingDirectory: Invalid value: 5: must be of type string: found integer"
            ),
            ("sleep", "{}", "seconds: Required value: how long to sleep, e.g. 5, or a duration such as \"1m30s\""),
            ("sleep", "{seconds: -1}", "seconds: Invalid value: -1: must be a number of seconds, 0 or more"),
            ("sleep", "{seconds: soon}", "seconds: Invalid value: \"soon\": must be a number of seconds, 0 or more"),
            ("sleep", "{duration: 90}", "duration: Invalid value: 90: must be a text such as \"1m30s\""),
        ]
    )
    func invalid(_ actor: String, _ with: String, _ fault: String) throws {
        #expect(try Self.faults(actor, with) == ["spec.steps[0].with.\(fault)"])
    }

    @Test("A member that no actor knows is not passed over: it may be one misspelt")
    func unknownMember() throws {
        let faults = try Self.faults("exec", "{command: [ls], succesExitCodes: [1]}")
        #expect(faults.count == 1)
        #expect(faults[0].hasPrefix("spec.steps[0].with: Unsupported value: \"succesExitCodes\": supported values: "))
        #expect(faults[0].contains("\"successExitCodes\""))
    }

    @Test("Instructions that are no object", arguments: ["exec", "sleep", "noop", "llm"])
    func noObject(_ actor: String) throws {
        let fault = "spec.steps[0].with: Invalid value: [1]: must be of type object: found array"
        #expect(try Self.faults(actor, "[1]") == [fault])
    }
}
