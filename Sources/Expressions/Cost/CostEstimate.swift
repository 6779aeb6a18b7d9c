extension Expression {
    /// An upper bound of what evaluating an expression costs, without evaluating it, in Kubernetes' units: a step over
    /// a name costs one, ten characters of text cost one.
    ///
    /// Follows `cel-go/checker/cost.go` (0.26) and `k8s.io/apiserver/pkg/cel/library/cost.go` (1.36) in everything that
    /// decides whether a CustomResourceDefinition is accepted, including what they get wrong.
    ///
    /// - Parameters:
    ///   - declarations: The variables and their types, as for `compile`.
    ///   - size: How many elements, members or bytes the value at a path can have: `["self", "names", "@items"]`.
    ///     Elements of lists are `@items`, keys and values of maps `@keys` and `@values`. The first step is not
    ///     always a variable: where the way to a value is unknown, the path begins in the middle.
    /// - Returns: The cost, `Int.max` where it has no bound; `nil` where the expression cannot be read.
    public static func maximumCost(
        of source: String,
        declarations: [String: CELType] = [:],
        size: (_ path: [String]) -> Int?
    ) -> Int? {
        // What cannot be parsed has no cost; its own error is reported where it is compiled.
        guard let (root, _) = try? Parser.parse(source) else { return nil }
        let facts = Checker.facts(about: root, declarations: declarations)
        return withoutActuallyEscaping(size) { size in
            var estimator = CostEstimator(facts: facts, size: size)
            return Int(clamping: estimator.cost(root))
        }
    }
}

/// Walks an expression once, adding up costs and remembering the sizes of what it has passed.
struct CostEstimator {
    private let facts: Checker.Facts
    private let size: ([String]) -> Int?
    private var locals: [Local] = []
    private var paths: [Int: CostPath] = [:]
    private var sizes: [Int: SizeEstimate] = [:]
    private var entries: [Int: EntryEstimate] = [:]

    /// A variable of a macro.
    struct Local {
        var name: String
        var path: CostPath?
        var size: SizeEstimate?
        var entry: EntryEstimate?
    }

    init(facts: Checker.Facts, size: @escaping ([String]) -> Int?) {
        self.facts = facts
        self.size = size
    }

    // MARK: What is known of a node

    func type(_ node: SyntaxNode) -> CELType { facts.types[node.id] ?? .dyn }

    /// The function and the signatures that a call can mean.
    func resolution(of node: SyntaxNode) -> Checker.Resolution? { facts.calls[node.id] }

    private func local(_ node: SyntaxNode) -> Local? {
        guard case .identifier(let name) = node.form else { return nil }
        return locals.last { $0.name == name }
    }

    func path(_ node: SyntaxNode) -> CostPath? {
        if let local = local(node) { return local.path }
        return paths[node.id]
    }

    /// What the schema says about the value at a path.
    func schemaSize(at path: CostPath?) -> SizeEstimate? {
        guard let path, let most = size(Array(path.steps)) else { return nil }
        return .upTo(UInt64(clamping: most))
    }

    /// The size of a node's value, if anything bounds it.
    mutating func knownSize(of node: SyntaxNode) -> SizeEstimate? {
        if let known = sizes[node.id] { return known }
        switch node.form {
        case .literal(.string(let text)): return .exactly(text.unicodeScalars.count)
        case .literal(.bytes(let bytes)): return .exactly(bytes.count)
        case .literal: return .one
        case .list(let elements): return .exactly(elements.count)
        case .map(let entries): return .exactly(entries.count)
        default: break
        }
        if let size = schemaSize(at: path(node)) {
            sizes[node.id] = size
            return size
        }
        return Self.size(of: type(node)) ?? local(node)?.size
    }

    mutating func size(of node: SyntaxNode) -> SizeEstimate { knownSize(of: node) ?? .unknown }

    /// The sizes of the entries of a node's value, if it was made in the expression.
    func entry(of node: SyntaxNode) -> EntryEstimate? { entries[node.id] ?? local(node)?.entry }

    mutating func setSize(_ node: SyntaxNode, _ size: SizeEstimate?) {
        if let size { sizes[node.id] = size }
    }

    mutating func setEntry(_ node: SyntaxNode, _ entry: EntryEstimate?) {
        if let entry { entries[node.id] = entry }
    }

    mutating func clearEntry(_ node: SyntaxNode) { entries[node.id] = nil }

    mutating func setPath(_ node: SyntaxNode, _ path: CostPath?) { paths[node.id] = path }

    /// Types whose values are all of one size.
    static func size(of type: CELType) -> SizeEstimate? {
        switch type {
        case .bool, .double, .duration, .int, .timestamp, .uint: .one
        case .optional(let wrapped): size(of: wrapped)
        default: nil
        }
    }

