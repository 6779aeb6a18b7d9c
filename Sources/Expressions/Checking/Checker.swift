/// Finds the type of every part of an expression, and what cannot be well typed.
struct Checker {
    /// Something that cannot be well typed. All are collected; the one that stands first in the text is reported.
    struct Problem {
        var code: ExpressionError.Code
        var message: String
        var offset: Int
    }

    let declarations: [String: CELType]
    let library = FunctionLibrary.kubernetes
    var substitution = TypeSubstitution()
    /// The types found, by the nodes' ids.
    var types: [Int: CELType] = [:]
    /// The signature of each call for which exactly one fits.
    var overloads: [Int: Int] = [:]
    /// All signatures that fit, of each call.
    var calls: [Int: Resolution] = [:]
    var problems: [Problem] = []
    private var locals: [(name: String, type: CELType)] = []
    private var unknownCount = 0

    /// The expression's type and the signatures chosen.
    ///
    /// - Throws: The problem that stands first in the text.
    static func check(
        _ root: SyntaxNode,
        source: String,
        declarations: [String: CELType]
    ) throws(ExpressionError) -> (type: CELType, overloads: [Int: Int]) {
        var checker = Checker(declarations: declarations)
        let type = checker.check(root)
        // What the literals say is looked at only in expressions that are well typed otherwise.
        if checker.problems.isEmpty { checker.validateLiterals(root) }
        if let first = checker.problems.min(by: { $0.offset < $1.offset }) {
            throw ExpressionError(
                phase: .check,
                code: first.code,
                message: first.message,
                source: source,
                offset: first.offset
            )
        }
        return (checker.final(type), checker.overloads)
    }

    /// The function that a call means, and those of its signatures that fit the types of the arguments.
    struct Resolution {
        var name: String
        var isMember: Bool
        var overloads: [Overload]
    }

    /// What is known of the parts of an expression before it is evaluated, by the nodes' ids.
    struct Facts {
        var types: [Int: CELType]
        var calls: [Int: Resolution]
    }

    /// The types and functions of all parts of an expression, as far as it is well typed.
    static func facts(about root: SyntaxNode, declarations: [String: CELType]) -> Facts {
        var checker = Checker(declarations: declarations)
        _ = checker.check(root)
        return Facts(types: checker.types.mapValues { checker.final($0) }, calls: checker.calls)
    }

    private init(declarations: [String: CELType]) { self.declarations = declarations }

    mutating func report(_ code: ExpressionError.Code, _ message: String, at node: SyntaxNode) {
        problems.append(Problem(code: code, message: message, offset: node.offset))
    }

    /// A type that is not known yet: that of the elements of an empty list, or a parameter of a signature.
    mutating func newUnknown() -> CELType {
        defer { unknownCount += 1 }
        return .variable(unknownCount)
    }

    /// A type as it is in the end, with `dyn` for what remained unknown.
    func final(_ type: CELType) -> CELType { substitution.resolve(type, unknownsToDyn: true) }

    /// The final type of a node that has been checked.
    func finalType(of node: SyntaxNode) -> CELType { final(types[node.id] ?? .dyn) }

    /// Finds and remembers the type of a node and of everything below it.
    mutating func check(_ node: SyntaxNode) -> CELType {
        let type = type(of: node)
        types[node.id] = type
        return type
    }

    private mutating func type(of node: SyntaxNode) -> CELType {
        switch node.form {
        case .literal(let value): return Self.type(of: value)
        case .identifier(let name): return identifier(name, node)
        case .select(let operand, let field, let isOptional, let testOnly):
            if !testOnly, !isOptional, let name = dottedName(node) {
                if let type = declarations[name] { return type }
                if let type = CELType.named[name] { return .type(type) }
            }
            let type = select(operand, field, isOptional, node)
            return testOnly ? .bool : type
        case .index(let operand, let index, let isOptional):
            let arguments = [check(operand), check(index)]
            return resolve(isOptional ? "_[?_]" : "_[_]", arguments, isMember: false, node) ?? .error
        case .and(let terms), .or(let terms):
            var isWrong = false
            for term in terms {
                let type = check(term)
                if substitution.unify(type, .bool) { continue }
                mismatch(expected: .bool, found: type, at: term)
                isWrong = true
            }
            return isWrong ? .error : .bool
        case .conditional(let condition, let first, let second):
            let arguments = [check(condition), check(first), check(second)]
            return resolve("_?_:_", arguments, isMember: false, node) ?? .error
        case .call(let name, let target, let arguments): return call(node, name, target, arguments)
        case .list(let elements): return list(elements)
        case .map(let entries): return map(entries)
        case .message(let name, let values):
            report(.undeclared, "undeclared reference to '\(name)' (there is no such type)", at: node)
            for value in values { _ = check(value) }
            return .error
        case .comprehension(let comprehension): return self.comprehension(comprehension, node)
        case .optionalMap(let target, let variable, let body, let isFlat):
            return optionalMap(target, variable, body, isFlat, node)
        }
    }

