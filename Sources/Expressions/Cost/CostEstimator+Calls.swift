/// What calls cost, besides what their arguments do, and how large their results are.
extension CostEstimator {
    /// The costs and sizes of what a call is made with.
    struct Call {
        var node: SyntaxNode
        var target: SyntaxNode?
        var targetSize: SizeEstimate?
        var arguments: [SyntaxNode]
        var sizes: [SizeEstimate]
        var overload: Overload

        /// The size of an argument; unknown for one that is not there.
        func size(_ index: Int) -> SizeEstimate { index < sizes.count ? sizes[index] : .unknown }
    }

    /// A call's own cost, and the size of its result where the function says it.
    struct Work {
        var cost: UInt64
        var size: SizeEstimate?

        static let constant = Work(cost: 1)
    }

    mutating func call(
        _ node: SyntaxNode,
        _ name: String,
        _ target: SyntaxNode?,
        _ arguments: [SyntaxNode]
    ) -> UInt64 {
        guard let resolution = resolution(of: node), !resolution.overloads.isEmpty else { return 0 }
        if resolution.name == "dyn", let argument = arguments.first {
            let inner = cost(argument)
            setSize(node, knownSize(of: argument))
            setEntry(node, entry(of: argument))
            return Cost.add(inner, 1)
        }
        var sum: UInt64 = 0
        var sizes: [SizeEstimate] = []
        for argument in arguments {
            sum = Cost.add(sum, cost(argument))
            sizes.append(size(of: argument))
        }
        // `sets.contains(…)`: what looks like a receiver is the first part of a function's name.
        let receiver = resolution.isMember ? target : nil
        var targetSize: SizeEstimate?
        if let receiver {
            sum = Cost.add(sum, cost(receiver))
            targetSize = size(of: receiver)
        }
        var most: UInt64 = 0
        var result: SizeEstimate?
        for overload in resolution.overloads {
            let call = Call(
                node: node,
                target: receiver,
                targetSize: targetSize,
                arguments: arguments,
                sizes: sizes,
                overload: overload
            )
            let work = libraryWork(resolution.name, call) ?? languageWork(resolution.name, call)
            most = max(most, work.cost)
            if let size = work.size { result = result?.union(size) ?? size }
            result = result ?? knownSize(of: node)
        }
        setSize(node, result)
        return Cost.add(sum, most)
    }

    /// The operators and functions of the language itself.
    private mutating func languageWork(_ name: String, _ call: Call) -> Work {
        let first = call.size(0)
        switch name {
        case "_==_", "_!=_": return comparison(call)
        case "_<_", "_<=_", "_>_", "_>=_":
            switch call.overload.parameters.first {
            case .string, .bytes: return comparison(call)
            default: return .constant
            }
        case "_+_": return addition(call)
        case "@in":
            guard case .list = call.overload.parameters.last else { return .constant }
            return Work(cost: call.size(1).cost(1))
        case "startsWith", "endsWith": return Work(cost: first.cost(Cost.perCharacter))
        case "contains":
            guard let text = call.targetSize else { return .constant }
            return Work(cost: Cost.multiply(text.cost(Cost.perCharacter), first.cost(Cost.perCharacter)))
        case "matches":
            guard let text = call.targetSize else { return .constant }
            return Work(cost: Self.pattern(text, first))
        case "format":
            guard let text = call.targetSize else { return .constant }
            return Work(cost: text.cost(Cost.perCharacter))
        case "bytes":
            guard call.overload.parameters == [.string] else { return .constant }
            let size = SizeEstimate(minimum: first.minimum, maximum: first.maximum &* 4)
            return Work(cost: first.cost(Cost.perCharacter), size: size)
        case "string":
            guard call.overload.parameters == [.bytes] else { return .constant }
            let size = SizeEstimate(minimum: first.minimum / 4, maximum: first.maximum)
            return Work(cost: first.cost(Cost.perCharacter), size: size)
        case "strings.quote":
            let size = SizeEstimate(minimum: first.minimum &+ 2, maximum: first.maximum &* 2 &+ 2)
            return Work(cost: first.cost(Cost.perCharacter), size: size)
        default: return .constant
        }
    }

    private func comparison(_ call: Call) -> Work {
        let smaller = min(call.size(0).maximum, call.size(1).maximum)
        return Work(cost: Cost.multiply(smaller, by: Cost.perCharacter))
    }

    private mutating func addition(_ call: Call) -> Work {
        let isList: Bool
        switch call.overload.parameters.first {
        case .list: isList = true
        case .string, .bytes: isList = false
        default: return .constant
        }
        if call.arguments.count == 2 {
            setEntry(call.node, entry(of: call.arguments[0])?.union(entry(of: call.arguments[1])))
        }
        let size = call.size(0) + call.size(1)
        return Work(cost: isList ? 1 : size.cost(Cost.perCharacter), size: size)
    }

    /// We know how long a pattern is, not how many states it has; four characters are taken for one.
    static func pattern(_ text: SizeEstimate, _ pattern: SizeEstimate) -> UInt64 {
        Cost.multiply((text + .one).cost(Cost.perCharacter), pattern.cost(Cost.perPatternCharacter))
    }
}
