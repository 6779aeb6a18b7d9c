import APIMachinery
import RunEngine
import Spec
import Storage

/// Rules about conditions and inputs.
extension RunPlannerTests {
    static let expressionRows: [Row] = [
        // Conditions.
        Row(
            rule: "a true condition lets the step run",
            steps: [step("a", when: "params.n > 1")],
            params: #"{"n":2}"#,
            expected: ["start a {}"]
        ),
        Row(
            rule: "a false one skips it",
            steps: [step("a", when: "params.n > 1"), step("b")],
            params: #"{"n":1}"#,
            expected: ["skip a ConditionFalse", "start b {}"]
        ),
        Row(
            rule: "a condition over an output",
            steps: [step("a"), step("b<a", when: "size(steps.a.output) > 0")],
            states: ["a": "succeeded []"],
            expected: ["skip b ConditionFalse", "finish succeeded"]
        ),
        Row(
            rule: "a condition over an output that holds",
            steps: [step("a"), step("b<a", when: "size(steps.a.output) > 0")],
            states: ["a": "succeeded [1]"],
            expected: ["start b {}"]
        ),
        Row(
            rule: "an output that is missing is null",
            steps: [step("a"), step("b<a", when: "steps.a.output == null")],
            states: ["a": "succeeded"],
            expected: ["start b {}"]
        ),
        Row(
            rule: "a condition that cannot be evaluated fails its step",
            steps: [step("a", when: "params.x > 1"), step("b<a")],
            expected: [
                "fail a ExpressionFailed: when: \"params.x > 1\" at column 7: no such key: x",
                "skip b DependencyFailed", "finish failed StepFailed",
            ]
        ),
        Row(
            rule: "a condition that is not a truth value fails its step",
            steps: [step("a", when: "params.x")],
            params: #"{"x":3}"#,
            expected: [
                "fail a ExpressionFailed: when: params.x: is a int, not true or false", "finish failed StepFailed",
            ]
        ),
        Row(
            rule: "a skipped condition is not looked at after a failure",
            steps: [step("a"), step("b<a", when: "params.x > 1")],
            states: ["a": "failed Boom"],
            expected: ["skip b DependencyFailed", "finish failed StepFailed"]
        ),
        Row(
            rule: "a step that asks how another ended runs after failures",
            steps: [step("a"), step("b<a", when: "steps.a.phase == 'Failed'")],
            states: ["a": "failed Boom"],
            expected: ["start b {}"]
        ),
        Row(
            rule: "and is skipped after success",
            steps: [step("a"), step("b<a", when: "steps.a.phase == 'Failed'")],
            states: ["a": "succeeded"],
            expected: ["skip b ConditionFalse", "finish succeeded"]
        ),
        Row(
            rule: "a clean-up does not make the run succeed",
            steps: [step("a"), step("b<a", when: "steps.a.phase == 'Failed'")],
            states: ["a": "failed Boom", "b": "succeeded"],
            expected: ["finish failed StepFailed"]
        ),
        Row(
            rule: "what follows a clean-up runs",
            steps: [step("a"), step("b<a", when: "steps.a.phase != ''"), step("c<b")],
            states: ["a": "failed Boom", "b": "succeeded"],
            expected: ["start c {}"]
        ),
        Row(
            rule: "errors can be asked for",
            steps: [step("a"), step("b<a", when: "steps.a.error.reason == 'Boom' && steps.a.error.exitCode == 2")],
            states: ["a": "failed Boom"],
            expected: ["start b {}"]
        ),
        // Inputs.
        Row(
            rule: "constants stay",
            steps: [step("a", with: ["n": 1, "t": "x", "l": [true, .null]])],
            expected: [#"start a {"l":[true,null],"n":1,"t":"x"}"#]
        ),
        Row(
            rule: "a parameter keeps its type",
            steps: [step("a", with: ["n": "${{ params.n }}"])],
            params: #"{"n":[1,"2"]}"#,
            expected: [#"start a {"n":[1,"2"]}"#]
        ),
        Row(
            rule: "text around it makes it text",
            steps: [step("a", with: ["n": "v${{ params.n }}!"])],
            params: #"{"n":7}"#,
            expected: [#"start a {"n":"v7!"}"#]
        ),
        Row(
            rule: "an output becomes an input",
            steps: [step("a"), step("b<a", with: ["input": "${{ steps.a.output.list[1] }}"])],
            states: ["a": #"succeeded {"list":[1,{"k":null}]}"#],
            expected: [#"start b {"input":{"k":null}}"#]
        ),
        Row(
            rule: "names of the run",
            steps: [step("a", with: ["n": "${{ run.namespace }}/${{ run.name }} ${{ run.uid }} ${{ run.workflow }}"])],
            expected: [#"start a {"n":"ns/run-1 u-1 wf"}"#]
        ),
        Row(
            rule: "an input that cannot be expanded fails the step",
            steps: [step("a", with: ["command": ["x", "${{ params.y }}"]])],
            expected: [
                #"fail a ExpressionFailed: with: command[1]: in "${{ params.y }}" at column 8: no such key: y"#,
                "finish failed StepFailed",
            ]
        ),
        Row(
            rule: "a step by a computed name",
            steps: [step("a"), step("b<a", with: ["v": "${{ steps[params.s].output }}"])],
            states: ["a": "succeeded 5"],
            params: #"{"s":"a"}"#,
            expected: [#"start b {"v":5}"#]
        ),
        Row(
            rule: "a condition that does not parse fails its step and nothing else",
            steps: [step("a", when: "1 +"), step("b")],
            states: ["b": "running"],
            expected: ["fail a ExpressionFailed: when: " + syntaxError]
        ),
    ]

    /// What the expression language says of `1 +`; the planner passes it on.
    private static let syntaxError: String = {
        let spec = WorkflowSpec(steps: [step("a", when: "1 +")])
        guard let workflow = try? CompiledWorkflow(revision: "r", spec: spec) else { return "the workflow was refused" }
        let run = RunRecord(
            uid: "",
            namespace: "",
            name: "",
            workflow: "",
            revision: "r",
            createdAt: Timestamp(seconds: 0)
        )
        let actions = RunPlanner.plan(workflow, run: run, steps: [StepRecord(key: StepKey(run: 1, index: 0), id: "a")])
        guard case .fail(_, let failure) = actions.first else { return "the step was not failed" }
        return String(failure.message.dropFirst("when: ".count))
    }()
}