    /// Runs the body with variables of a macro.
    mutating func withLocals<Result>(_ added: [Local], _ body: (inout CostEstimator) -> Result) -> Result {
        let count = locals.count
        locals += added
        defer { locals.removeLast(locals.count - count) }
        return body(&self)
    }

    // MARK: Costs

    /// What evaluating a node costs at most.
    mutating func cost(_ node: SyntaxNode) -> UInt64 {
        switch node.form {
        case .literal: return 0
        case .identifier(let name):
            setPath(node, local(node).map(\.path) ?? CostPath(name))
            return 1
        case .select(let operand, let field, let isOptional, let testOnly):
            return selection(node, operand, field, isOptional: isOptional, testOnly: testOnly)
        case .index(let operand, let index, let isOptional):
            return indexing(node, operand, index, isOptional: isOptional)
        case .and(let terms), .or(let terms): return terms.reduce(0) { Cost.add($0, cost($1)) }
        case .conditional(let condition, let first, let second):
            return conditional(node, condition, first, second)
        case .call(let name, let target, let arguments): return call(node, name, target, arguments)
        case .list(let elements): return list(node, elements.map(\.value))
        case .map(let entries): return map(node, entries)
        case .message(_, let values): return values.reduce(Cost.message) { Cost.add($0, cost($1)) }
        case .comprehension(let comprehension): return fold(node, comprehension)
        case .optionalMap(let target, let variable, let body, let isFlat):
            return optionalMap(node, target, variable, body, isFlat: isFlat)
        }
    }

    private mutating func selection(
        _ node: SyntaxNode,
        _ operand: SyntaxNode,
        _ field: String,
        isOptional: Bool,
        testOnly: Bool
    ) -> UInt64 {
        let inner = cost(operand)
        // Kubernetes turned the cost of a test for presence off. An optional selection is a call, which has no path.
        if testOnly { return inner }
        if isOptional { return Cost.add(inner, 1) }
        setPath(node, .extending(path(operand), by: field))
        switch type(operand) {
        case .map, .object: return Cost.add(inner, 1)
        default: return inner
        }
    }

    private mutating func indexing(
        _ node: SyntaxNode,
        _ operand: SyntaxNode,
        _ index: SyntaxNode,
        isOptional: Bool
    ) -> UInt64 {
        let inner = cost(operand)
        // The schema is asked at once, as it is for every argument.
        _ = knownSize(of: operand)
        let all = Cost.add(Cost.add(inner, cost(index)), 1)
        _ = knownSize(of: index)
        var result: SizeEstimate?
        for overload in resolution(of: node)?.overloads ?? [] where !isOptional {
            switch overload.parameters.first {
            case .list:
                result = entry(of: operand)?.value
                setPath(node, .extending(path(operand), by: "@items"))
            case .map:
                result = entry(of: operand)?.value
                setPath(node, .extending(path(operand), by: "@values"))
            default: break
            }
            result = result ?? knownSize(of: node)
        }
        setSize(node, result ?? knownSize(of: node))
        return all
    }

    private mutating func conditional(
        _ node: SyntaxNode,
        _ condition: SyntaxNode,
        _ first: SyntaxNode,
        _ second: SyntaxNode
    ) -> UInt64 {
        let test = cost(condition)
        let firstCost = cost(first)
        let firstSize = size(of: first)
        let secondCost = cost(second)
        setSize(node, firstSize.union(size(of: second)))
        setEntry(node, entry(of: first)?.union(entry(of: second)))
        return Cost.add(test, max(firstCost, secondCost))
    }

    private mutating func list(_ node: SyntaxNode, _ elements: [SyntaxNode]) -> UInt64 {
        var sum = Cost.list
        var values: SizeEstimate?
        for element in elements {
            sum = Cost.add(sum, cost(element))
            let size = size(of: element)
            values = values?.union(size) ?? size
        }
        setEntry(node, EntryEstimate(isList: true, key: .one, value: values ?? .zero))
        return sum
    }

    private mutating func map(_ node: SyntaxNode, _ entries: [SyntaxNode.Entry]) -> UInt64 {
        var sum = Cost.map
        var keys: SizeEstimate?
        var values: SizeEstimate?
        for entry in entries {
            sum = Cost.add(Cost.add(sum, cost(entry.key)), cost(entry.value))
            let (key, value) = (size(of: entry.key), size(of: entry.value))
            keys = keys?.union(key) ?? key
            values = values?.union(value) ?? value
        }
        setEntry(node, EntryEstimate(isList: false, key: keys ?? .zero, value: values ?? .zero))
        return sum
    }
}
