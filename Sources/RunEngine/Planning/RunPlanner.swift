public import Storage

/// What is to be done next in a run.
public enum PlanAction: Sendable, Hashable {
    /// Put the step's first or next attempt into the queue, with this input.
    case start(step: Int, input: [UInt8])
    /// The step will not run.
    case skip(step: Int, StepFailure)
    /// The step cannot run.
    case fail(step: Int, StepFailure)
    /// The run is being stopped: take the step out, and out of the queue.
    case cancel(step: Int)
    /// The run is being stopped: ask the step's runner to stop the job.
    case recall(step: Int)
    /// All is done.
    case finish(RunRecord.Phase, reason: String, message: String)
}

/// Decides what happens next in a run, from the workflow and the states of its steps alone.
///
/// The rules:
/// - A step is considered when all steps it depends on have ended. They satisfy it if each succeeded, or was skipped
///   because its own `when` was false (as in Argo: what follows an optional step still runs).
/// - If one of them failed, was cancelled, or was skipped for such a reason itself, the step is skipped with
///   `DependencyFailed`. A step whose `when` mentions `.phase` or `.error` is exempt: it decides for itself, and so
///   can clean up after a failure.
/// - A `when` that is false skips the step with `ConditionFalse`; one that cannot be evaluated fails it with
///   `ExpressionFailed`, as does an input that cannot be expanded.
/// - Steps that do not depend on a failed one go on. When all have ended, the run has failed if any step has.
/// - At most `parallelism` steps are queued or running; those declared first go first.
/// - An input that no runner could take fails its step with `InputTooLarge`, and nothing else.
/// - A run that is being stopped starts nothing; it ends when the last runner has let go.
public enum RunPlanner {
    public static let dependencyFailed = "DependencyFailed"
    public static let conditionFalse = "ConditionFalse"
    public static let expressionFailed = "ExpressionFailed"
    public static let inputTooLarge = "InputTooLarge"

    /// Bytes of one step's input. Runners must take answers of twice this size.
    public static let maximumInputBytes = 16 << 20
    /// Once the inputs of one plan have this many bytes, it starts no more steps: see ``isPartial(_:)``.
    static let inputBudget = 16 << 20

    /// Whether a plan stopped early because of its inputs' size, so that another is due when it has been carried out.
    /// A large output that goes to many steps would else be in memory once for each of them.
    static func isPartial(_ actions: [PlanAction]) -> Bool {
        var bytes = 0
        for case .start(_, let input) in actions { bytes += input.count }
        return bytes >= inputBudget
    }

    /// The actions that are due now, in the order in which to take them. Nothing is due for a run that has ended.
    public static func plan(_ workflow: CompiledWorkflow, run: RunRecord, steps: [StepRecord]) -> [PlanAction] {
        guard !run.phase.isFinal else { return [] }
        guard steps.count == workflow.steps.count else {
            return [
                .finish(
                    .failed,
                    reason: "RevisionMismatch",
                    message: "the run has \(steps.count) steps, its workflow revision \(workflow.steps.count)"
                )
            ]
        }
        var planning = Planning(workflow: workflow, run: run, steps: steps)
        if run.stop == .none { planning.advance() } else { planning.stop() }
        return planning.actions
    }
}

/// One planning: works on a copy of the steps, so that what is decided for one step is seen by the next.
private struct Planning {
    let workflow: CompiledWorkflow
    let run: RunRecord
    var steps: [StepRecord]
    var actions: [PlanAction] = []
    private var inputBytes = 0
    private var environment: RunEnvironment

    init(workflow: CompiledWorkflow, run: RunRecord, steps: [StepRecord]) {
        self.workflow = workflow
        self.run = run
        self.steps = steps
        environment = RunEnvironment(run: run)
    }

