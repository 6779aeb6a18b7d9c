extension FunctionLibrary {
    static let quantityFunctions: [FunctionDeclaration] = []
    static let urlFunctions: [FunctionDeclaration] = []
    static let networkFunctions: [FunctionDeclaration] = []
    static let semverFunctions: [FunctionDeclaration] = []
    static let formatFunctions: [FunctionDeclaration] = []
    static let regexFunctions: [FunctionDeclaration] = []
}
struct CELQuantity: Sendable { var text = ""; func order(to: CELQuantity) -> Int { 0 } }
struct CELURL: Sendable { var text = "" }
struct IPAddress: Sendable, Equatable { var text = "" }
struct IPNetwork: Sendable, Equatable { var text = "" }
struct SemanticVersion: Sendable { var text = ""; func order(to: SemanticVersion) -> Int { 0 } }
struct NamedFormat: Sendable { var name = "" }
public struct RegularExpression: Sendable { public init(_ p: String) throws { throw EvaluationFailure.noSuchOverload } }
enum RegexFunctions {
    static func apply(
        _ e: RegularExpression,
        _ f: Plan.RegexFunction,
        _ v: CELValue,
        _ l: CELValue?,
        _ b: inout EvaluationBudget
    ) throws(EvaluationFailure) -> CELValue { throw .noSuchOverload }
}
struct Checker {
    static func check(_ root: SyntaxNode, source: String, declarations: [String: CELType]) throws(ExpressionError) -> (
        type: CELType, overloads: [Int: Int]
    ) { (.dyn, [:]) }
}
