extension Parser {
    /// A call, or the macro that it is by its name and its number of arguments.
    mutating func call(
        _ name: String,
        target: SyntaxNode?,
        _ arguments: [SyntaxNode],
        at offset: Int
    ) throws(Failure) -> SyntaxNode {
        if let target {
            if let result = try receiverMacro(name, target, arguments, at: offset) { return result }
        } else if name == "has", arguments.count == 1 {
            guard case .select(let operand, let field, false, false) = arguments[0].form else {
                note(.badMacro, "has() takes a field selection such as has(a.b)", at: arguments[0].offset)
                return arguments[0]
            }
            return try node(.select(operand, field: field, optional: false, testOnly: true), at: offset)
        }
        return try node(.call(name, target: target, arguments), at: offset)
    }

    /// The macro that a method call is, or `nil`. A bad argument is noted and the receiver returned instead, so that
    /// parsing can go on.
    private mutating func receiverMacro(
        _ name: String,
        _ target: SyntaxNode,
        _ arguments: [SyntaxNode],
        at offset: Int
    ) throws(Failure) -> SyntaxNode? {
        if name == "optMap" || name == "optFlatMap", arguments.count == 2 {
            guard let variable = variable(arguments[0], of: name) else { return target }
            return try node(
                .optionalMap(target, variable: variable, body: arguments[1], isFlat: name == "optFlatMap"),
                at: offset
            )
        }
        guard let shape = Self.shape(of: name, argumentCount: arguments.count) else { return nil }
        if shape.kind == .sortBy, !Self.canBeSorted(target) {
            note(
                .badMacro,
                "sortBy() is for lists, and for names, calls and selections that give one",
                at: target.offset
            )
            return target
        }
        guard let first = variable(arguments[0], of: name) else { return target }
        var second: String?
        if shape.variables == 2 {
            guard let name = variable(arguments[1], of: name) else { return target }
            if name == first {
                note(.badMacro, "duplicate variable name: \(name)", at: arguments[1].offset)
                return target
            }
            second = name
        }
        let body = arguments[arguments.count - 1]
        let filter = arguments.count > shape.variables + 1 ? arguments[shape.variables] : nil
        let comprehension = Comprehension(
            kind: shape.kind,
            range: target,
            variable: first,
            secondVariable: second,
            filter: filter,
            body: body
        )
        return try node(.comprehension(comprehension), at: offset)
    }

    /// What a macro does and how many variables it has.
    private struct Shape {
        var kind: Comprehension.Kind
        var variables: Int
    }

    /// What macro a method is with that many arguments; with any other number it is an ordinary method.
    private static func shape(of name: String, argumentCount: Int) -> Shape? {
        switch (name, argumentCount) {
        case ("all", 2): Shape(kind: .all, variables: 1)
        case ("exists", 2): Shape(kind: .exists, variables: 1)
        case ("exists_one", 2), ("existsOne", 2): Shape(kind: .existsOne, variables: 1)
        case ("map", 2), ("map", 3): Shape(kind: .map, variables: 1)
        case ("filter", 2): Shape(kind: .filter, variables: 1)
        case ("sortBy", 2): Shape(kind: .sortBy, variables: 1)
        case ("all", 3): Shape(kind: .all, variables: 2)
        case ("exists", 3): Shape(kind: .exists, variables: 2)
        case ("exists_one", 3), ("existsOne", 3): Shape(kind: .existsOne, variables: 2)
        case ("transformList", 3), ("transformList", 4): Shape(kind: .map, variables: 2)
        case ("transformMap", 3), ("transformMap", 4): Shape(kind: .transformMap, variables: 2)
        case ("transformMapEntry", 3), ("transformMapEntry", 4): Shape(kind: .transformMapEntry, variables: 2)
        default: nil
        }
    }

    /// `sortBy` is refused where the receiver can never be a list.
    private static func canBeSorted(_ target: SyntaxNode) -> Bool {
        switch target.form {
        case .literal, .map, .message: false
        default: true
        }
    }

    /// The name that an argument must be.
    private mutating func variable(_ node: SyntaxNode, of macro: String) -> String? {
        guard case .identifier(let name) = node.form, !name.hasPrefix(".") else {
            note(.badMacro, "the variable of \(macro)() must be a simple name", at: node.offset)
            return nil
        }
        if name == "__result__" {
            note(.badMacro, "the variable of \(macro)() may not be called __result__", at: node.offset)
            return nil
        }
        return name
    }
}
