extension Plan.Fold {
    /// Runs the macro over its range.
    func evaluate(_ offset: Int, _ context: inout EvaluationContext) throws(EvaluationFailure) -> CELValue {
        let rangeValue = try range.evaluate(&context)
        switch rangeValue {
        case .list(let list):
            return try run(list.count, offset, &context) { index, context in
                if let secondSlot {
                    context.locals[slot] = .int(Int64(index))
                    context.locals[secondSlot] = list[index]
                } else {
                    context.locals[slot] = list[index]
                }
            }
        case .map(let map):
            if kind == .sortBy { throw EvaluationFailure.noSuchOverload("sortBy", [rangeValue]).located(at: offset) }
            if let secondSlot {
                let pairs = map.pairs
                return try run(pairs.count, offset, &context) { index, context in
                    context.locals[slot] = pairs[index].key
                    context.locals[secondSlot] = pairs[index].value
                }
            }
            let keys = map.keys
            return try run(keys.count, offset, &context) { index, context in context.locals[slot] = keys[index] }
        default:
            throw EvaluationFailure(
                .notIterable,
                "a value of type \(rangeValue.typeName) has no elements to go through"
            ).located(at: offset)
        }
    }

    /// Goes through the elements. The closure puts the element of an index into the slots of the macro's variables,
    /// so that lists, keys and entries share the rest.
    private func run(
        _ count: Int,
        _ offset: Int,
        _ context: inout EvaluationContext,
        bind: (Int, inout EvaluationContext) -> Void
    ) throws(EvaluationFailure) -> CELValue {
        switch kind {
        case .all: return .bool(try decide(count, decisive: false, offset, &context, bind))
        case .exists: return .bool(try decide(count, decisive: true, offset, &context, bind))
        case .existsOne:
            var matches = 0
            for index in 0..<count {
                bind(index, &context)
                if try holds(body, offset, &context) { matches += 1 }
            }
            return .bool(matches == 1)
        case .map:
            var values: [CELValue] = []
            values.reserveCapacity(filter == nil ? count : 0)
            for index in 0..<count {
                bind(index, &context)
                if let filter, try !holds(filter, offset, &context) { continue }
                values.append(try body.evaluate(&context))
            }
            return .list(CELList(values))
        case .filter:
            var values: [CELValue] = []
            for index in 0..<count {
                bind(index, &context)
                // Inner macros have slots of their own, so the variable still holds the element afterwards.
                if try holds(body, offset, &context) { values.append(context.locals[slot]) }
            }
            return .list(CELList(values))
        case .sortBy:
            var elements: [CELValue] = []
            var keys: [CELValue] = []
            for index in 0..<count {
                bind(index, &context)
                elements.append(context.locals[slot])
                keys.append(try body.evaluate(&context))
            }
            do throws(EvaluationFailure) {
                return .list(try Lists.sorted(CELList(elements), by: CELList(keys), &context.budget))
            } catch {
                throw error.located(at: offset)
            }
        case .transformMap, .transformMapEntry:
            return try transform(count, offset, &context, bind)
        }
    }

    /// `all` and `exists`: an element that decides wins over errors at other elements.
    private func decide(
        _ count: Int,
        decisive: Bool,
        _ offset: Int,
        _ context: inout EvaluationContext,
        _ bind: (Int, inout EvaluationContext) -> Void
    ) throws(EvaluationFailure) -> Bool {
        var failure: EvaluationFailure?
        for index in 0..<count {
            bind(index, &context)
            do throws(EvaluationFailure) {
                if try holds(body, offset, &context) == decisive { return decisive }
            } catch {
                if !error.isAbsorbable { throw error }
                if failure == nil { failure = error }
            }
        }
        if let failure { throw failure }
        return !decisive
    }

    /// The value of a condition, which must be a boolean: there is no notion of "truthy".
    private func holds(
        _ plan: Plan,
        _ offset: Int,
        _ context: inout EvaluationContext
    ) throws(EvaluationFailure) -> Bool {
        guard case .bool(let value) = try plan.evaluate(&context) else {
            throw EvaluationFailure.noSuchOverload.located(at: offset)
        }
        return value
    }

    /// `transformMap` and `transformMapEntry`: two elements may not give the same key.
    private func transform(
        _ count: Int,
        _ offset: Int,
        _ context: inout EvaluationContext,
        _ bind: (Int, inout EvaluationContext) -> Void
    ) throws(EvaluationFailure) -> CELValue {
        var result = CELMapEntries()
        func insert(_ key: CELValue, _ value: CELValue) throws(EvaluationFailure) {
            if result.find(key) != nil {
                throw EvaluationFailure(.duplicateKey, "insert failed: key \(key.summary) already exists")
                    .located(at: offset)
            }
            result.set(key, to: value)
        }
        for index in 0..<count {
            bind(index, &context)
            if let filter, try !holds(filter, offset, &context) { continue }
            let value = try body.evaluate(&context)
            if kind == .transformMap {
                try insert(context.locals[slot], value)
                continue
            }
            guard case .map(let entries) = value else { throw EvaluationFailure.noSuchOverload.located(at: offset) }
            for (key, value) in entries.pairs { try insert(key, value) }
        }
        return .map(CELMap(entries: result))
    }
}
