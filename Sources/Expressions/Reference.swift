/// Something outside of an expression that it reads: a variable and the constant names that follow it.
///
/// `steps.lint.output.errors > 0` refers to `steps.lint.output.errors`; so does `steps['lint'].output.errors`.
public struct Reference: Sendable, Hashable {
    /// The variable's name, then the names selected from it.
    public var path: [String]
    /// The byte of the expression at which the variable stands.
    public var offset: Int
    /// Whether the last name is only tested for (`has(…)`), or selected optionally, so that it may be missing.
    public var isOptional: Bool

    /// The variable's name.
    public var root: String { path[0] }

    /// All references in the order in which they occur, without the variables of macros.
    static func all(in root: SyntaxNode) -> [Reference] {
        var collector = Collector()
        collector.visit(root)
        return collector.found
    }

    private struct Collector {
        var found: [Reference] = []
        var locals: [String] = []

        mutating func visit(_ node: SyntaxNode) {
            if let reference = path(of: node) {
                if !reference.path.isEmpty { found.append(reference) }
                return
            }
            switch node.form {
            case .comprehension(let comprehension):
                visit(comprehension.range)
                let count = locals.count
                locals.append(comprehension.variable)
                if let second = comprehension.secondVariable { locals.append(second) }
                if let filter = comprehension.filter { visit(filter) }
                visit(comprehension.body)
                locals.removeLast(locals.count - count)
            case .optionalMap(let target, let variable, let body, _):
                visit(target)
                locals.append(variable)
                visit(body)
                locals.removeLast()
            case .index(let operand, let index, _):
                visit(operand)
                visit(index)
            case .call(let name, let target?, let arguments):
                // `math.least(a)`: the receiver may be part of the function's name.
                if !Self.isFunction(name, target) { visit(target) }
                for argument in arguments { visit(argument) }
            default:
                var children: [SyntaxNode] = []
                node.form.forEachChild { children.append($0) }
                for child in children { visit(child) }
            }
        }

        private static func isFunction(_ name: String, _ target: SyntaxNode) -> Bool {
            guard case .identifier(let prefix) = target.form else { return false }
            return FunctionLibrary.kubernetes[prefix + "." + name] != nil
        }

        /// The path that a chain of selections spells; an empty one for a macro's variable and for a type's name;
        /// `nil` if the node is something else.
        private func path(of node: SyntaxNode) -> Reference? {
            switch node.form {
            case .identifier(let name):
                if locals.contains(name) { return Reference(path: [], offset: node.offset, isOptional: false) }
                let name = name.hasPrefix(".") ? String(name.dropFirst()) : name
                if CELType.named[name] != nil { return Reference(path: [], offset: node.offset, isOptional: false) }
                return Reference(path: [name], offset: node.offset, isOptional: false)
            case .select(let operand, let field, let isOptional, let testOnly):
                return extended(operand, field, isOptional || testOnly)
            case .index(let operand, let index, let isOptional):
                guard case .literal(.string(let field)) = index.form else { return nil }
                return extended(operand, field, isOptional)
            default:
                return nil
            }
        }

        private func extended(_ operand: SyntaxNode, _ field: String, _ isOptional: Bool) -> Reference? {
            guard var result = path(of: operand) else { return nil }
            // What may be missing ends the path that must be there.
            if result.path.isEmpty || result.isOptional { return result }
            result.path.append(field)
            result.isOptional = isOptional
            return result
        }
    }
}
