extension Expression {
    /// How much evaluating an expression can cost at most, without evaluating it, in Kubernetes' units: a step over
    /// a name costs one, ten characters of text cost one (`cel-go/checker/cost.go`, `k8s.io/apiserver/pkg/cel/library`).
    ///
    /// - Parameters:
    ///   - declarations: The variables and their types, as for `compile`.
    ///   - size: How many elements, members or bytes the value at a path can have: `["self", "names", "@items"]`.
    ///     Elements of lists are `@items`, keys and values of maps `@keys` and `@values`.
    /// - Returns: The cost, `Int.max` where it has no bound; `nil` where the expression cannot be read.
    public static func maximumCost(
        of source: String,
        declarations: [String: CELType] = [:],
        size: (_ path: [String]) -> Int?
    ) -> Int? {
        guard let (root, _) = try? Parser.parse(source) else { return nil }
        let types = Checker.types(of: root, declarations: declarations)
        return withoutActuallyEscaping(size) { size in
            var estimator = CostEstimator(types: types, size: size)
            return estimator.cost(root)
        }
    }
}

/// How large something is, at least and at most.
struct SizeRange {
    var minimum: Int
    var maximum: Int

    static let unknown = SizeRange(minimum: 0, maximum: .max)

    static func exactly(_ size: Int) -> SizeRange { SizeRange(minimum: size, maximum: size) }

    func union(_ other: SizeRange) -> SizeRange {
        SizeRange(minimum: min(minimum, other.minimum), maximum: max(maximum, other.maximum))
    }

    static func + (a: SizeRange, b: SizeRange) -> SizeRange {
        SizeRange(minimum: Cost.add(a.minimum, b.minimum), maximum: Cost.add(a.maximum, b.maximum))
    }

    static func * (a: SizeRange, b: SizeRange) -> SizeRange {
        SizeRange(minimum: Cost.multiply(a.minimum, b.minimum), maximum: Cost.multiply(a.maximum, b.maximum))
    }

    /// What going through that much costs, for each unit of it.
    func cost(_ factor: Double) -> Int { Cost.multiply(maximum, by: factor) }
}

/// Arithmetic that stops at the largest number.
enum Cost {
    static let perCharacter = 0.1
    static let perPatternCharacter = 0.25
    static let list = 10
    static let map = 30

    static func add(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    static func multiply(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : product
    }

    static func multiply(_ a: Int, by factor: Double) -> Int {
        let product = (Double(a) * factor).rounded(.up)
        return product >= 9.2e18 ? .max : Int(product)
    }
}

/// Walks an expression and adds up.
struct CostEstimator {
    private let types: [Int: CELType]
    private let size: ([String]) -> Int?
    /// Macros' variables: where their values come from, as far as that has a path.
    private var locals: [(name: String, path: [String], size: SizeRange?)] = []
    private var paths: [Int: [String]] = [:]
    private var sizes: [Int: SizeRange] = [:]

    init(types: [Int: CELType], size: @escaping ([String]) -> Int?) {
        self.types = types
        self.size = size
    }

    func type(_ node: SyntaxNode) -> CELType { types[node.id] ?? .dyn }

    private func path(_ node: SyntaxNode) -> [String] { paths[node.id] ?? [] }

    /// How large a node's value can be.
    func size(of node: SyntaxNode) -> SizeRange {
        if let known = sizes[node.id] { return known }
        switch node.form {
        case .literal(.string(let text)): return .exactly(text.unicodeScalars.count)
        case .literal(.bytes(let bytes)): return .exactly(bytes.count)
        case .literal: return .exactly(1)
        case .list(let elements): return .exactly(elements.count)
        case .map(let entries): return .exactly(entries.count)
        default: break
        }
        let path = path(node)
        if !path.isEmpty, let most = size(path) { return SizeRange(minimum: 0, maximum: most) }
        if Self.isFixed(type(node)) { return .exactly(1) }
        if case .identifier(let name) = node.form, let local = locals.last(where: { $0.name == name }) {
            return local.size ?? .unknown
        }
        return .unknown
    }

    /// How large an element of a node's value can be.
    func elementSize(of node: SyntaxNode) -> SizeRange {
        let path = path(node)
        guard !path.isEmpty, let most = size(path + ["@items"]) else { return .unknown }
        return SizeRange(minimum: 0, maximum: most)
    }