    mutating func advance() {
        var active = steps.count(where: \.phase.hasJob)
        for index in workflow.order where steps[index].phase == .pending {
            let step = workflow.steps[index]
            guard step.dependsOn.allSatisfy({ steps[$0].phase.isFinal }) else { continue }
            switch decide(step) {
            case .skip(let failure):
                steps[index].phase = .skipped
                steps[index].failure = failure
                actions.append(.skip(step: index, failure))
            case .fail(let failure):
                end(index, failure)
            case .run:
                guard active < workflow.parallelism, inputBytes < RunPlanner.inputBudget else { continue }
                do {
                    let template = try step.input.get()
                    let input = try template.constant ?? expand(template, of: step)
                    guard input.count <= RunPlanner.maximumInputBytes else {
                        end(index, Self.tooLarge(input.count))
                        continue
                    }
                    inputBytes += input.count
                    steps[index].phase = .queued
                    active += 1
                    actions.append(.start(step: index, input: input))
                } catch {
                    end(index, StepFailure(reason: RunPlanner.expressionFailed, message: "\(error)"))
                }
            }
        }
        if active > 0 { return }
        if steps.allSatisfy(\.phase.isFinal) {
            finish()
        } else {
            // Cannot happen in a graph without circles; whatever did happen, the run must not wait for ever.
            let stuck = steps.filter { !$0.phase.isFinal }.map(\.id).joined(separator: ", ")
            actions.append(.finish(.failed, reason: "NoProgress", message: "no step can run; waiting: \(stuck)"))
        }
    }

    private static func tooLarge(_ count: Int) -> StepFailure {
        StepFailure(
            reason: RunPlanner.inputTooLarge,
            message: "with: has \(count) bytes when its expressions are expanded; the limit is "
                + "\(RunPlanner.maximumInputBytes). Write large results to files and pass on their names"
        )
    }

    private mutating func expand(_ template: InputTemplate, of step: CompiledStep) throws -> [UInt8] {
        let variables = try environment.variables(for: step, workflow, steps)
        do {
            return try template.expand(variables)
        } catch {
            throw StepExpressionError(path: "with", cause: "\(error)")
        }
    }

    private mutating func end(_ index: Int, _ failure: StepFailure) {
        steps[index].phase = .failed
        steps[index].failure = failure
        actions.append(.fail(step: index, failure))
    }

    private enum Decision {
        case run
        case skip(StepFailure)
        case fail(StepFailure)
    }

    private mutating func decide(_ step: CompiledStep) -> Decision {
        if let culprit = step.dependsOn.first(where: { !satisfies(steps[$0]) }), !step.asksForOutcome {
            let dependency = steps[culprit]
            return .skip(
                StepFailure(
                    reason: RunPlanner.dependencyFailed,
                    message: "step \"\(dependency.id)\" is \(dependency.phase.name)"
                )
            )
        }
        guard let condition = step.condition else { return .run }
        do {
            let condition = try condition.get()
            do {
                if try condition.evaluate(environment.variables(for: step, workflow, steps)) { return .run }
            } catch {
                throw StepExpressionError(path: "when", cause: "\(error)")
            }
            return .skip(StepFailure(reason: RunPlanner.conditionFalse, message: "its condition is false"))
        } catch {
            return .fail(StepFailure(reason: RunPlanner.expressionFailed, message: "\(error)"))
        }
    }

    private func satisfies(_ step: StepRecord) -> Bool {
        step.phase == .succeeded || step.phase == .skipped && step.failure?.reason != RunPlanner.dependencyFailed
    }

    private mutating func finish() {
        if let failed = steps.first(where: { $0.phase == .failed }) {
            let more = steps.count { $0.phase == .failed } - 1
            let others = more == 0 ? "" : " (and \(more) more)"
            let cause = failed.failure.map { "\($0.reason): \($0.message)" } ?? "no reason given"
            actions.append(
                .finish(.failed, reason: "StepFailed", message: "step \"\(failed.id)\"\(others): \(cause)")
            )
        } else if let cancelled = steps.first(where: { $0.phase == .cancelled }) {
            actions.append(
                .finish(.cancelled, reason: "StepCancelled", message: "step \"\(cancelled.id)\" was cancelled")
            )
        } else {
            actions.append(.finish(.succeeded, reason: "", message: ""))
        }
    }

    mutating func stop() {
        for index in steps.indices {
            switch steps[index].phase {
            case .pending, .queued:
                steps[index].phase = .cancelled
                actions.append(.cancel(step: index))
            case .running:
                actions.append(.recall(step: index))
            case .succeeded, .failed, .skipped, .cancelled:
                break
            }
        }
        guard steps.allSatisfy(\.phase.isFinal) else { return }
        switch run.stop {
        case .deadlineExceeded:
            actions.append(.finish(.failed, reason: "DeadlineExceeded", message: run.message))
        case .cancelled, .none:
            actions.append(.finish(.cancelled, reason: "Cancelled", message: run.message))
        }
    }
}
