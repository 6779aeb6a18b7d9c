/// An expression as it is evaluated: names resolved to slots, functions to their implementations, constants folded.
///
/// The numbers that the cases carry last are byte offsets into the source, for errors.
indirect enum Plan: Sendable {
    case constant(CELValue)
    /// A variable of the caller, or else the type of that name.
    case variable(String, type: CELValue?, Int)
    /// A macro's variable, by its slot.
    case local(Int)
    case select(Plan, String, isOptional: Bool, Int)
    case test(Plan, String, Int)
    case index(Plan, Plan, isOptional: Bool, Int)
    case and([Plan], Int)
    case or([Plan], Int)
    case not(Plan, Int)
    case negate(Plan, Int)
    case conditional(Plan, Plan, Plan, Int)
    case equal(Plan, Plan, isNegated: Bool, Int)
    case compare(Comparison, Plan, Plan, Int)
    case arithmetic(Arithmetic, Plan, Plan, Int)
    case membership(Plan, Plan, Int)
    case call(Callee, [Plan], Int)
    /// `matches`, `find` … with a pattern that is known and compiled already.
    case regex(RegularExpression, RegexFunction, Plan, limit: Plan?, Int)
    case list([Element], Int)
    case map([Entry], Int)
    case fold(Fold, Int)
    case optionalMap(Plan, slot: Int, body: Plan, isFlat: Bool, Int)
    /// `or` and `orValue`, whose argument is evaluated only if it is needed.
    case optionalOr(Plan, Plan, isValue: Bool, Int)

    enum Comparison: Sendable { case less, lessOrEqual, greater, greaterOrEqual }

    /// The functions whose pattern is usually a literal.
    enum RegexFunction: Sendable { case matches, find, findAll }

    /// An element of a list literal; one marked with `?` must be an optional and is left out if it is empty.
    struct Element: Sendable {
        var value: Plan
        var isOptional: Bool
    }

    /// An entry of a map literal, with the same mark.
    struct Entry: Sendable {
        var key: Plan
        var value: Plan
        var isOptional: Bool
    }

    /// A macro over a list or a map, with the slots of its variables.
    struct Fold: Sendable {
        var kind: Comprehension.Kind
        var range: Plan
        var slot: Int
        var secondSlot: Int?
        var filter: Plan?
        var body: Plan
    }

    /// What a call calls.
    enum Callee: Sendable {
        case one(String, Overload)
        case firstFitting(String, [Overload])
        case shared(String, Implementation)
        /// There is no such function, which is reported after its arguments have been evaluated.
        case missing(String)
    }
}

/// Where an evaluation finds the values of variables.
public protocol Activation: Sendable {
    /// The variable of that name, if there is one.
    func value(for name: String) -> CELValue?
}

extension Dictionary: Activation where Key == String, Value == CELValue {
    public func value(for name: String) -> CELValue? { self[name] }
}

/// The state of one evaluation.
struct EvaluationContext {
    let variables: any Activation
    /// The variables of macros, by slot.
    var locals: [CELValue]
    var budget: EvaluationBudget
}
