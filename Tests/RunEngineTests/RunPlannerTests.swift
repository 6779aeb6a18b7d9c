import APIMachinery
import RunEngine
import Spec
import Storage
import Testing

/// The rules of `RunPlanner`, one row each. Steps are written `id<dependencies`, states `id:phase`, actions as words.
@Suite("Run planner")
struct RunPlannerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var rule: String
        var steps: [Step]
        var states: [String: Given] = [:]
        var policy: RunPolicy?
        var params = "{}"
        var stop = RunRecord.Stop.none
        var phase = RunRecord.Phase.running
        var expected: [String]

        var testDescription: String { rule }
    }

    struct Given: Sendable, ExpressibleByStringLiteral {
        var phase: StepRecord.Phase
        var output = ""
        var failure: StepFailure?

        init(_ phase: StepRecord.Phase, output: String = "", failure: StepFailure? = nil) {
            self.phase = phase
            self.output = output
            self.failure = failure
        }

        init(stringLiteral value: String) {
            let parts = value.split(separator: " ", maxSplits: 1)
            let phases: [Substring: StepRecord.Phase] = [
                "pending": .pending, "queued": .queued, "running": .running, "succeeded": .succeeded,
                "failed": .failed, "skipped": .skipped, "cancelled": .cancelled,
            ]
            self.init(phases[parts[0]] ?? .pending)
            guard parts.count == 2 else { return }
            switch phase {
            case .succeeded: output = String(parts[1])
            default: failure = StepFailure(reason: String(parts[1]), message: "told", exitCode: 2)
            }
        }
    }

    static func step(_ text: String, when: String? = nil, with: JSONValue? = nil) -> Step {
        let parts = text.split(separator: "<")
        let dependencies = parts.count == 2 ? parts[1].split(separator: ",").map(String.init) : nil
        return Step(id: String(parts[0]), actor: "exec", with: with, dependsOn: dependencies, when: when)
    }

    @Test("Decides", arguments: rows + expressionRows + stopRows)
    func decides(_ row: Row) throws {
        let workflow = try CompiledWorkflow(
            revision: "r",
            spec: WorkflowSpec(policy: row.policy, steps: row.steps)
        )
        var run = RunRecord(
            uid: "u-1",
            namespace: "ns",
            name: "run-1",
            workflow: "wf",
            revision: "r",
            params: Array(row.params.utf8),
            createdAt: Timestamp(seconds: 0)
        )
        run.id = 1
        run.phase = row.phase
        run.stop = row.stop
        let steps = row.steps.enumerated().map { index, step in
            var record = StepRecord(key: StepKey(run: 1, index: index), id: step.id)
            let given = row.states[step.id] ?? "pending"
            record.phase = given.phase
            record.output = Array(given.output.utf8)
            record.failure = given.failure
            return record
        }
        let actions = RunPlanner.plan(workflow, run: run, steps: steps).map { Self.describe($0, row.steps) }
        #expect(actions == row.expected)
        // Deciding is a pure function.
        #expect(RunPlanner.plan(workflow, run: run, steps: steps).map { Self.describe($0, row.steps) } == actions)
    }

    private static func describe(_ action: PlanAction, _ steps: [Step]) -> String {
        switch action {
        case .start(let step, let input): "start \(steps[step].id) \(String(decoding: input, as: UTF8.self))"
        case .skip(let step, let failure): "skip \(steps[step].id) \(failure.reason)"
        case .fail(let step, let failure): "fail \(steps[step].id) \(failure.reason): \(failure.message)"
        case .cancel(let step): "cancel \(steps[step].id)"
        case .recall(let step): "recall \(steps[step].id)"
        case .finish(let phase, let reason, _): reason.isEmpty ? "finish \(phase)" : "finish \(phase) \(reason)"
        }
    }

    static let rows: [Row] = [
        // Order and readiness.
        Row(rule: "a single step starts", steps: [step("a")], expected: ["start a {}"]),
        Row(
            rule: "steps without dependencies start together",
            steps: [step("a"), step("b")],
            expected: ["start a {}", "start b {}"]
        ),
        Row(rule: "a step waits for its dependency", steps: [step("a"), step("b<a")], expected: ["start a {}"]),
        Row(
            rule: "a step declared before its dependency waits too",
            steps: [step("b<a"), step("a")],
            expected: ["start a {}"]
        ),
        Row(
            rule: "nothing to do while a job is out",
            steps: [step("a"), step("b<a")],
            states: ["a": "running"],
            expected: []
        ),
        Row(rule: "a queued job is out too", steps: [step("a")], states: ["a": "queued"], expected: []),
        Row(
            rule: "a step starts when its dependency has succeeded",
            steps: [step("a"), step("b<a")],
            states: ["a": "succeeded"],
            expected: ["start b {}"]
        ),
        Row(
            rule: "a join waits for all",
            steps: [step("a"), step("b"), step("c<a,b")],
            states: ["a": "succeeded", "b": "running"],
            expected: []
        ),
        Row(
            rule: "a join starts after all",
            steps: [step("a"), step("b"), step("c<a,b")],
            states: ["a": "succeeded", "b": "succeeded"],
            expected: ["start c {}"]
        ),
        Row(
            rule: "a diamond goes on with the half that is ready",
            steps: [step("a"), step("b<a"), step("c<a"), step("d<b,c")],
            states: ["a": "succeeded", "b": "running"],
            expected: ["start c {}"]
        ),
        Row(
            rule: "a dependency named twice counts once",
            steps: [step("a"), step("b<a,a")],
            states: ["a": "succeeded"],
            expected: ["start b {}"]
        ),
        // Ends.
        Row(
            rule: "all succeeded",
            steps: [step("a"), step("b")],
            states: ["a": "succeeded", "b": "succeeded"],
            expected: ["finish succeeded"]
        ),
        Row(
            rule: "succeeded and skipped is success",
            steps: [step("a"), step("b")],
            states: ["a": "succeeded", "b": "skipped ConditionFalse"],
            expected: ["finish succeeded"]
        ),
        Row(
            rule: "everything skipped is success",
            steps: [step("a")],
            states: ["a": "skipped ConditionFalse"],
            expected: ["finish succeeded"]
        ),
        Row(
            rule: "one failure fails the run",
            steps: [step("a"), step("b")],
            states: ["a": "succeeded", "b": "failed Boom"],
            expected: ["finish failed StepFailed"]
        ),
        Row(
            rule: "a cancelled step cancels the run",
            steps: [step("a")],
            states: ["a": "cancelled"],
            expected: ["finish cancelled StepCancelled"]
        ),
        Row(
            rule: "failure outweighs cancellation",
            steps: [step("a"), step("b")],
            states: ["a": "cancelled", "b": "failed Boom"],
            expected: ["finish failed StepFailed"]
        ),
        Row(rule: "no steps at all is success", steps: [], expected: ["finish succeeded"]),
        Row(rule: "a run that has ended stays as it is", steps: [step("a")], phase: .succeeded, expected: []),
        Row(rule: "a failed run stays as it is", steps: [step("a")], phase: .failed, expected: []),
        // Failures of dependencies.
        Row(
            rule: "what depends on a failure is skipped",
            steps: [step("a"), step("b<a")],
            states: ["a": "failed Boom"],
            expected: ["skip b DependencyFailed", "finish failed StepFailed"]
        ),
        Row(
            rule: "and what depends on that too",
            steps: [step("a"), step("b<a"), step("c<b")],
            states: ["a": "failed Boom"],
            expected: ["skip b DependencyFailed", "skip c DependencyFailed", "finish failed StepFailed"]
        ),
        Row(
            rule: "independent steps go on",
            steps: [step("a"), step("b<a"), step("c")],
            states: ["a": "failed Boom"],
            expected: ["start c {}", "skip b DependencyFailed"]
        ),
        Row(
            rule: "a join with one failure is skipped",
            steps: [step("a"), step("b"), step("c<a,b")],
            states: ["a": "succeeded", "b": "failed Boom"],
            expected: ["skip c DependencyFailed", "finish failed StepFailed"]
        ),
        Row(
            rule: "a join waits although one has failed",
            steps: [step("a"), step("b"), step("c<a,b")],
            states: ["a": "running", "b": "failed Boom"],
            expected: []
        ),
        Row(
            rule: "what depends on a cancelled step is skipped",
            steps: [step("a"), step("b<a")],
            states: ["a": "cancelled"],
            expected: ["skip b DependencyFailed", "finish cancelled StepCancelled"]
        ),
        Row(
            rule: "what depends on an optional step that was skipped runs",
            steps: [step("a"), step("b<a")],
            states: ["a": "skipped ConditionFalse"],
            expected: ["start b {}"]
        ),
        // Parallelism.
        Row(
            rule: "no more than the bound start",
            steps: [step("a"), step("b"), step("c")],
            policy: RunPolicy(parallelism: 2),
            expected: ["start a {}", "start b {}"]
        ),
        Row(
            rule: "those that are out count",
            steps: [step("a"), step("b"), step("c")],
            states: ["b": "running"],
            policy: RunPolicy(parallelism: 2),
            expected: ["start a {}"]
        ),
        Row(
            rule: "a waiting retry counts",
            steps: [step("a"), step("b")],
            states: ["a": "queued"],
            policy: RunPolicy(parallelism: 1),
            expected: []
        ),
        Row(
            rule: "skipping needs no room",
            steps: [step("a"), step("b", when: "false"), step("c")],
            states: ["a": "running"],
            policy: RunPolicy(parallelism: 1),
            expected: ["skip b ConditionFalse"]
        ),
        Row(
            rule: "a bound of zero is none",
            steps: [step("a"), step("b")],
            policy: RunPolicy(parallelism: 0),
            expected: ["start a {}", "start b {}"]
        ),
    ]

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

    static let stopRows: [Row] = [
        Row(
            rule: "a stopped run takes out what waits",
            steps: [step("a"), step("b"), step("c<a")],
            states: ["a": "running", "b": "queued"],
            stop: .cancelled,
            expected: ["recall a", "cancel b", "cancel c"]
        ),
        Row(
            rule: "and ends when nothing runs",
            steps: [step("a"), step("b")],
            states: ["a": "succeeded", "b": "queued"],
            stop: .cancelled,
            expected: ["cancel b", "finish cancelled Cancelled"]
        ),
        Row(
            rule: "a deadline makes it failed",
            steps: [step("a")],
            states: ["a": "queued"],
            stop: .deadlineExceeded,
            expected: ["cancel a", "finish failed DeadlineExceeded"]
        ),
        Row(
            rule: "stopping starts nothing",
            steps: [step("a"), step("b<a")],
            states: ["a": "succeeded"],
            stop: .cancelled,
            expected: ["cancel b", "finish cancelled Cancelled"]
        ),
        Row(
            rule: "a stopped run whose steps are done ends",
            steps: [step("a")],
            states: ["a": "succeeded"],
            stop: .cancelled,
            expected: ["finish cancelled Cancelled"]
        ),
    ]

    /// What the expression language says of `1 +`; the planner passes it on.
    private static let syntaxError: String = {
        do {
            _ = try CompiledWorkflow(revision: "r", spec: WorkflowSpec(steps: [step("a", when: "1 +")]))
        } catch {}
        return RunPlannerTests.messageOfBrokenCondition()
    }()

    private static func messageOfBrokenCondition() -> String {
        guard
            let workflow = try? CompiledWorkflow(
                revision: "r",
                spec: WorkflowSpec(steps: [step("a", when: "1 +")])
            )
        else { return "the workflow was refused" }
        var run = RunRecord(
            uid: "",
            namespace: "",
            name: "",
            workflow: "",
            revision: "r",
            createdAt: Timestamp(seconds: 0)
        )
        run.phase = .running
        let actions = RunPlanner.plan(workflow, run: run, steps: [StepRecord(key: StepKey(run: 1, index: 0), id: "a")])
        guard case .fail(_, let failure) = actions.first else { return "the step was not failed" }
        return String(failure.message.dropFirst("when: ".count))
    }

    @Test(
        "A workflow that is no graph is refused",
        arguments: [
            ([step("a"), step("a")], "spec.steps[1].id: Duplicate value: \"a\""),
            ([step("a<b")], "spec.steps[0].dependsOn[0]: Not found: \"b\""),
            (
                [step("a<b"), step("b<a")],
                "spec.steps: Invalid value: \"a -> b -> a\": these steps depend on each other in a circle"
            ),
            ([step("a<a")], "spec.steps: Invalid value: \"a -> a\": these steps depend on each other in a circle"),
        ]
    )
    func refuses(_ steps: [Step], _ message: String) {
        let error = #expect(throws: FieldError.self) {
            try CompiledWorkflow(revision: "r", spec: WorkflowSpec(steps: steps))
        }
        #expect(error?.description == message)
    }
}

