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
            ("exec", "{command: [ls], limits: {memory: 50Mi, cpuSeconds: 0.5, outputBytes: 1000, wall: 1m30s}}"),
            ("exec", "{command: [ls], limits: {memoryMB: 64, wall: 90, cpuSeconds: null}}"),
            ("exec", "{command: [ls], limits: {memory: '${{ params.seconds }}'}, output: '${{ params.seconds }}'}"),
            ("exec", "{command: '${{ params.seconds }}', env: '${{ params.seconds }}'}"),
            ("exec", "{command: [ls], successExitCodes: [1, '${{ params.seconds }}']}"),
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
            (
                "exec", "{command: [ls], limits: {ram: 50Mi}}",
                "limits: Unsupported value: \"ram\": supported values: \"memory\", \"memoryMB\", \"cpuSeconds\", "
                    + "\"outputBytes\", \"wall\""
            ),
            (
                "exec", "{command: [ls], limits: {memory: 50}}",
                "limits.memory: Invalid value: 50: must be at least 1Mi; write the unit, as in \"50Mi\""
            ),
            (
                "exec", "{command: [ls], limits: {memory: plenty}}",
                "limits.memory: Invalid value: \"plenty\": must be a quantity of bytes such as \"50Mi\" or \"2Gi\""
            ),
            (
                "exec", "{command: [ls], limits: {memory: 1Gi, memoryMB: 5}}",
                "limits.memoryMB: Forbidden: may not be set together with memory"
            ),
            (
                "exec", "{command: [ls], limits: {wall: soon}}",
                "limits.wall: Invalid value: \"soon\": must be a duration above 0 such as \"90s\" or \"1m30s\""
            ),
            (
                "exec", "{command: [ls], limits: {outputBytes: 0}}",
                "limits.outputBytes: Invalid value: 0: must be a number above 0 and at most 67108864"
            ),
            (
                "exec", "{command: [ls], env: {A=B: x}}",
                "env: Invalid value: \"A=B\": a variable's name is not empty and has no '=' in it"
            ),
            ("sleep", "{seconds: 5, duration: 5s}", "duration: Forbidden: may not be set together with seconds"),
            (
                "sleep", "{seconds: 1.0e+300}",
                "seconds: Invalid value: 1e+300: must be at most 31536000 seconds"
            ),
            (
                "sleep", "{duration: soon}",
                "duration: Invalid value: \"soon\": must be a duration such as \"90s\", \"1m30s\" or \"250ms\""
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
        #expect(
            try Self.faults("sleep", "{second: 5, seconds: 5}") == [
                "spec.steps[0].with: Unsupported value: \"second\": supported values: \"seconds\", \"duration\""
            ]
        )
    }

    @Test("Instructions that are no object", arguments: ["exec", "sleep", "noop", "llm"])
    func noObject(_ actor: String) throws {
        let fault = "spec.steps[0].with: Invalid value: [1]: must be of type object: found array"
        #expect(try Self.faults(actor, "[1]") == [fault])
    }
}
