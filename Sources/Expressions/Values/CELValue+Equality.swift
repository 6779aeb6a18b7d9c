internal import APIMachinery

extension CELValue: Equatable {
    /// CEL's equality: numbers by their mathematical value, whatever their types; NaN equals nothing.
    public static func == (lhs: CELValue, rhs: CELValue) -> Bool {
        var budget = EvaluationBudget.unlimited
        // Without a limit the comparison cannot fail.
        return (try? lhs.isEqual(to: rhs, &budget)) ?? false
    }
}

extension CELValue {
    /// CEL's `==`. Values of different kinds are unequal, never an error.
    func isEqual(to other: CELValue, _ budget: inout EvaluationBudget) throws(EvaluationFailure) -> Bool {
        try budget.charge(1)
        switch (self, other) {
        case (.int(let a), .int(let b)): return a == b
        case (.string(let a), .string(let b)):
            try budget.charge(size: Swift.min(a.utf8.count, b.utf8.count))
            return a.equalsBytes(of: b)
        case (.bool(let a), .bool(let b)): return a == b
        case (.null, .null): return true
        case (.uint(let a), .uint(let b)): return a == b
        case (.double(let a), .double(let b)): return a == b
        case (.int, .uint), (.int, .double), (.uint, .int), (.uint, .double), (.double, .int), (.double, .uint):
            return numericOrder(to: other) == 0
        case (.bytes(let a), .bytes(let b)):
            try budget.charge(size: a.count)
            return a == b
        case (.timestamp(let a), .timestamp(let b)): return a.instant == b.instant
        case (.duration(let a), .duration(let b)): return a == b
        case (.type(let a), .type(let b)): return a == b
        case (.list(let a), .list(let b)): return try a.isEqual(to: b, &budget)
        case (.map(let a), .map(let b)): return try a.isEqual(to: b, &budget)
        case (.optional(let a), .optional(let b)):
            guard let a, let b else { return a == nil && b == nil }
            return try a.isEqual(to: b, &budget)
        case (.opaque(let a), .opaque(let b)): return a.isEqual(to: b)
        default: return false
        }
    }

    /// The order of two numbers of any types as −1, 0 or 1; `nil` if one is NaN or no number.
    ///
    /// An integer next to a double is compared as a double, so that 9007199254740993 equals 9007199254740992.0;
    /// doubles beyond the integers' range are greater or less than all of them.
    func numericOrder(to other: CELValue) -> Int? {
        switch (self, other) {
        case (.int(let a), .int(let b)): return a < b ? -1 : a > b ? 1 : 0
        case (.uint(let a), .uint(let b)): return a < b ? -1 : a > b ? 1 : 0
        case (.int(let a), .uint(let b)):
            guard let a = UInt64(exactly: a) else { return -1 }
            return a < b ? -1 : a > b ? 1 : 0
        case (.uint, .int): return other.numericOrder(to: self).map { -$0 }
        case (.double(let a), .double(let b)):
            if a.isNaN || b.isNaN { return nil }
            return a < b ? -1 : a > b ? 1 : 0
        case (.double(let a), .int(let b)):
            if a.isNaN { return nil }
            if a < -0x1p63 { return -1 }
            if a > 0x1p63 { return 1 }
            return CELValue.double(a).numericOrder(to: .double(Double(b)))
        case (.double(let a), .uint(let b)):
            if a.isNaN { return nil }
            if a < 0 { return -1 }
            if a > 0x1p64 { return 1 }
            return CELValue.double(a).numericOrder(to: .double(Double(b)))
        case (.int, .double), (.uint, .double): return other.numericOrder(to: self).map { -$0 }
        default: return nil
        }
    }

    /// The order of two values that `<` can compare.
    func order(to other: CELValue, _ budget: inout EvaluationBudget) throws(EvaluationFailure) -> Int {
        switch (self, other) {
        case (.string(let a), .string(let b)):
            try budget.charge(size: Swift.min(a.utf8.count, b.utf8.count))
            let order = a.compareBytes(to: b)
            return order < 0 ? -1 : order > 0 ? 1 : 0
        case (.bool(let a), .bool(let b)): return a == b ? 0 : b ? -1 : 1
        case (.bytes(let a), .bytes(let b)):
            try budget.charge(size: Swift.min(a.count, b.count))
            return a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
        case (.timestamp(let a), .timestamp(let b)):
            return a.instant < b.instant ? -1 : b.instant < a.instant ? 1 : 0
        case (.duration(let a), .duration(let b)): return a < b ? -1 : a > b ? 1 : 0
        default:
            guard isNumber, other.isNumber else { throw .noSuchOverload }
            guard let order = numericOrder(to: other) else {
                throw EvaluationFailure(.nanOrder, "NaN values cannot be ordered")
            }
            return order
        }
    }

    /// Whether this is an int, a uint or a double.
    var isNumber: Bool {
        switch self {
        case .int, .uint, .double: true
        default: false
        }
    }

    /// Whether `<` is defined for values of this kind.
    var isComparable: Bool {
        switch self {
        case .int, .uint, .double, .string, .bool, .bytes, .timestamp, .duration: true
        default: false
        }
    }
}

extension CELList {
    func isEqual(to other: CELList, _ budget: inout EvaluationBudget) throws(EvaluationFailure) -> Bool {
        if case .source(let source) = storage, let result = source.isEqual(to: other) { return result }
        if case .source(let source) = other.storage, let result = source.isEqual(to: self) { return result }
        guard count == other.count else { return false }
        for index in indices {
            if try !self[index].isEqual(to: other[index], &budget) { return false }
        }
        return true
    }

    /// Whether an element equals the value.
    func contains(_ value: CELValue, _ budget: inout EvaluationBudget) throws(EvaluationFailure) -> Bool {
        for index in indices {
            if try value.isEqual(to: self[index], &budget) { return true }
        }
        return false
    }
}

extension CELMap {
    func isEqual(to other: CELMap, _ budget: inout EvaluationBudget) throws(EvaluationFailure) -> Bool {
        guard count == other.count else { return false }
        for key in keys {
            guard let value = value(for: key), let otherValue = other.value(for: key) else { return false }
            if try !value.isEqual(to: otherValue, &budget) { return false }
        }
        return true
    }
}
