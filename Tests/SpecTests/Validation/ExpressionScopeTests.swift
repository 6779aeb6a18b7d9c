import APIMachinery
import Spec
import Testing

/// What expressions may speak of, and what they are told when they speak of something else.
@Suite struct ExpressionScopeTests {
    /// The faults of an expression in the last of these steps; `first` and `second` come before it, `other` beside it.
    static func faults(when: String? = nil, with: String? = nil) throws -> [String] {
        let step =
            "{id: last, actor: noop, dependsOn: [second]\(when.map { ", when: '\($0)'" } ?? "")"
            + "\(with.map { ", with: {x: '\($0)'}" } ?? "")}"
        let workflow = try Manifest.workflow(
            """
            params: [{name: path}, {name: depth, default: 3}]
            steps:
            - {id: first, actor: noop}
            - {id: second, actor: noop, dependsOn: [first]}
            - {id: other, actor: noop}
            - \(step)
            """
        )
        return WorkflowValidation.validate(workflow).map(\.description)
    }

    static let valid: [String] = [
        "params.depth > 2",
        "params[\"depth\"] > 2",
        "size(steps.second.output) > 0",
        "steps.first.phase == \"Succeeded\" && steps.second.attempts < 2",
        "has(steps.second.output.items)",
        "steps.second.output.items.exists(i, i.severity > 3)",
        "run.name.startsWith(\"x\") || run.namespace == \"y\" || run.uid != run.workflow",
        "steps.second.output",
        "true",
    ]

    @Test("What there is can be spoken of, also by steps further up", arguments: valid)
    func accepted(_ expression: String) throws {
        #expect(try Self.faults(when: expression) == [])
        #expect(try Self.faults(with: "${{ \(expression) }}") == [])
    }

    static let invalid: [(expression: String, fault: String)] = [
        ("params.nope", "params.nope: no parameter has this name; declare it in spec.params (depth, path)"),
        ("steps.nobody.output", "steps.nobody: no step has this id; the steps are: first, last, other, second"),
        ("steps.other.output", "steps.other: this step may not have ended yet; add other to dependsOn"),
        ("steps.last.output", "steps.last: a step cannot refer to itself"),
        ("steps.second.result", "steps.second.result: a step has output, phase, error, attempts"),
        ("run.id", "run.id: a run has name, namespace, uid, workflow"),
    ]

    @Test("Each fault names what was spoken of and what to do", arguments: invalid)
    func refused(_ expression: String, _ fault: String) throws {
        #expect(
            try Self.faults(when: "\(expression) == 1")
                == ["spec.steps[3].when: Invalid value: \"\(expression) == 1\": \(fault)"]
        )
        #expect(
            try Self.faults(with: "a ${{ \(expression) }} b")
                == ["spec.steps[3].with.x: Invalid value: \"a ${{ \(expression) }} b\": \(fault)"]
        )
    }

    @Test("Several faults of one expression are told together, each once")
    func several() throws {
        let faults = try Self.faults(when: "params.a == params.b && params.a == params.path")
        #expect(faults.count == 2)
        #expect(faults[0].contains("params.a:") && faults[1].contains("params.b:"))
    }

    @Test(
        "An expression that cannot be read is refused where it stands",
        arguments: [
            "params.path >", "", "1 +", "a b", "\"open", "unknown.x > 1", "nosuch(1)", "1 + \"a\"",
        ]
    )
    func unreadable(_ expression: String) throws {
        let faults = try Self.faults(when: expression)
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix("spec.steps[3].when: Invalid value: ") == true)
    }

    @Test("A condition is true or false", arguments: ["1 + 1", "\"yes\"", "[true]", "size(params.path)"])
    func noCondition(_ expression: String) throws {
        let faults = try Self.faults(when: expression)
        #expect(faults.count == 1)
        #expect(faults.first?.contains("must be true or false, but is a ") == true)
    }

    @Test(
        "Templates are looked for in every depth",
        arguments: [
            ("[{z: ['${{ params.nope }}']}]", "spec.steps[0].with.x[0].z[0]"),
            ("'${{ params.path'", "spec.steps[0].with.x"),
            ("'${{ }}'", "spec.steps[0].with.x"),
        ]
    )
    func templates(_ value: String, _ field: String) throws {
        let workflow = try Manifest.workflow(
            "{params: [{name: path}], steps: [{id: a, actor: noop, with: {x: \(value)}}]}"
        )
        #expect(WorkflowValidation.validate(workflow).map(\.field) == [field])
    }

    @Test("A condition in template marks, an id with a hyphen and a mistyped id are answered with what to write")
    func remedies() throws {
        func faults(_ member: String) throws -> String {
            let steps = "{id: fetch-data, actor: noop}, {id: lint, actor: noop}"
            let workflow = try Manifest.workflow(
                "{steps: [\(steps), {id: b, actor: noop, dependsOn: [fetch-data, lint], \(member)}]}"
            )
            return WorkflowValidation.validate(workflow).map(\.description).joined(separator: "\n")
        }
        let marked = try faults("when: '${{ size(run.name) > 0 }}'")
        #expect(marked.hasSuffix("write it without ${{ }}: size(run.name) > 0"))
        let hyphen = "an id with a hyphen is written steps[\"fetch-data\"]"
        #expect(try faults("when: steps.fetch-data.output == 1").contains(hyphen))
        #expect(try faults("with: {x: '${{ steps.fetch-data.output }}'}").contains(hyphen))
        #expect(try faults("when: 'steps[\"fetch-data\"].output == 1'") == "")
        #expect(try faults("when: steps.lnt.output == 1").contains("did you mean \"lint\"?"))
    }

    @Test("A workflow without parameters says so")
    func noParameters() throws {
        let workflow = try Manifest.workflow("{steps: [{id: a, actor: noop, when: params.x}]}")
        let faults = WorkflowValidation.validate(workflow).map(\.description)
        #expect(faults.first?.hasSuffix("declare it in spec.params (none are declared)") == true)
    }
}
