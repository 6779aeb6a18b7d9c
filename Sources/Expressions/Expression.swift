/// Entry to the language: compiles expressions.
public enum Expression {
    /// Reads an expression and checks its types, unless that is switched off.
    ///
    /// - Parameters:
    ///   - source: The text, such as `size(steps.lint.output) > 0`.
    ///   - declarations: The variables and their types. `dyn` is anything, as for values from JSON.
    ///   - checked: Whether to refuse undeclared names and operations on the wrong types now. Without the check
    ///     they are errors only when they are evaluated.
    /// - Throws: An error of phase `parse` or `check`.
    public static func compile(
        _ source: String,
        declarations: [String: CELType] = [:],
        checked: Bool = true
    ) throws(ExpressionError) -> Program {
        let (root, _) = try Parser.parse(source)
        var overloads: [Int: Int] = [:]
        var resultType = CELType.dyn
        if checked {
            let result = try Checker.check(root, source: source, declarations: declarations)
            overloads = result.overloads
            resultType = result.type
        }
        return Program(source: source, root: root, overloads: overloads, resultType: resultType)
    }
}

/// A compiled expression. It is immutable and can be evaluated any number of times, from several threads at once.
public struct Program: Sendable {
    /// The expression as it was written.
    public let source: String
    /// The type of the expression's value, as far as the checker knows it; `dyn` without the check.
    public let resultType: CELType
    /// What the expression reads: each variable with the longest path of constant names that follows it.
    public let references: [Reference]
    private let plan: Result<Plan, EvaluationFailure>
    private let slotCount: Int

    init(source: String, root: SyntaxNode, overloads: [Int: Int], resultType: CELType) {
        self.source = source
        self.resultType = resultType
        references = Reference.all(in: root)
        var planner = Planner(library: .kubernetes, overloads: overloads)
        // A call that can never be made is an error of the evaluation, also where it is never reached.
        plan = Result { () throws(EvaluationFailure) in try planner.plan(root) }
        slotCount = planner.slotCount
    }

    /// The value of the expression for these variables.
    ///
    /// - Parameters:
    ///   - variables: The values; a dictionary, or something that makes them up on demand.
    ///   - budget: How much work may be done before the evaluation is given up.
    /// - Throws: An error of phase `eval`.
    public func evaluate(
        _ variables: some Activation = [:] as [String: CELValue],
        budget: EvaluationBudget = .standard
    ) throws(ExpressionError) -> CELValue {
        var budget = budget
        return try evaluate(variables, spending: &budget)
    }

    /// The value of the expression, taking its cost from a budget that several expressions share.
    public func evaluate(
        _ variables: some Activation,
        spending budget: inout EvaluationBudget
    ) throws(ExpressionError) -> CELValue {
        var context = EvaluationContext(
            variables: variables,
            locals: slotCount == 0 ? [] : Array(repeating: .null, count: slotCount),
            budget: budget
        )
        defer { budget = context.budget }
        do throws(EvaluationFailure) {
            return try plan.get().evaluate(&context)
        } catch {
            throw ExpressionError(
                phase: .eval,
                code: error.code,
                message: error.message,
                source: source,
                offset: max(0, error.offset)
            )
        }
    }
}