@Suite("Retry")
struct RetrySettingsTests {
    @Test(
        "Waits grow, are bounded, and are spread",
        arguments: [
            (1, 0.0, 1.0), (2, 0.0, 2.0), (3, 0.0, 4.0), (7, 0.0, 60.0), (5000, 0.0, 60.0), (1, 0.5, 1.125),
            (3, 1.0, 5.0),
        ]
    )
    func delay(attempt: Int, random: Double, expected: Double) {
        #expect(RetrySettings(RetryPolicy()).delay(afterAttempt: attempt, random: random) == expected)
    }

    @Test(
        "Retries only what may succeed",
        arguments: [
            (1, "Boom", true, 3, true), (2, "Boom", true, 3, true), (3, "Boom", true, 3, false),
            (1, "Boom", false, 3, false), (1, "Final", true, 3, false), (1, "Boom", true, 1, false),
        ]
    )
    func decision(attempt: Int, reason: String, retryable: Bool, maximum: Int, expected: Bool) {
        let settings = RetrySettings(RetryPolicy(maxAttempts: maximum, nonRetryableReasons: ["Final"]))
        let next = settings.nextAttempt(
            afterAttempt: attempt,
            reason: reason,
            retryable: retryable,
            now: Timestamp(seconds: 100),
            random: 0
        )
        #expect((next != nil) == expected)
        if attempt == 2, expected { #expect(next == Timestamp(seconds: 102)) }
    }

    @Test("Nonsense is bounded")
    func nonsense() {
        let settings = RetrySettings(
            RetryPolicy(maxAttempts: -1, initialIntervalSeconds: -5, backoffCoefficient: 0, maxIntervalSeconds: -1)
        )
        #expect(settings.maxAttempts == 1)
        #expect(settings.delay(afterAttempt: 9, random: 1) == 0)
    }
}
