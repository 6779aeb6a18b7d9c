/// What a function does, by its number of arguments. The receiver of a method is the first argument.
enum Implementation: Sendable {
    typealias Nullary = @Sendable () throws(EvaluationFailure) -> CELValue
    typealias Unary = @Sendable (CELValue, inout EvaluationBudget) throws(EvaluationFailure) -> CELValue
    typealias Binary = @Sendable (CELValue, CELValue, inout EvaluationBudget) throws(EvaluationFailure) -> CELValue
    typealias Variadic = @Sendable ([CELValue], inout EvaluationBudget) throws(EvaluationFailure) -> CELValue

    case nullary(Nullary)
    case unary(Unary)
    case binary(Binary)
    case variadic(Variadic)

    /// Whether that number of arguments can be given.
    func takes(_ count: Int) -> Bool {
        switch self {
        case .nullary: count == 0
        case .unary: count == 1
        case .binary: count == 2
        case .variadic: true
        }
    }

    /// Calls the function; with a number of arguments that it does not take that is an error, not a crash.
    func callAsFunction(
        _ arguments: [CELValue],
        _ budget: inout EvaluationBudget
    ) throws(EvaluationFailure) -> CELValue {
        switch self {
        case .nullary(let body) where arguments.isEmpty: return try body()
        case .unary(let body) where arguments.count == 1: return try body(arguments[0], &budget)
        case .binary(let body) where arguments.count == 2: return try body(arguments[0], arguments[1], &budget)
        case .variadic(let body): return try body(arguments, &budget)
        default: throw .noSuchOverload
        }
    }
}

/// One signature of a function.
struct Overload: Sendable {
    var isMember: Bool
    var parameters: [CELType]
    var result: CELType
    /// `nil` if the function has one implementation for all signatures.
    var implementation: Implementation?
    /// Whether the values must fit the signature; otherwise the implementation looks at them itself.
    var isGuarded = true

    /// A signature that is called as a method of its first parameter.
    static func member(_ parameters: [CELType], _ result: CELType, _ body: Implementation? = nil) -> Overload {
        Overload(isMember: true, parameters: parameters, result: result, implementation: body)
    }

    /// A signature that is called as a function.
    static func global(_ parameters: [CELType], _ result: CELType, _ body: Implementation? = nil) -> Overload {
        Overload(isMember: false, parameters: parameters, result: result, implementation: body)
    }

    /// The same without a look at the values before the call.
    var unguarded: Overload {
        var result = self
        result.isGuarded = false
        return result
    }

    /// Whether the values fit the signature.
    func accepts(_ arguments: [CELValue]) -> Bool {
        guard arguments.count == parameters.count else { return false }
        if !isGuarded { return true }
        for (parameter, argument) in zip(parameters, arguments) where !parameter.accepts(argument) { return false }
        return true
    }
}

/// A function or method of the language by its name, with all its signatures.
struct FunctionDeclaration: Sendable {
    var name: String
    var overloads: [Overload]
    /// The implementation that looks at the values itself; otherwise the first signature that fits is called.
    var shared: Implementation?

    init(_ name: String, _ overloads: [Overload], shared: Implementation? = nil) {
        self.name = name
        self.overloads = overloads
        self.shared = shared
    }

    init(_ name: String, _ overloads: Overload...) { self.init(name, overloads) }
}

/// All functions of the language as Kubernetes uses it.
struct FunctionLibrary: Sendable {
    private let functions: [String: FunctionDeclaration]

    init(_ declarations: [FunctionDeclaration]) {
        var functions: [String: FunctionDeclaration] = [:]
        for declaration in declarations {
            // Several libraries add signatures to one name: `indexOf` is there for strings and for lists.
            if let existing = functions[declaration.name] {
                functions[declaration.name] = FunctionDeclaration(
                    declaration.name,
                    existing.overloads + declaration.overloads,
                    shared: existing.shared
                )
            } else {
                functions[declaration.name] = declaration
            }
        }
        self.functions = functions
    }

    subscript(name: String) -> FunctionDeclaration? { functions[name] }

    /// The one library there is: CEL's own functions, the extensions that Kubernetes turns on, and its own.
    static let kubernetes = FunctionLibrary(
        operators + conversions + standard + timeFunctions + stringFunctions + listFunctions + setFunctions
            + regexFunctions + optionalFunctions + quantityFunctions + urlFunctions + networkFunctions
            + semverFunctions + formatFunctions
    )
}
