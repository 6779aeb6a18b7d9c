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
            default: failure = StepFailure(reason: String(parts[1]), message: "given", exitCode: 2)
            }
        }
    }

    static func step(_ text: String, when: String? = nil, with: JSONValue? = nil) -> Step {
        let parts = text.split(separator: "<")
        let dependencies = parts.count == 2 ? parts[1].split(separator: ",").map(String.init) : nil
        return Step(id: String(parts[0]), actor: "exec", with: with, dependsOn: dependencies, when: when)
    }

    @Test("Each state of a run has its planned actions", arguments: rows + expressionRows + stopRows)
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

    @Test(
        "Duplicate ids, unknown dependencies and cycles are refused",
        arguments: [
            ([step("a"), step("a")], "spec.steps[1].id: Duplicate value: \"a\""),
            ([step("a<b")], "spec.steps[0].dependsOn[0]: Not found: \"b\""),
            (
                [step("a<b"), step("b<a")],
                "spec.steps: Invalid value: \"a -> b -> a\": these steps depend on each other"
            ),
            ([step("a<a")], "spec.steps: Invalid value: \"a -> a\": these steps depend on each other"),
        ]
    )
    func refuses(_ steps: [Step], _ message: String) {
        let error = #expect(throws: FieldError.self) {
            try CompiledWorkflow(revision: "r", spec: WorkflowSpec(steps: steps))
        }
        #expect(error?.description == message)
    }
}
