/// How much work one evaluation may do, so that no expression can hold up the process that evaluates it.
///
/// The unit is roughly one operation on a small value. Operations on large values (concatenation, comparison,
/// regular expressions) are charged by size, and before they allocate, so the budget bounds memory too.
public struct EvaluationBudget: Sendable {
    /// What is left; below zero when exhausted.
    public private(set) var remaining: Int

    /// A budget of that many operations.
    public init(_ limit: Int) { remaining = limit }

    /// Ten million operations: about a second in the worst case, and far more than an expression over an
    /// ordinary object needs. Kubernetes allows as much for all rules of one object.
    public static let standard = EvaluationBudget(10_000_000)

    /// Without a limit, for comparisons outside of evaluations.
    static let unlimited = EvaluationBudget(.max)

    /// Takes some of the budget.
    @inline(__always)
    mutating func charge(_ cost: Int) throws(EvaluationFailure) {
        remaining &-= cost
        if remaining < 0 { throw Self.exhausted }
    }

    /// Charges work that touches that many bytes or elements ten times as cheaply as operations.
    @inline(__always)
    mutating func charge(size: Int) throws(EvaluationFailure) {
        try charge(1 &+ size / 10)
    }

    private static let exhausted = EvaluationFailure(
        .budgetExceeded,
        "the evaluation took more steps than it is allowed to; simplify the expression or its input"
    )
}
