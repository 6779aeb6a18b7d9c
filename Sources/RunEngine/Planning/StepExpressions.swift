import APIMachinery
import Expressions
import Spec

/// A step's `with`, compiled.
struct InputTemplate: Sendable {
    private let tree: TemplateTree
    /// The input's bytes, where nothing in it depends on the run.
    let constant: [UInt8]?
    var references: [Reference] { tree.references }

    /// Compiles the value; missing, it is an empty object.
    init(_ value: JSONValue?) throws(TemplateError) {
        tree = try TemplateTree(parsing: value ?? [:], declarations: StepExpressions.declarations, checked: true)
        // What reads nothing has the same value whenever it is evaluated; if it fails, it fails in its step.
        if tree.references.isEmpty {
            // As above: then there is no constant.
            constant = try? tree.expand([:] as [String: CELValue], budget: StepExpressions.budget).bytes
        } else {
            constant = nil
        }
    }

    /// The input with every expression replaced by its value.
    ///
    /// - Throws: an error whose description says what is wrong; also for an input that nested outputs have made deeper
    ///   than an object may be.
    func expand(_ variables: [String: CELValue]) throws -> [UInt8] {
        if let constant { return constant }
        let input = try tree.expand(variables, budget: StepExpressions.budget)
        guard !input.isNested(deeperThan: JSONValue.maximumObjectDepth) else { throw InputTooDeep() }
        return input.bytes
    }

    struct InputTooDeep: Error, CustomStringConvertible {
        var description: String {
            "the input is nested more than \(JSONValue.maximumObjectDepth) deep; pass on less of the outputs"
        }
    }
}

/// A step's `when`, compiled.
struct StepCondition: Sendable {
    private let program: Program
    /// Whether the text asks how other steps ended. Then it is evaluated also after failures, because the step is
    /// there to deal with them.
    let asksForOutcome: Bool
    var references: [Reference] { program.references }

    init(_ source: String) throws(ExpressionError) {
        program = try Expression.compile(source, declarations: StepExpressions.declarations)
        asksForOutcome = program.references.contains { reference in
            guard reference.root == "steps" else { return false }
            if reference.path.count >= 3 { return reference.path[2] == "phase" || reference.path[2] == "error" }
            // The step's name is computed, so the text decides.
            return source.contains(".phase") || source.contains(".error")
        }
    }

    /// Whether the step shall run.
    ///
    /// - Throws: an error whose description says why the condition has no value.
    func evaluate(_ variables: [String: CELValue]) throws -> Bool {
        let value = try program.evaluate(variables, budget: StepExpressions.budget)
        guard let result = value.boolValue else {
            throw StepExpressionError(path: program.source, cause: "is a \(value.typeName), not true or false")
        }
        return result
    }
}

enum StepExpressions {
    /// The variables of a step's expressions; what is in them is known only when the run is.
    static let declarations: [String: CELType] = ["params": .dyn, "steps": .dyn, "run": .dyn]
    /// Less than the language's standard: these run while other runs wait.
    static let budget = EvaluationBudget(1_000_000)
}

/// An expression of a step that cannot be compiled or evaluated.
struct StepExpressionError: Error, CustomStringConvertible {
    /// Where in the step the expression stands.
    var path: String
    var cause: String

    var description: String { "\(path): \(cause)" }
}
