import APIMachinery
import Spec
import Testing

/// What a workflow's schema cannot state, with the message of each fault.
@Suite struct WorkflowValidationTests {
    @Test(
        "What is right is left alone",
        arguments: [
            "{steps: [{id: a, actor: noop}]}",
            "{pool: my-pool.v2, priority: -3, steps: [{id: _a-B9, actor: noop}]}",
            "{params: [{name: path, default: '.'}, {name: _x9}], steps: [{id: a, actor: noop}]}",
            "{policy: {parallelism: 1, timeoutSeconds: 1, maxTokens: 1}, steps: [{id: a, actor: noop}]}",
            "{policy: {retry: {maxAttempts: 1, initialIntervalSeconds: 0, backoffCoefficient: 1, maxIntervalSeconds: 0}}, steps: [{id: a, actor: noop}]}",
            "{steps: [{id: b, actor: noop, dependsOn: [a]}, {id: a, actor: noop}]}",
            "{steps: [{id: a, actor: llm, with: {model: m, prompt: p}}, {id: b, actor: approval}]}",
            "{steps: [{id: a, actor: noop, retry: {maxAttempts: 5}, timeoutSeconds: 1}]}",
        ]
    )
    func accepted(_ spec: String) throws {
        #expect(try WorkflowValidation.validate(Manifest.workflow(spec)) == [])
    }

    static let policies: [Row] = [
        Row(
            "{pool: No_Name, steps: [{id: a, actor: noop}]}",
            "spec.pool: Invalid value: \"No_Name\": a name consists of lower case alphanumeric characters, '-' or '.', "
                + "and starts and ends with an alphanumeric character (e.g. 'default')"
        ),
        Row(
            "{params: [{name: a-b}, {name: 9a}], steps: [{id: a, actor: noop}]}",
            "spec.params[0].name: Invalid value: \"a-b\": a parameter's name consists of letters, digits and '_', "
                + "does not begin with a digit, and has at most 63 characters (e.g. 'path')",
            "spec.params[1].name: Invalid value: \"9a\": a parameter's name consists of letters, digits and '_', "
                + "does not begin with a digit, and has at most 63 characters (e.g. 'path')"
        ),
        Row(
            "{params: [{name: x}, {name: z}, {name: x}], steps: [{id: a, actor: noop}]}",
            "spec.params[2].name: Duplicate value: \"x\""
        ),
        Row(
            "{policy: {parallelism: 0, timeoutSeconds: -5, maxTokens: 0}, steps: [{id: a, actor: noop}]}",
            "spec.policy.parallelism: Invalid value: 0: must be greater than or equal to 1",
            "spec.policy.timeoutSeconds: Invalid value: -5: must be greater than or equal to 1",
            "spec.policy.maxTokens: Invalid value: 0: must be greater than or equal to 1"
        ),
        Row(
            "{policy: {retry: {maxAttempts: 0, initialIntervalSeconds: -1, backoffCoefficient: 0.5}}, steps: [{id: a, actor: noop}]}",
            "spec.policy.retry.maxAttempts: Invalid value: 0: must be greater than or equal to 1",
            "spec.policy.retry.initialIntervalSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.policy.retry.backoffCoefficient: Invalid value: 0.5: must be greater than or equal to 1"
        ),
        Row(
            "{policy: {retry: {maxAttempts: 3, initialIntervalSeconds: 1.0e+17, maxIntervalSeconds: 1.0e+17}}, steps: [{id: a, actor: noop}]}",
            "spec.policy.retry.initialIntervalSeconds: Invalid value: 1e+17: must be less than or equal to 86400",
            "spec.policy.retry.maxIntervalSeconds: Invalid value: 1e+17: must be less than or equal to 86400"
        ),
        Row(
            "{steps: [{id: a, actor: noop, retry: {initialIntervalSeconds: 10, maxIntervalSeconds: 2.5}}]}",
            "spec.steps[0].retry.maxIntervalSeconds: Invalid value: 2.5: "
                + "must not be less than initialIntervalSeconds (10)"
        ),
        Row("{steps: []}", "spec.steps: Required value: a workflow has at least one step"),
    ]

