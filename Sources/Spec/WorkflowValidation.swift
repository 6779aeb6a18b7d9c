public import APIMachinery
private import Expressions

/// The rules for a Workflow that its schema cannot state: names that must be unique or exist, no cycles,
/// expressions that can be read.
public enum WorkflowValidation {
    /// The actors that steps may name.
    public static let actors = ["exec", "http", "llm", "approval", "workflow", "sleep", "noop"]

    /// Everything that is wrong with the workflow, each fault with its field.
    public static func validate(_ workflow: Workflow) -> [FieldError] {
        validate(workflow.spec, at: FieldPath("spec"))
    }

    /// Everything that is wrong with a specification found at that path.
    public static func validate(_ spec: WorkflowSpec, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        if let pool = spec.pool, !isName(pool) {
            errors.append(.invalid(path.child("pool"), .string(pool), nameRule))
        }
        var parameters: Set<String> = []
        for (index, parameter) in (spec.params ?? []).enumerated() {
            let field = path.child("params").index(index).child("name")
            if !isIdentifier(parameter.name) {
                errors.append(.invalid(field, .string(parameter.name), identifierRule))
            } else if !parameters.insert(parameter.name).inserted {
                errors.append(.duplicate(field, .string(parameter.name)))
            }
            let value = path.child("params").index(index).child("default")
            errors += parameter.default.map { ParameterBinding.depthFaults($0, at: value) } ?? []
        }
        errors += Bounds.priority.faults(spec.priority, at: path.child("priority"))
        if let policy = spec.policy { errors += validate(policy, at: path.child("policy")) }
        if spec.steps.isEmpty {
            errors.append(.required(path.child("steps"), "a workflow has at least one step"))
        }
        errors += validateSteps(spec, parameters: parameters, at: path.child("steps"))
        return errors
    }

    private static func validate(_ policy: RunPolicy, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        errors += Bounds.parallelism.faults(policy.parallelism, at: path.child("parallelism"))
        errors += Bounds.timeoutSeconds.faults(policy.timeoutSeconds, at: path.child("timeoutSeconds"))
        errors += Bounds.tokens.faults(policy.maxTokens.map { Int(clamping: $0) }, at: path.child("maxTokens"))
        errors += Bounds.timeoutSeconds.faults(policy.caching?.ttlSeconds, at: path.child("caching", "ttlSeconds"))
        if let retry = policy.retry { errors += validate(retry, at: path.child("retry")) }
        return errors
    }

    private static func validate(_ retry: RetryPolicy, at path: FieldPath) -> [FieldError] {
        var errors = Bounds.attempts.faults(retry.maxAttempts, at: path.child("maxAttempts"))
        errors += Bounds.intervalSeconds.faults(
            retry.initialIntervalSeconds,
            at: path.child("initialIntervalSeconds")
        )
        errors += Bounds.backoffCoefficient.faults(retry.backoffCoefficient, at: path.child("backoffCoefficient"))
        errors += Bounds.intervalSeconds.faults(retry.maxIntervalSeconds, at: path.child("maxIntervalSeconds"))
        if let limit = retry.maxIntervalSeconds, limit < (retry.initialIntervalSeconds ?? 0) {
            errors.append(
                .invalid(
                    path.child("maxIntervalSeconds"),
                    .double(limit),
                    "must not be less than initialIntervalSeconds (\(JSONWriter.format(retry.initialIntervalSeconds ?? 0)))"
                )
            )
        }
        return errors
    }

    private static func validateSteps(
        _ spec: WorkflowSpec,
        parameters: Set<String>,
        at path: FieldPath
    ) -> [FieldError] {
        var errors: [FieldError] = []
        var ids: Set<String> = []
        for (index, step) in spec.steps.enumerated() {
            let field = path.index(index).child("id")
            if !isStepID(step.id) {
                errors.append(.invalid(field, .string(step.id), stepIDRule))
            } else if !ids.insert(step.id).inserted {
                errors.append(.duplicate(field, .string(step.id)))
            }
        }
        let graph = WorkflowGraph(steps: spec.steps)
        let known = StepNames(ids)
        let declared = ParameterNames(parameters)
        var ancestry = StepAncestry(graph)
        // Errors that are faults only if the step spoken of is not upstream, by their place among all.
        var doubtful: [(place: Int, question: StepAncestry.Question)] = []
        for (index, step) in spec.steps.enumerated() {
            // Nobody reads more, and putting them into words takes longer than finding them.
            guard errors.count - doubtful.count < Status.mostErrors else { break }
            let field = path.index(index)
            errors += validateDependencies(step, known, at: field.child("dependsOn"))
            if !actors.contains(step.actor) {
                errors.append(.notSupported(field.child("actor"), .string(step.actor), actors))
            } else {
                errors += ActorValidation.validate(step, at: field.child("with"))
            }
            errors += Bounds.timeoutSeconds.faults(step.timeoutSeconds, at: field.child("timeoutSeconds"))
            if let retry = step.retry { errors += validate(retry, at: field.child("retry")) }
            let scope = ExpressionScope(
                parameters: declared,
                steps: known,
                graph: graph,
                ancestry: ancestry,
                step: index
            )
            for finding in scope.validate(step, at: field) {
                if let question = finding.unless { doubtful.append((errors.count, question)) }
                errors.append(finding.error)
            }
        }
        if !doubtful.isEmpty {
            let upheld = ancestry.upheld(doubtful.map(\.question))
            let groundless = Set(doubtful.filter { upheld.contains($0.question) }.map(\.place))
            errors = errors.enumerated().filter { !groundless.contains($0.offset) }.map(\.element)
        }
        if let cycle = graph.cycle, let first = cycle.first {
            let names = (cycle + [first]).map { spec.steps[$0].id }.joined(separator: " -> ")
            errors.append(
                .invalid(
                    path.index(first).child("dependsOn"),
                    .array((spec.steps[first].dependsOn ?? []).map { .string($0) }),
                    "circular dependency: \(names)"
                )
            )
        }
        return errors
    }

    private static func validateDependencies(_ step: Step, _ known: StepNames, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<String> = []
        for (index, name) in (step.dependsOn ?? []).enumerated() {
            if !known.ids.contains(name) {
                errors.append(.invalid(path.index(index), .string(name), known.unknown(name)))
            } else if !seen.insert(name).inserted {
                errors.append(.duplicate(path.index(index), .string(name)))
            }
        }
        return errors
    }
}
