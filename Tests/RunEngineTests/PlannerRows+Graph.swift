import APIMachinery
import RunEngine
import Spec
import Storage

/// Rules about order, ends, failures and parallelism.
extension RunPlannerTests {
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
            rule: "a parallelism of zero is unlimited",
            steps: [step("a"), step("b")],
            policy: RunPolicy(parallelism: 0),
            expected: ["start a {}", "start b {}"]
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
}
