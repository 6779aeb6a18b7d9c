internal import APIMachinery

/// How values are compared and shown where objects are merged: numbers by their amount, whatever their notation.
enum MergeValue {
    static func areEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a, b) {
        case (.int(let a), .int(let b)): a == b
        case (.int, .double), (.double, .int), (.double, .double): a.doubleValue == b.doubleValue
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy(areEqual)
        case (.object(let a), .object(let b)):
            a.count == b.count
                && zip(a, b).allSatisfy { $0.key.equalsBytes(of: $1.key) && areEqual($0.value, $1.value) }
        default: a == b
        }
    }

    /// An order over all values: numbers, texts, truth values, lists, objects, null.
    static func compare(_ a: JSONValue, _ b: JSONValue) -> Int {
        switch (a, b) {
        case (.int(let a), .int(let b)): return a < b ? -1 : a == b ? 0 : 1
        case (.int, .double), (.double, .int), (.double, .double):
            let left = a.doubleValue ?? 0
            let right = b.doubleValue ?? 0
            return left < right ? -1 : left == right ? 0 : 1
        case (.string(let a), .string(let b)): return a.compareBytes(to: b)
        case (.bool(let a), .bool(let b)): return a == b ? 0 : a ? 1 : -1
        case (.array(let a), .array(let b)):
            for (left, right) in zip(a, b) {
                let order = compare(left, right)
                if order != 0 { return order }
            }
            return a.count - b.count
        case (.object(let a), .object(let b)):
            for (left, right) in zip(a, b) {
                let names = left.key.compareBytes(to: right.key)
                if names != 0 { return names }
                let values = compare(left.value, right.value)
                if values != 0 { return values }
            }
            return a.count - b.count
        default: return rank(a) - rank(b)
        }
    }

    private static func rank(_ value: JSONValue) -> Int {
        switch value {
        case .int, .double: 0
        case .string: 1
        case .bool: 2
        case .array: 3
        case .object: 4
        case .null: 5
        }
    }

    /// A value inside a path.
    static func shown(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements): "[\(elements.map(shown).joined(separator: ","))]"
        case .object(let members): members.map { "\($0.key)=\(shown($0.value))" }.joined()
        default: GoText.shown(value)
        }
    }

    /// A value as Go's `%v` prints what it was decoded into, for errors about types.
    static func printed(_ value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .string(let text): text
        case .array(let elements): "[\(elements.map(printed).joined(separator: " "))]"
        case .object(let members): "map[\(members.map { "\($0.key):\(printed($0.value))" }.joined(separator: " "))]"
        default: GoText.shown(value)
        }
    }

    /// Compact JSON with `<`, `>` and `&` escaped, as Go writes it into keys and annotations.
    static func escapedText(_ value: JSONValue) -> String {
        GoText.json(value)
    }
}
