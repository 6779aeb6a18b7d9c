extension Checker {
    /// The type of a call. A receiver may turn out to be the first part of a function's name; that is decided by
    /// whether such a function exists, before the receiver is looked at.
    mutating func call(
        _ node: SyntaxNode,
        _ name: String,
        _ target: SyntaxNode?,
        _ arguments: [SyntaxNode]
    ) -> CELType {
        let name = name.hasPrefix(".") ? String(name.dropFirst()) : name
        let argumentTypes = arguments.map { check($0) }
        guard let target else {
            guard library[name] != nil else { return undeclared(name, node) }
            return resolve(name, argumentTypes, isMember: false, node) ?? .error
        }
        // `sets.contains(…)`: what looks like a receiver may be the first part of the function's name.
        if let prefix = dottedName(target), library[prefix + "." + name] != nil {
            return resolve(prefix + "." + name, argumentTypes, isMember: false, node) ?? .error
        }
        let targetType = check(target)
        guard library[name] != nil else { return undeclared(name, node) }
        return resolve(name, [targetType] + argumentTypes, isMember: true, node) ?? .error
    }

    /// An error for the function, and a type with which checking can go on.
    private mutating func undeclared(_ name: String, _ node: SyntaxNode) -> CELType {
        report(.undeclared, "undeclared reference to '\(name)' (there is no such function)", at: node)
        return .error
    }

    /// The type of a call: that of the signatures that fit the arguments, or `dyn` if they differ in it.
    mutating func resolve(
        _ name: String,
        _ arguments: [CELType],
        isMember: Bool,
        _ node: SyntaxNode
    ) -> CELType? {
        guard let function = library[name] else { return nil }
        var result: CELType?
        var chosen: [Int] = []
        for (index, overload) in function.overloads.enumerated() where overload.isMember == isMember {
            guard overload.parameters.count == arguments.count else { continue }
            var unknowns: [String: CELType] = [:]
            func unknown(_ name: String) -> CELType {
                if let known = unknowns[name] { return known }
                let new = newUnknown()
                unknowns[name] = new
                return new
            }
            let parameters = overload.parameters.map { $0.instantiated(unknown) }
            guard substitution.unify(arguments, parameters) else { continue }
            chosen.append(index)
            let type = substitution.resolve(overload.result.instantiated(unknown))
            if let previous = result {
                if previous != .dyn, type != previous { result = .dyn }
            } else {
                result = type
            }
        }
        guard let result else {
            report(.noMatchingOverload, Self.noOverload(name, arguments.map { final($0) }, isMember), at: node)
            return nil
        }
        if chosen.count == 1 { overloads[node.id] = chosen[0] }
        calls[node.id] = Resolution(
            name: name,
            isMember: isMember,
            overloads: chosen.map { function.overloads[$0] }
        )
        return result
    }

    /// The reference's sentence: what was called with which types.
    private static func noOverload(_ name: String, _ arguments: [CELType], _ isMember: Bool) -> String {
        var signature = ""
        var rest = arguments[...]
        if isMember, let receiver = rest.popFirst() { signature = "\(receiver)." }
        signature += "(" + rest.map(\.description).joined(separator: ", ") + ")"
        return "found no matching overload for '\(name)' applied to '\(signature)'"
    }

    // MARK: Macros

    /// The type of a macro over a list or a map: its variables get the types of the elements, in a scope of their own.
    /// A range of unknown type is taken for `dyn`, so that nothing inside of the macro pins it down by accident.
    mutating func comprehension(_ comprehension: Comprehension, _ node: SyntaxNode) -> CELType {
        let range = substitution.resolve(check(comprehension.range))
        var element: CELType
        var second: CELType?
        switch range {
        case .list(let type):
            element = comprehension.secondVariable == nil ? type : .int
            second = type
        case .map(let key, let value):
            element = key
            second = value
        case .dyn, .error, .variable:
            _ = substitution.unify(.dyn, range)
            element = .dyn
            second = .dyn
        default:
            report(
                .notIterable,
                "expression of type '\(final(range))' cannot be range of a comprehension (must be list, map, or dynamic)",
                at: comprehension.range
            )
            element = .error
            second = .error
        }
        var variables = [(comprehension.variable, element)]
        if let name = comprehension.secondVariable, let second { variables.append((name, second)) }
        return withLocals(variables) { checker in
            checker.body(of: comprehension, range: range, element: element, node)
        }
    }

    /// The type of the macro from that of its body. The cases follow the folds into which the reference expands the
    /// macros, because that decides which error a wrong body is.
    private mutating func body(
        of comprehension: Comprehension,
        range: CELType,
        element: CELType,
        _ node: SyntaxNode
    ) -> CELType {
        if let filter = comprehension.filter { condition(check(filter), node) }
        let body = comprehension.body
        let type = check(body)
        switch comprehension.kind {
        case .all, .exists:
            if !substitution.unify(type, .bool) { mismatch(expected: .bool, found: type, at: body) }
            return .bool
        case .existsOne:
            condition(type, node)
            return .bool
        case .filter:
            condition(type, node)
            return .list(element)
        case .map: return .list(substitution.resolve(type))
        case .transformMap: return .map(element, substitution.resolve(type))
        case .transformMapEntry:
            let entry = CELType.map(newUnknown(), newUnknown())
            if !substitution.unify(type, entry) {
                report(.noMatchingOverload, Self.noOverload("cel.@mapInsert", [final(type)], false), at: node)
                return .error
            }
            return substitution.resolve(entry)
        case .sortBy:
            return resolve("@sortByAssociatedKeys", [range, .list(type)], isMember: true, node) ?? .error
        }
    }

    /// A condition of a macro is the condition of a ternary in the reference, and so are the errors.
    private mutating func condition(_ type: CELType, _ node: SyntaxNode) {
        if substitution.unify(type, .bool) { return }
        report(.noMatchingOverload, Self.noOverload("_?_:_", [final(type)], false), at: node)
    }

    /// `optMap` wraps what the body gives, `optFlatMap` expects an optional from it.
    mutating func optionalMap(
        _ target: SyntaxNode,
        _ variable: String,
        _ body: SyntaxNode,
        _ isFlat: Bool,
        _ node: SyntaxNode
    ) -> CELType {
        let wrapped = newUnknown()
        let type = check(target)
        if !substitution.unify(type, .optional(wrapped)) {
            report(.noMatchingOverload, Self.noOverload("hasValue", [final(type)], true), at: node)
            return .error
        }
        let value = substitution.resolve(wrapped)
        let result = withLocals([(variable, value)]) { $0.check(body) }
        if !isFlat { return .optional(result) }
        let inner = newUnknown()
        if !substitution.unify(result, .optional(inner)) {
            report(.noMatchingOverload, Self.noOverload("_?_:_", [.bool, final(result)], false), at: node)
            return .error
        }
        return substitution.resolve(result)
    }
}