    private static func isFixed(_ type: CELType) -> Bool {
        switch type {
        case .bool, .double, .duration, .int, .timestamp, .uint: true
        case .optional(let wrapped): isFixed(wrapped)
        default: false
        }
    }

    /// What evaluating a node costs at most.
    mutating func cost(_ node: SyntaxNode) -> Int {
        switch node.form {
        case .literal: return 0
        case .identifier(let name):
            paths[node.id] = locals.last { $0.name == name }?.path ?? [name]
            return 1
        case .select(let operand, let field, _, let testOnly):
            let inner = cost(operand)
            if testOnly { return inner }
            paths[node.id] = path(operand).isEmpty ? nil : path(operand) + [field]
            switch type(operand) {
            case .map, .object: return Cost.add(inner, 1)
            default: return inner
            }
        case .index(let operand, let index, _):
            let inner = Cost.add(cost(operand), cost(index))
            let isList: Bool = if case .list = type(operand) { true } else { false }
            if !path(operand).isEmpty { paths[node.id] = path(operand) + [isList ? "@items" : "@values"] }
            return Cost.add(inner, 1)
        case .and(let terms), .or(let terms): return terms.reduce(0) { Cost.add($0, cost($1)) }
        case .conditional(let condition, let first, let second):
            let test = cost(condition)
            let branch = max(cost(first), cost(second))
            sizes[node.id] = size(of: first).union(size(of: second))
            return Cost.add(test, branch)
        case .call(let name, let target, let arguments): return call(node, name, target, arguments)
        case .list(let elements): return elements.reduce(Cost.list) { Cost.add($0, cost($1.value)) }
        case .map(let entries):
            return entries.reduce(Cost.map) { Cost.add(Cost.add($0, cost($1.key)), cost($1.value)) }
        case .message(_, let values): return values.reduce(40) { Cost.add($0, cost($1)) }
        case .comprehension(let comprehension): return fold(node, comprehension)
        case .optionalMap(let target, let variable, let body, _):
            let inner = cost(target)
            locals.append((variable, path(target), size(of: target)))
            defer { locals.removeLast() }
            return Cost.add(Cost.add(inner, cost(body)), 4)
        }
    }

    /// A macro costs what the loop costs that the reference makes of it.
    private mutating func fold(_ node: SyntaxNode, _ fold: Comprehension) -> Int {
        let range = cost(fold.range)
        let count = size(of: fold.range)
        let source = path(fold.range)
        let isList: Bool = if case .map = type(fold.range) { false } else { true }
        func bind(_ name: String, _ step: String) {
            let inner = source.isEmpty ? [] : source + [step]
            locals.append((name, inner, nil))
        }
        if let second = fold.secondVariable {
            locals.append((fold.variable, [], isList ? .exactly(1) : nil))
            bind(second, isList ? "@items" : "@values")
        } else {
            bind(fold.variable, isList ? "@items" : "@keys")
        }
        let body = cost(fold.body)
        let filter = fold.filter.map { cost($0) } ?? 0
        locals.removeLast(fold.secondVariable == nil ? 1 : 2)

        let step: Int
        var once = 1
        switch fold.kind {
        case .all: step = Cost.add(body, 3)
        case .exists: step = Cost.add(body, 4)
        case .existsOne:
            step = Cost.add(body, 2)
            once = 2
        case .filter:
            step = Cost.add(body, 13)
            once = 11
        case .map:
            step = Cost.add(Cost.add(body, filter), 12)
            once = 11
        case .transformMap, .transformMapEntry:
            step = Cost.add(Cost.add(body, filter), 3)
            once = 31
        case .sortBy:
            step = Cost.add(body, 14)
            once = 12
        }
        switch fold.kind {
        case .filter, .map, .sortBy, .transformMap, .transformMapEntry: sizes[node.id] = count
        case .all, .exists, .existsOne: sizes[node.id] = .exactly(1)
        }
        return Cost.add(Cost.add(range, once), Cost.multiply(count.maximum, step))
    }

    mutating func setSize(_ node: SyntaxNode, _ range: SizeRange) { sizes[node.id] = range }
}
