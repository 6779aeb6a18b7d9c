import APIMachinery
import Expressions
public import Spec

/// A revision of a workflow, ready to be planned: names resolved, expressions compiled. Made once for a revision.
public struct CompiledWorkflow: Sendable {
    /// The specification's hash.
    public let revision: String
    public let spec: WorkflowSpec
    let steps: [CompiledStep]
    /// The steps' indices, each after those it depends on.
    let order: [Int]
    let parallelism: Int

    /// Compiles a specification.
    ///
    /// An expression that does not compile is not an error here: its step fails with the message. A run of an old
    /// revision must end whatever is wrong with the revision.
    ///
    /// - Throws: `FieldError` for duplicate ids, unknown dependencies and cycles: what makes it no graph at all.
    public init(revision: String, spec: WorkflowSpec) throws {
        let path = FieldPath("spec").child("steps")
        let graph = WorkflowGraph(steps: spec.steps)
        for (index, step) in spec.steps.enumerated() {
            guard graph.position(of: step.id) == index else {
                throw FieldError.duplicate(path.index(index).child("id"), .string(step.id))
            }
            for (position, name) in (step.dependsOn ?? []).enumerated() where graph.position(of: name) == nil {
                throw FieldError.notFound(path.index(index).child("dependsOn").index(position), .string(name))
            }
        }
        if let cycle = graph.cycle {
            let names = (cycle + cycle.prefix(1)).map { spec.steps[$0].id }.joined(separator: " -> ")
            throw FieldError.invalid(path, .string(names), "these steps depend on each other")
        }
        self.revision = revision
        self.spec = spec
        parallelism = spec.policy?.parallelism.map { $0 > 0 ? $0 : .max } ?? .max
        // One list for all steps that may speak of any other.
        let all = Array(graph.ids.indices)
        steps = zip(spec.steps, graph.dependencies).map { step, dependencies in
            CompiledStep(step, dependsOn: dependencies, policy: spec.policy, graph: graph, all: all)
        }
        order = graph.topologicalOrder
    }

    /// The step at that place; `nil` if the revision has none there, as one that is lost.
    func step(at index: Int) -> CompiledStep? { steps.indices.contains(index) ? steps[index] : nil }

    /// Stands for a revision that is not stored any more, or cannot be read.
    static func lost(_ revision: String) -> CompiledWorkflow { CompiledWorkflow(lost: revision) }

    private init(lost revision: String) {
        self.revision = revision
        spec = WorkflowSpec(steps: [])
        steps = []
        order = []
        parallelism = .max
    }
}

/// One step, ready to be planned.
struct CompiledStep: Sendable {
    let id: String
    let actor: String
    let dependsOn: [Int]
    let condition: Result<StepCondition, StepExpressionError>?
    let input: Result<InputTemplate, StepExpressionError>
    let retry: RetrySettings
    let timeoutSeconds: Int?
    /// The steps that the expressions may speak of; only their outputs are parsed.
    let references: [Int]

    init(_ step: Step, dependsOn: [Int], policy: RunPolicy?, graph: WorkflowGraph, all: [Int]) {
        id = step.id
        actor = step.actor
        self.dependsOn = dependsOn
        retry = RetrySettings(step.retry ?? policy?.retry)
        timeoutSeconds = step.timeoutSeconds
        condition = step.when.map { source in
            Result { try StepCondition(source) }.mapError { StepExpressionError(path: "when", cause: "\($0)") }
        }
        input = Result { try InputTemplate(step.with) }
            .mapError { StepExpressionError(path: "with", cause: "\($0)") }
        // An expression that cannot be read reads nothing; its step fails with the error.
        let read = ((try? condition?.get().references) ?? []) + ((try? input.get().references) ?? [])
        references = Self.steps(in: read, graph, all)
    }

    private static func steps(in references: [Reference], _ graph: WorkflowGraph, _ all: [Int]) -> [Int] {
        var indices: Set<Int> = []
        for reference in references where reference.root == "steps" {
            // `steps[…]` with a computed name may be any of them.
            guard reference.path.count > 1 else { return all }
            if let index = graph.position(of: reference.path[1]) { indices.insert(index) }
        }
        return indices.sorted()
    }

    /// Whether the step decides for itself what to do after failures.
    // An expression that cannot be read asks for nothing; its step fails with the error.
    var asksForOutcome: Bool { (try? condition?.get().asksForOutcome) ?? false }
}
