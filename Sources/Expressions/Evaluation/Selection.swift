/// Fields, indices and tests for presence.
enum Selection {
    /// `operand.field`, `operand.?field`. What is selected from an optional is optional again.
    static func select(
        _ operand: CELValue,
        _ field: String,
        isOptional: Bool,
        _ offset: Int
    ) throws(EvaluationFailure) -> CELValue {
        if case .map(let map) = operand, !isOptional {
            if let value = map[field] { return value }
            throw EvaluationFailure(.noSuchKey, "no such key: \(field)").located(at: offset)
        }
        return try qualify(operand, by: .string(field), isOptional: isOptional, offset)
    }

    /// `has(operand.field)`.
    static func test(_ operand: CELValue, _ field: String, _ offset: Int) throws(EvaluationFailure) -> CELValue {
        var target = operand
        if case .optional(let wrapped) = operand {
            guard let wrapped else { return .bool(false) }
            target = wrapped
        }
        return .bool(try find(target, .string(field), isTest: true, offset) != nil)
    }

    /// `operand[index]`, `operand[?index]`; the index is not evaluated if the operand is an empty optional.
    static func index(
        _ operand: Plan,
        _ index: Plan,
        isOptional: Bool,
        _ offset: Int,
        _ context: inout EvaluationContext
    ) throws(EvaluationFailure) -> CELValue {
        let value = try operand.evaluate(&context)
        if case .optional(nil) = value { return value }
        let key = try index.evaluate(&context)
        return try qualify(value, by: key, isOptional: isOptional, offset)
    }

    /// One step along a path. From an empty optional every step leads to an empty optional; a step that is optional, or
    /// starts from an optional, gives one.
    private static func qualify(
        _ operand: CELValue,
        by key: CELValue,
        isOptional: Bool,
        _ offset: Int
    ) throws(EvaluationFailure) -> CELValue {
        if case .optional(let wrapped) = operand {
            guard let wrapped else { return operand }
            return .optional(try find(wrapped, key, isTest: true, offset))
        }
        if isOptional { return .optional(try find(operand, key, isTest: true, offset)) }
        guard let value = try find(operand, key, isTest: false, offset) else { return .null }
        return value
    }

    /// The part of the value under that key. If it is absent that is `nil` in a test, otherwise an error; an index
    /// that a list cannot have at all is an error either way.
    private static func find(
        _ operand: CELValue,
        _ key: CELValue,
        isTest: Bool,
        _ offset: Int
    ) throws(EvaluationFailure) -> CELValue? {
        switch operand {
        case .map(let map):
            if let value = map.value(for: key) { return value }
        case .list(let list):
            let position: Int64?
            switch key {
            case .int(let value): position = value
            case .uint(let value): position = Int64(exactly: value)
            case .double(let value): position = Int64(exactly: value)
            default:
                throw EvaluationFailure(
                    .unsupportedIndex,
                    "unsupported index type '\(key.typeName)' in list"
                ).located(at: offset)
            }
            guard let position else {
                throw EvaluationFailure(
                    .unsupportedIndex,
                    "unsupported index value \(key.summary) in list"
                ).located(at: offset)
            }
            if position >= 0, position < Int64(list.count) { return list[Int(position)] }
            if isTest { return nil }
            throw EvaluationFailure(.indexOutOfBounds, "index out of bounds: \(position)").located(at: offset)
        default:
            break
        }
        if isTest { return nil }
        throw EvaluationFailure(.noSuchKey, "no such key: \(key.summary)").located(at: offset)
    }
}
