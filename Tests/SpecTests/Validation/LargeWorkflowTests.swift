import APIMachinery
import Testing

@testable import Spec

/// Workflows as large as a body may be, with the same fault in every step.
@Suite struct LargeWorkflowTests {
    private func errors(_ step: (Int) -> Step) -> [FieldError] {
        WorkflowValidation.validate(WorkflowSpec(steps: (0..<20_000).map(step)), at: FieldPath("spec"))
    }

    @Test func unknownDependenciesAreToldUpToALimit() {
        let errors = errors { Step(id: "s\($0)", actor: "noop", dependsOn: ["nope"]) }
        #expect(errors.count == Status.mostErrors)
        #expect(
            errors[0].body.hasSuffix(
                "no step has this id; the steps are: s0, s1, s10, s100, s1000, s10000, s10001, s10002, s10003, s10004, s10005, s10006"
            )
        )
    }

    @Test func aLongChainWithoutExpressionsIsValid() {
        #expect(errors { Step(id: "s\($0)", actor: "noop", dependsOn: $0 == 0 ? [] : ["s\($0 - 1)"]) } == [])
    }

    @Test func aLongChainThatSpeaksOfEarlierStepsIsValid() {
        let errors = errors { index in
            Step(
                id: "s\(index)",
                actor: "noop",
                with: ["x": .string(index == 0 ? "1" : "${{ steps.s\(index / 2).output }}")],
                dependsOn: index == 0 ? [] : ["s\(index - 1)"]
            )
        }
        #expect(errors == [])
    }

    @Test("What the labels leave open is answered in its place among the other errors")
    func doubtfulReferences() throws {
        // Of two paths to `d` the search takes one; `e` is upstream of nothing.
        let workflow = try Manifest.workflow(
            """
            steps:
            - {id: a, actor: noop}
            - {id: b, actor: noop}
            - {id: e, actor: noop, dependsOn: [b]}
            - {id: c, actor: noop, dependsOn: [a]}
            - {id: d, actor: noop, dependsOn: [b, c], with: {v: '${{ steps.a.output }}', w: '${{ steps.b.output }}'}}
            - {id: f, actor: nope, dependsOn: [d], with: {v: '${{ steps.e.output }}', w: '${{ steps.b.output }}'}}
            - {id: g, actor: noop, with: {v: '${{ steps.d.output }}'}, dependsOn: [lost]}
            """
        )
        #expect(
            WorkflowValidation.validate(workflow).map(\.field) == [
                "spec.steps[5].actor", "spec.steps[5].with.v", "spec.steps[6].dependsOn[0]", "spec.steps[6].with.v",
            ]
        )
    }

    @Test("Parameters that no workflow has are reported up to a limit, with a bounded list of those it has")
    func unknownParameters() throws {
        let declared = (0..<20_000).map { Parameter(name: "p\($0)", default: 1) }
        let given = JSONObject((0..<20_000).map { ("q\($0)", 1) })
        let errors = ParameterBinding.complete(given, declared: declared, at: FieldPath("params")).errors
        #expect(errors.count == Status.mostErrors)
        #expect(errors.allSatisfy { $0.body.utf8.count < 1000 })
        #expect(errors[0].body.hasSuffix(", and 19950 more"))
    }
}
