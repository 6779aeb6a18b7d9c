/// What calls cost, besides what their arguments do.
extension CostEstimator {
    mutating func call(_ node: SyntaxNode, _ name: String, _ target: SyntaxNode?, _ arguments: [SyntaxNode]) -> Int {
        var sum = 0
        for argument in arguments { sum = Cost.add(sum, cost(argument)) }
        // `sets.contains(…)`: what looks like a receiver is the first part of a function's name.
        let receiver = target.flatMap { isNamespace($0, name) ? nil : $0 }
        if let receiver { sum = Cost.add(sum, cost(receiver)) }
        return Cost.add(sum, work(node, name, receiver, arguments))
    }

    private func isNamespace(_ node: SyntaxNode, _ function: String) -> Bool {
        guard case .identifier(let name) = node.form else { return false }
        return FunctionLibrary.kubernetes["\(name).\(function)"] != nil
    }

    private mutating func work(
        _ node: SyntaxNode,
        _ name: String,
        _ target: SyntaxNode?,
        _ arguments: [SyntaxNode]
    ) -> Int {
        let targetSize = target.map { size(of: $0) }
        let first = arguments.first.map { size(of: $0) } ?? .unknown
        switch name {
        case "_==_", "_!=_": return comparison(arguments)
        case "_<_", "_<=_", "_>_", "_>=_":
            switch arguments.first.map({ type($0) }) {
            case .string, .bytes, .dyn: return comparison(arguments)
            default: return 1
            }
        case "_+_": return addition(node, arguments)
        case "@in":
            guard arguments.count == 2, case .list = type(arguments[1]) else { return 1 }
            return size(of: arguments[1]).maximum
        case "startsWith", "endsWith": return first.cost(Cost.perCharacter)
        case "contains":
            guard let targetSize else { return 1 }
            return Cost.multiply(targetSize.cost(Cost.perCharacter), first.cost(Cost.perCharacter))
        case "matches":
            guard let targetSize else { return 1 }
            return pattern(targetSize, first)
        case "find", "findAll":
            guard let targetSize else { return 1 }
            setSize(node, SizeRange(minimum: 0, maximum: targetSize.maximum))
            return pattern(targetSize, first)
        case "bytes":
            setSize(node, SizeRange(minimum: first.minimum, maximum: Cost.multiply(first.maximum, 4)))
            return first.cost(Cost.perCharacter)
        case "string":
            guard arguments.first.map({ type($0) }) == .bytes else { return 1 }
            setSize(node, SizeRange(minimum: first.minimum / 4, maximum: first.maximum))
            return first.cost(Cost.perCharacter)
        case "format": return (targetSize ?? .unknown).cost(Cost.perCharacter)
        case "isSorted", "sum", "max", "min", "indexOf", "lastIndexOf", "includes": return traversal(target)
        case "url", "jsonpatch.escapeKey":
            setSize(node, first)
            return first.cost(Cost.perCharacter)
        case "lowerAscii", "upperAscii", "substring", "trim":
            guard let targetSize else { return 1 }
            setSize(node, targetSize)
            return targetSize.cost(Cost.perCharacter)
        case "replace":
            guard let targetSize, arguments.count >= 2 else { return 1 }
            setSize(node, Self.replaced(targetSize, first, size(of: arguments[1])))
            return targetSize.cost(2 * Cost.perCharacter)
        case "split":
            guard let targetSize else { return 1 }
            var most = targetSize.maximum
            if arguments.count > 1, case .literal(.int(let limit)) = arguments[1].form { most = Int(max(0, limit)) }
            setSize(node, SizeRange(minimum: 0, maximum: most))
            return targetSize.cost(2 * Cost.perCharacter)
        case "join": return join(node, target, arguments.isEmpty ? nil : first)
        case "cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver":
            return first.cost(Cost.perCharacter)
        case "ip": return target == nil ? first.cost(Cost.perCharacter) : 1
        case "isCanonical", "ip.isCanonical": return first.cost(2 * Cost.perCharacter)
        case "containsIP":
            let isText = arguments.first.map { type($0) } == .string
            return Cost.add(4, isText ? first.cost(Cost.perCharacter) : 0)
        case "containsCIDR":
            let isText = arguments.first.map { type($0) } == .string
            return Cost.add(7, isText ? first.cost(Cost.perCharacter) : 0)
        case "validate":
            return Cost.multiply(first.cost(Cost.perCharacter), by: 128 * Cost.perPatternCharacter)
        default: return 1
        }
    }

    private func comparison(_ arguments: [SyntaxNode]) -> Int {
        let smaller = arguments.map { size(of: $0).maximum }.min() ?? .max
        return Cost.multiply(smaller, by: Cost.perCharacter)
    }

    private mutating func addition(_ node: SyntaxNode, _ arguments: [SyntaxNode]) -> Int {
        guard arguments.count == 2 else { return 1 }
        let result = size(of: arguments[0]) + size(of: arguments[1])
        switch type(node) {
        case .list:
            setSize(node, result)
            return 1
        case .string, .bytes, .dyn:
            setSize(node, result)
            return result.cost(Cost.perCharacter)
        default: return 1
        }
    }

    /// We know how long a pattern is, not how many states it has; four characters are taken for one.
    private func pattern(_ text: SizeRange, _ pattern: SizeRange) -> Int {
        Cost.multiply(
            (text + .exactly(1)).cost(Cost.perCharacter),
            pattern.cost(Cost.perPatternCharacter)
        )
    }

    /// Looking at every element of a list, or at every character of a text.
    private func traversal(_ target: SyntaxNode?) -> Int {
        guard let target else { return 1 }
        guard case .list(let element) = type(target) else { return size(of: target).cost(Cost.perCharacter) }
        var each = 1
        if element == .string || element == .bytes {
            each = Cost.add(each, elementSize(of: target).cost(Cost.perCharacter))
        }
        return Cost.multiply(size(of: target).maximum, each)
    }

    private mutating func join(_ node: SyntaxNode, _ target: SyntaxNode?, _ separator: SizeRange?) -> Int {
        guard let target else { return 1 }
        let count = size(of: target)
        var result = count * elementSize(of: target)
        if let separator {
            let gaps = SizeRange(minimum: max(0, count.minimum - 1), maximum: max(0, count.maximum - 1))
            result = result + separator * gaps
        }
        setSize(node, result)
        return result.cost(Cost.perCharacter)
    }

    private static func replaced(_ text: SizeRange, _ old: SizeRange, _ new: SizeRange) -> SizeRange {
        var count = SizeRange.exactly(0)
        var kept = SizeRange.exactly(0)
        if old.minimum == 0 {
            // Nothing is replaced everywhere between the characters.
            count.maximum = Cost.add(text.maximum, 1)
            kept.maximum = text.maximum
        } else if new.maximum <= old.minimum {
            kept.maximum = text.maximum
        } else {
            count.maximum = Cost.multiply(text.maximum, by: 1 / Double(old.minimum))
        }
        if old.maximum == 0 {
            count.minimum = Cost.add(text.minimum, 1)
            kept.minimum = text.minimum
        } else if old.maximum <= new.minimum {
            kept.minimum = text.minimum
        } else {
            count.minimum = Cost.multiply(text.minimum, by: 1 / Double(old.maximum))
        }
        return count * new + kept
    }
}