    /// The type of a literal.
    private static func type(of value: CELValue) -> CELType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        default: .dyn
        }
    }

    // MARK: Names and fields

    private func local(_ name: String) -> CELType? { locals.last { $0.name == name }?.type }

    /// The type of a name: the innermost macro's variable, a declared variable, or else a type that is named.
    private mutating func identifier(_ name: String, _ node: SyntaxNode) -> CELType {
        if let type = local(name) { return type }
        let name = name.hasPrefix(".") ? String(name.dropFirst()) : name
        if let type = declarations[name] { return type }
        if let type = CELType.named[name] { return .type(type) }
        report(.undeclared, "undeclared reference to '\(name)'", at: node)
        return .error
    }

    /// The name that a chain of selections spells, unless it begins at a macro's variable.
    func dottedName(_ node: SyntaxNode) -> String? {
        switch node.form {
        case .identifier(let name):
            if local(name) != nil { return nil }
            return name.hasPrefix(".") ? String(name.dropFirst()) : name
        case .select(let operand, let field, false, false):
            return dottedName(operand).map { $0 + "." + field }
        default:
            return nil
        }
    }

    /// The type of a field: of maps that of all their values, of objects that of the field if they have it. What is
    /// selected from an optional is optional; nothing else has fields.
    private mutating func select(
        _ operand: SyntaxNode,
        _ field: String,
        _ isOptional: Bool,
        _ node: SyntaxNode
    ) -> CELType {
        var target = substitution.resolve(check(operand))
        var isOptional = isOptional
        if case .optional(let wrapped) = target {
            target = wrapped
            isOptional = true
        }
        let result: CELType
        switch target {
        case .map(_, let value): result = value
        case .object(let object):
            if let type = object.type(of: field) {
                result = type
            } else {
                report(.undefinedField, "undefined field '\(field)'", at: node)
                result = .error
            }
        case .variable:
            _ = substitution.unify(.dyn, target)
            result = .dyn
        case .dyn, .error: result = .dyn
        default:
            report(.undefinedField, "type '\(final(target))' does not support field selection", at: node)
            result = .dyn
        }
        return substitution.resolve(isOptional ? .optional(result) : result)
    }

    // MARK: Lists and maps

    /// The reference's sentence about a type where another one is expected.
    mutating func mismatch(expected: CELType, found: CELType, at node: SyntaxNode) {
        report(.typeMismatch, "expected type '\(final(expected))' but found '\(final(found))'", at: node)
    }

    /// The type of several elements together: the most general one that they fit, or `dyn`.
    private mutating func join(_ previous: CELType?, _ current: CELType) -> CELType {
        guard let previous else { return current }
        return substitution.unify(previous, current) ? CELType.moreGeneral(previous, current) : .dyn
    }

    /// The type of an element marked with `?`, without the optional around it.
    private mutating func unwrapped(_ type: CELType, _ node: SyntaxNode) -> CELType {
        if case .optional(let wrapped) = substitution.resolve(type) { return wrapped }
        if type != .dyn { mismatch(expected: .optional(type), found: type, at: node) }
        return type
    }

    private mutating func list(_ elements: [SyntaxNode.Element]) -> CELType {
        var type: CELType?
        for element in elements {
            var elementType = check(element.value)
            if element.isOptional { elementType = unwrapped(elementType, element.value) }
            type = join(type, elementType)
        }
        return .list(type ?? newUnknown())
    }

    private mutating func map(_ entries: [SyntaxNode.Entry]) -> CELType {
        var keyType: CELType?
        var valueType: CELType?
        for entry in entries {
            keyType = join(keyType, check(entry.key))
            var type = check(entry.value)
            if entry.isOptional { type = unwrapped(type, entry.value) }
            valueType = join(valueType, type)
        }
        return .map(keyType ?? newUnknown(), valueType ?? newUnknown())
    }

    // MARK: Scopes

    /// Runs the body with variables that exist only inside of it and hide outer ones of the same name.
    mutating func withLocals<Result>(
        _ names: [(String, CELType)],
        _ body: (inout Checker) -> Result
    ) -> Result {
        let count = locals.count
        for (name, type) in names { locals.append((name, type)) }
        defer { locals.removeLast(locals.count - count) }
        return body(&self)
    }
}
