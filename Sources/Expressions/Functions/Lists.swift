extension FunctionLibrary {
    private static let t = CELType.parameter("T")
    private static let comparable: [CELType] = [
        .int, .uint, .double, .bool, .duration, .timestamp, .string, .bytes,
    ]
    private static let sums: [(CELType, CELValue)] = [
        (.int, .int(0)), (.uint, .uint(0)), (.double, .double(0)), (.duration, .duration(nanoseconds: 0)),
    ]

    /// Kubernetes' list functions and those of the extension library, version 3.
    static let listFunctions: [FunctionDeclaration] = [
        FunctionDeclaration("isSorted", comparable.map { .member([.list($0)], .bool, .unary(Lists.isSorted)) }),
        FunctionDeclaration("sum", sums.map { .member([.list($0.0)], $0.0, .unary(Lists.sum(from: $0.1))) }),
        FunctionDeclaration("min", comparable.map { .member([.list($0)], $0, .unary(Lists.extreme("min", 1))) }),
        FunctionDeclaration("max", comparable.map { .member([.list($0)], $0, .unary(Lists.extreme("max", -1))) }),
        FunctionDeclaration("indexOf", .member([.list(t), t], .int, .binary(Lists.indexOf))),
        FunctionDeclaration("lastIndexOf", .member([.list(t), t], .int, .binary(Lists.lastIndexOf))),
        FunctionDeclaration("slice", .member([.list(t), .int, .int], .list(t), .variadic(Lists.slice))),
        FunctionDeclaration(
            "flatten",
            .member([.list(.list(t))], .list(t), .unary(Lists.flattenOnce)).unguarded,
            .member([.list(.dyn), .int], .list(.dyn), .binary(Lists.flatten)).unguarded
        ),
        FunctionDeclaration("sort", comparable.map { .member([.list($0)], .list($0)) }, shared: .unary(Lists.sort)),
        FunctionDeclaration("@sortByAssociatedKeys", comparable.map { .member([.list(t), .list($0)], .list(t)) }),
        FunctionDeclaration("lists.range", .global([.int], .list(.int), .unary(Lists.range))),
        FunctionDeclaration("reverse", .member([.list(t)], .list(t), .unary(Lists.reverse))),
        FunctionDeclaration("distinct", .member([.list(t)], .list(t), .unary(Lists.distinct))),
    ]

    /// Lists as sets, whatever their order and however often an element occurs.
    static let setFunctions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "sets.contains",
            .global(
                [.list(t), .list(t)],
                .bool,
                .binary { a, b, budget throws(EvaluationFailure) in
                    .bool(try Lists.contains(a, all: b, &budget))
                }
            )
        ),
        FunctionDeclaration(
            "sets.equivalent",
            .global(
                [.list(t), .list(t)],
                .bool,
                .binary { a, b, budget throws(EvaluationFailure) in
                    guard try Lists.contains(a, all: b, &budget) else { return .bool(false) }
                    return .bool(try Lists.contains(b, all: a, &budget))
                }
            )
        ),
        FunctionDeclaration(
            "sets.intersects",
            .global(
                [.list(t), .list(t)],
                .bool,
                .binary { a, b, budget throws(EvaluationFailure) in
                    let other = try Lists.list(b)
                    for element in try Lists.list(a) {
                        if try other.contains(element, &budget) { return .bool(true) }
                    }
                    return .bool(false)
                }
            )
        ),
    ]
}

/// What the list functions do.
enum Lists {
    /// The list that an argument must be.
    static func list(_ value: CELValue) throws(EvaluationFailure) -> CELList {
        guard case .list(let list) = value else { throw .noSuchOverload }
        return list
    }

    /// Whether a list has all elements of another one, in any order and number.
    static func contains(
        _ value: CELValue,
        all other: CELValue,
        _ budget: inout EvaluationBudget
    ) throws(EvaluationFailure) -> Bool {
        let list = try list(value)
        for element in try self.list(other) {
            if try !list.contains(element, &budget) { return false }
        }
        return true
    }

    /// The order of two elements; `nil` if they cannot be compared, which these functions take for "in order".
    private static func order(_ a: CELValue, _ b: CELValue, _ budget: inout EvaluationBudget)
        throws(EvaluationFailure) -> Int?
    {
        try budget.charge(1)
        do throws(EvaluationFailure) {
            return try a.order(to: b, &budget)
        } catch {
            if !error.isAbsorbable { throw error }
            return nil
        }
    }

    /// Whether no element is greater than the next. Elements that cannot be compared count as in order.
    static let isSorted: Implementation.Unary = { value, budget throws(EvaluationFailure) in
        let list = try list(value)
        var previous: CELValue?
        for element in list {
            guard element.isComparable else { throw .noSuchOverload }
            if let previous, try order(previous, element, &budget) == 1 { return .bool(false) }
            previous = element
        }
        return .bool(true)
    }

    /// The sum, with the overflow of `+`. Of an empty list of unknown type the sum is the integer 0.
    static func sum(from zero: CELValue) -> Implementation.Unary {
        { value, budget throws(EvaluationFailure) in
            var total = zero
            for element in try list(value) {
                try budget.charge(1)
                total = try Arithmetic.add.apply(total, element, &budget)
            }
            return total
        }
    }

