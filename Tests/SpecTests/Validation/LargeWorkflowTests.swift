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
}
