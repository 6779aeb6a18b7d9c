/// One node of a parsed expression, after macros have been recognised.
final class SyntaxNode: Sendable {
    /// Counts the nodes of an expression; the checker keeps types by it.
    let id: Int
    /// The byte of the source to which errors about this node point: its operator, or its start.
    let offset: Int
    /// How many levels of nodes there are from here down. Bounded, because everything that follows recurses.
    let depth: Int
    let form: Form

    init(id: Int, offset: Int, form: Form) {
        self.id = id
        self.offset = offset
        self.form = form
        var deepest = 0
        form.forEachChild { deepest = max(deepest, $0.depth) }
        depth = deepest + 1
    }

    /// What kind of node it is, with its parts.
    enum Form: Sendable {
        case literal(CELValue)
        /// A name; with a leading dot it never means a macro's variable.
        case identifier(String)
        /// `a.b`; `a.?b` if optional; `has(a.b)` if it only tests for presence.
        case select(SyntaxNode, field: String, optional: Bool, testOnly: Bool)
        case index(SyntaxNode, SyntaxNode, optional: Bool)
        case and([SyntaxNode])
        case or([SyntaxNode])
        case conditional(SyntaxNode, SyntaxNode, SyntaxNode)
        /// Functions and the remaining operators, which have names such as `_+_`.
        case call(String, target: SyntaxNode?, [SyntaxNode])
        case list([Element])
        case map([Entry])
        /// `pkg.Type{field: value}`. Kubernetes has no such types, so this is never well typed.
        case message(String, [SyntaxNode])
        case comprehension(Comprehension)
        /// `target.optMap(variable, body)`, or `optFlatMap`.
        case optionalMap(SyntaxNode, variable: String, body: SyntaxNode, isFlat: Bool)

        func forEachChild(_ visit: (SyntaxNode) -> Void) {
            switch self {
            case .literal, .identifier: break
            case .select(let operand, _, _, _): visit(operand)
            case .index(let operand, let index, _):
                visit(operand)
                visit(index)
            case .and(let terms), .or(let terms): terms.forEach(visit)
            case .conditional(let condition, let first, let second):
                visit(condition)
                visit(first)
                visit(second)
            case .call(_, let target, let arguments):
                if let target { visit(target) }
                arguments.forEach(visit)
            case .list(let elements): for element in elements { visit(element.value) }
            case .map(let entries):
                for entry in entries {
                    visit(entry.key)
                    visit(entry.value)
                }
            case .message(_, let values): values.forEach(visit)
            case .comprehension(let comprehension):
                visit(comprehension.range)
                if let filter = comprehension.filter { visit(filter) }
                visit(comprehension.body)
            case .optionalMap(let target, _, let body, _):
                visit(target)
                visit(body)
            }
        }
    }

    /// An element of a list literal, perhaps marked with `?`.
    struct Element: Sendable {
        var value: SyntaxNode
        var isOptional: Bool
    }

    /// An entry of a map literal, perhaps marked with `?`.
    struct Entry: Sendable {
        var key: SyntaxNode
        var value: SyntaxNode
        var isOptional: Bool
    }
}

/// A macro that runs over a list or a map. The reference expands these into one general fold; kept whole, they
/// are faster and their errors speak of what was written.
struct Comprehension: Sendable {
    /// What the macro makes of its elements.
    enum Kind: Sendable {
        case all
        case exists
        case existsOne
        /// `map` and `transformList`.
        case map
        case filter
        case transformMap
        case transformMapEntry
        /// `sortBy`, whose body gives the key to sort by.
        case sortBy
    }

    var kind: Kind
    var range: SyntaxNode
    /// The element or the key; of two variables the index or the key.
    var variable: String
    /// The element or the value, in macros with two variables.
    var secondVariable: String?
    /// The condition of `map`, `transformList` … with one more argument.
    var filter: SyntaxNode?
    var body: SyntaxNode
}