    /// The least or the greatest element: another one replaces it when their order is the given one.
    static func extreme(_ name: String, _ replacing: Int) -> Implementation.Unary {
        { value, budget throws(EvaluationFailure) in
            var result: CELValue?
            for element in try list(value) {
                guard element.isComparable else { throw .noSuchOverload }
                if let current = result, try order(current, element, &budget) != replacing { continue }
                result = element
            }
            guard let result else { throw EvaluationFailure(.emptyList, "\(name) called on empty list") }
            return result
        }
    }

    /// The first position of an element, or −1.
    static let indexOf: Implementation.Binary = { value, item, budget throws(EvaluationFailure) in
        let list = try list(value)
        for index in list.indices {
            if try list[index].isEqual(to: item, &budget) { return .int(Int64(index)) }
        }
        return .int(-1)
    }

    /// The last position of an element, or −1.
    static let lastIndexOf: Implementation.Binary = { value, item, budget throws(EvaluationFailure) in
        let list = try list(value)
        for index in list.indices.reversed() {
            if try list[index].isEqual(to: item, &budget) { return .int(Int64(index)) }
        }
        return .int(-1)
    }

    /// The elements from a position up to, but without, another one.
    static let slice: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        guard arguments.count == 3, case .list(let list) = arguments[0], case .int(let start) = arguments[1],
            case .int(let end) = arguments[2]
        else { throw .noSuchOverload }
        let problem: String
        if start < 0 || end < 0 {
            problem = "negative indexes not supported"
        } else if start > end {
            problem = "start index must be less than or equal to end index"
        } else if Int64(list.count) < end {
            problem = "list is length \(list.count)"
        } else {
            try budget.charge(Int(end - start))
            return .list(CELList(Array(list[Int(start)..<Int(end)])))
        }
        throw EvaluationFailure(.invalidArgument, "cannot slice(\(start), \(end)), \(problem)")
    }

    /// Lists in the list are replaced by their elements; lists in those stay.
    static let flattenOnce: Implementation.Unary = { value, budget throws(EvaluationFailure) in
        var result: [CELValue] = []
        try flatten(try list(value), 1, into: &result, &budget)
        return .list(CELList(result))
    }

    /// The same to a given depth.
    static let flatten: Implementation.Binary = { value, depth, budget throws(EvaluationFailure) in
        guard case .int(let depth) = depth else { throw .noSuchOverload }
        if depth < 0 { throw EvaluationFailure(.invalidArgument, "level must be non-negative") }
        var result: [CELValue] = []
        try flatten(try list(value), depth, into: &result, &budget)
        return .list(CELList(result))
    }

    /// Charged for every element looked at, because lists can share their parts and grow quickly.
    private static func flatten(
        _ list: CELList,
        _ depth: Int64,
        into result: inout [CELValue],
        _ budget: inout EvaluationBudget
    ) throws(EvaluationFailure) {
        try budget.charge(list.count)
        for element in list {
            if case .list(let inner) = element, depth > 0 {
                try flatten(inner, depth - 1, into: &result, &budget)
            } else {
                result.append(element)
            }
        }
    }

    /// The elements in ascending order; they must all have one type that can be compared.
    static let sort: Implementation.Unary = { value, budget throws(EvaluationFailure) in
        let list = try list(value)
        return .list(try sorted(list, by: list, &budget))
    }

    /// The elements in the order of the keys, which stand at the same positions.
    static func sorted(_ list: CELList, by keys: CELList, _ budget: inout EvaluationBudget)
        throws(EvaluationFailure) -> CELList
    {
        guard let first = keys.first else { return list }
        guard first.isComparable else {
            throw EvaluationFailure(.invalidArgument, "list elements must be comparable")
        }
        let values = keys.values
        guard values.allSatisfy({ $0.typeName == first.typeName }) else {
            throw EvaluationFailure(.invalidArgument, "list elements must have the same type")
        }
        try budget.charge(values.count * (Int.bitWidth - values.count.leadingZeroBitCount))
        var comparisons = budget
        let positions = values.indices.sorted { a, b in
            // Keys of one type can only fail by the budget, which is asked after the sort.
            let order = (try? values[a].order(to: values[b], &comparisons)) ?? 0
            return order == 0 ? a < b : order < 0
        }
        budget = comparisons
        try budget.charge(0)
        return CELList(positions.map { list[$0] })
    }

    /// The numbers from 0 up to, but without, the given one. Paid for before the list is made.
    static let range: Implementation.Unary = { value, budget throws(EvaluationFailure) in
        guard case .int(let count) = value else { throw .noSuchOverload("lists.range", [value]) }
        try budget.charge(Int(clamping: max(0, count)))
        return .list(CELList((0..<max(0, count)).map { .int($0) }))
    }

    /// The elements from the last to the first.
    static let reverse: Implementation.Unary = { value, budget throws(EvaluationFailure) in
        let list = try list(value)
        try budget.charge(list.count)
        return .list(CELList(list.reversed()))
    }

    /// The first of each group of equal elements. Compares each with all before it, and is charged for that.
    static let distinct: Implementation.Unary = { value, budget throws(EvaluationFailure) in
        var result: [CELValue] = []
        for element in try list(value) {
            var isKnown = false
            for other in result where !isKnown { isKnown = try element.isEqual(to: other, &budget) }
            if !isKnown { result.append(element) }
        }
        return .list(CELList(result))
    }
}
