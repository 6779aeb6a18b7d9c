/// Macros cost what the loops cost that the reference makes of them.
extension CostEstimator {
    /// A loop over a list or a map.
    mutating func fold(_ node: SyntaxNode, _ fold: Comprehension) -> UInt64 {
        if fold.kind == .sortBy { return sort(node, fold) }
        let range = cost(fold.range)
        return Cost.add(range, loop(node, fold, over: fold.range))
    }

    /// The loop without its range. A step of it costs what the body costs, and what the reference wraps around it: the
    /// accumulator, the function that adds to it, and the list of one element that is added.
    private mutating func loop(_ node: SyntaxNode, _ fold: Comprehension, over range: SyntaxNode) -> UInt64 {
        let variables = variables(of: fold, over: range)
        let (step, element) = withLocals(variables) { inner -> (UInt64, SizeEstimate) in
            // The reference costs the condition before what it guards, and sizes in the order of costs.
            let filter = fold.filter.map { inner.cost($0) } ?? 0
            let body = inner.cost(fold.body)
            let step: UInt64 =
                switch fold.kind {
                case .all: Cost.add(body, 3)
                case .exists: Cost.add(body, 4)
                case .existsOne: Cost.add(body, 2)
                case .filter: Cost.add(body, 13)
                case .map, .sortBy: Cost.add(Cost.add(body, filter), 12)
                case .transformMap: Cost.add(Cost.add(body, filter), 3)
                case .transformMapEntry: Cost.add(Cost.add(body, filter), 2)
                }
            // The elements of the result: of a filter those of the range.
            let element =
                fold.kind == .filter
                ? inner.elementSize(variables[0], of: range) : inner.size(of: fold.body)
            return (step, element)
        }
        let count = size(of: range)
        let once: UInt64
        switch fold.kind {
        case .all, .exists:
            once = 1
            setSize(node, .one)
        case .existsOne:
            once = 2
            setSize(node, .one)
        case .map, .filter, .sortBy:
            once = Cost.list + 1
            setSize(node, count)
            setEntry(node, EntryEstimate(isList: true, key: .one, value: element.union(.zero)))
        case .transformMap, .transformMapEntry:
            once = Cost.map + 1
            setSize(node, count)
        }
        return Cost.add(once, Cost.multiply(count.maximum, step))
    }

    /// The macro's variables: elements, or indices and keys, of the range.
    private func variables(of fold: Comprehension, over range: SyntaxNode) -> [Local] {
        let entry = entry(of: range)
        let isList = entry?.isList ?? { if case .list = type(range) { true } else { false } }()
        let path = path(range)
        let keys = (step: isList ? "@indices" : "@keys", size: entry?.key)
        let values = (step: isList ? "@items" : "@values", size: entry?.value)
        let first = fold.secondVariable == nil && isList ? values : keys
        var result = [
            Local(name: fold.variable, path: .extending(path, by: first.step), size: first.size)
        ]
        if let second = fold.secondVariable {
            result.append(Local(name: second, path: .extending(path, by: values.step), size: values.size))
        }
        return result
    }

    /// The size of the variable of a filter, which the filter's result consists of.
    private func elementSize(_ variable: Local, of range: SyntaxNode) -> SizeEstimate {
        let type: CELType =
            switch type(range) {
            case .list(let element): element
            case .map(let key, _): key
            default: .dyn
            }
        return schemaSize(at: variable.path) ?? Self.size(of: type) ?? variable.size ?? .unknown
    }

    /// `target.optMap(v, body)` is `target.hasValue() ? optional.of(body) : optional.none()`, where the body sees the
    /// value, for which the target is evaluated a second time.
    mutating func optionalMap(
        _ node: SyntaxNode,
        _ target: SyntaxNode,
        _ variable: String,
        _ body: SyntaxNode,
        isFlat: Bool
    ) -> UInt64 {
        let targetCost = cost(target)
        var value: SizeEstimate?
        if case .optional(let wrapped) = type(target) { value = Self.size(of: wrapped) }
        let (bodyCost, bodySize) = withLocals([Local(name: variable, path: nil, size: value)]) { inner in
            (inner.cost(body), inner.size(of: body))
        }
        let none = Self.size(of: type(node)) ?? .unknown
        setSize(node, (isFlat ? bodySize : none).union(none))
        // The body is bound by a loop over an empty list, and `value()`, `hasValue()` and `of()` are calls.
        let calls: UInt64 = isFlat ? 2 : 3
        return Cost.add(Cost.add(Cost.multiply(targetCost, 2), bodyCost), Cost.list + calls)
    }

    /// `list.sortBy(x, key)` binds the list to a variable, maps it to its keys and sorts by them.
    private mutating func sort(_ node: SyntaxNode, _ fold: Comprehension) -> UInt64 {
        let range = cost(fold.range)
        let keys = Cost.add(1, loop(node, fold, over: fold.range))
        let count = size(of: fold.range)
        let squared = count * count
        let factor =
            (resolution(of: node)?.overloads ?? []).map { Self.comparisonFactor($0.parameters.last) }.max() ?? 2
        setSize(node, squared)
        clearEntry(node)
        let sorting = Cost.add(squared.cost(factor), Cost.list + 1)
        return [range, Cost.list, keys, 1, sorting].reduce(0, Cost.add)
    }

    /// What comparing two elements of a list costs.
    static func comparisonFactor(_ list: CELType?) -> Double {
        switch list {
        case .list(.string), .list(.bytes): 2 + Cost.perCharacter
        default: 2
        }
    }
}