    static let steps: [Row] = [
        Row(
            "{steps: [{id: 'a b', actor: noop}]}",
            "spec.steps[0].id: Invalid value: \"a b\": a step's id consists of letters, digits, '_' and '-', "
                + "begins with a letter or '_', and has at most 63 characters (e.g. 'lint')"
        ),
        Row(
            "{steps: [{id: a, actor: noop}, {id: a, actor: noop}]}",
            "spec.steps[1].id: Duplicate value: \"a\""
        ),
        Row(
            "{steps: [{id: a, actor: magic}]}",
            "spec.steps[0].actor: Unsupported value: \"magic\": supported values: "
                + "\"exec\", \"http\", \"llm\", \"approval\", \"workflow\", \"sleep\", \"noop\""
        ),
        Row(
            "{steps: [{id: a, actor: noop, timeoutSeconds: 0}]}",
            "spec.steps[0].timeoutSeconds: Invalid value: 0: must be greater than or equal to 1"
        ),
        Row(
            "{steps: [{id: a, actor: noop}, {id: b, actor: noop, dependsOn: [a, c]}]}",
            "spec.steps[1].dependsOn[1]: Invalid value: \"c\": no step has this id; the steps are: a, b"
        ),
        Row(
            "{steps: [{id: a, actor: noop}, {id: b, actor: noop, dependsOn: [a, a]}]}",
            "spec.steps[1].dependsOn[1]: Duplicate value: \"a\""
        ),
        Row(
            "{steps: [{id: a, actor: noop, dependsOn: [a]}]}",
            "spec.steps[0].dependsOn: Invalid value: [\"a\"]: circular dependency: a -> a"
        ),
        Row(
            "{steps: [{id: s, actor: noop}, {id: p, actor: noop, dependsOn: [s, r]}, {id: q, actor: noop, dependsOn: [p]}, {id: r, actor: noop, dependsOn: [q]}]}",
            "spec.steps[1].dependsOn: Invalid value: [\"s\",\"r\"]: circular dependency: p -> r -> q -> p"
        ),
        Row(
            "{pool: '', steps: [{id: '', actor: exec}]}",
            "spec.pool: Invalid value: \"\": a name consists of lower case alphanumeric characters, '-' or '.', "
                + "and starts and ends with an alphanumeric character (e.g. 'default')",
            "spec.steps[0].id: Invalid value: \"\": a step's id consists of letters, digits, '_' and '-', "
                + "begins with a letter or '_', and has at most 63 characters (e.g. 'lint')",
            "spec.steps[0].with.command: Required value: the program and its arguments, e.g. [ruff, check, .]"
        ),
    ]

    @Test("Each fault names its field, its value and the remedy", arguments: policies + steps)
    func invalid(_ row: Row) throws {
        #expect(try WorkflowValidation.validate(Manifest.workflow(row.spec)).map(\.description) == row.faults)
    }

    @Test("A list of known steps stays readable")
    func manySteps() throws {
        var steps = (0..<100).map { Step(id: "s\($0)", actor: "noop") }
        steps[0].dependsOn = ["nobody"]
        let errors = WorkflowValidation.validate(WorkflowSpec(steps: steps), at: FieldPath("spec"))
        #expect(errors.count == 1)
        #expect(errors[0].description.utf8.count < 200)
    }

    @Test(
        "Names have the lengths that Kubernetes allows",
        arguments: [(253, 63, true), (254, 63, false), (253, 64, false)]
    )
    func lengths(_ pool: Int, _ id: Int, _ isValid: Bool) {
        let name = { String(repeating: "a", count: $0) }
        let spec = WorkflowSpec(
            pool: name(pool),
            params: [Parameter(name: name(id))],
            steps: [Step(id: name(id), actor: "noop")]
        )
        #expect(WorkflowValidation.validate(spec, at: FieldPath("spec")).isEmpty == isValid)
    }
}
