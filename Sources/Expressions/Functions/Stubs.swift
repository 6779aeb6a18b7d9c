extension FunctionLibrary {
    static let quantityFunctions: [FunctionDeclaration] = []
    static let urlFunctions: [FunctionDeclaration] = []
    static let networkFunctions: [FunctionDeclaration] = []
    static let semverFunctions: [FunctionDeclaration] = []
    static let formatFunctions: [FunctionDeclaration] = []
}
struct CELQuantity: Sendable { var text = ""; func order(to: CELQuantity) -> Int { 0 } }
struct CELURL: Sendable { var text = "" }
struct IPAddress: Sendable, Equatable { var text = "" }
struct IPNetwork: Sendable, Equatable { var text = "" }
struct SemanticVersion: Sendable { var text = ""; func order(to: SemanticVersion) -> Int { 0 } }
struct NamedFormat: Sendable { var name = "" }
