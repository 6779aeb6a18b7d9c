extension Plan {
    /// The value of this part of the expression.
    func evaluate(_ context: inout EvaluationContext) throws(EvaluationFailure) -> CELValue {
        try context.budget.charge(1)
        switch self {
        case .constant(let value):
            return value
        case .local(let slot):
            return context.locals[slot]
        case .variable(let name, let type, let offset):
            if let value = context.variables.value(for: name) { return value }
            if let type { return type }
            throw EvaluationFailure(.noSuchAttribute, "no such attribute(s): \(name)").located(at: offset)
        case .select(let operand, let field, let isOptional, let offset):
            return try Selection.select(try operand.evaluate(&context), field, isOptional: isOptional, offset)
        case .test(let operand, let field, let offset):
            return try Selection.test(try operand.evaluate(&context), field, offset)
        case .index(let operand, let index, let isOptional, let offset):
            return try Selection.index(operand, index, isOptional: isOptional, offset, &context)
        case .conditional(let condition, let first, let second, let offset):
            guard case .bool(let value) = try condition.evaluate(&context) else {
                throw EvaluationFailure.noSuchOverload.located(at: offset)
            }
            return try value ? first.evaluate(&context) : second.evaluate(&context)
        case .and(let terms, let offset):
            return .bool(try Self.decide(terms, decisive: false, offset, &context))
        case .or(let terms, let offset):
            return .bool(try Self.decide(terms, decisive: true, offset, &context))
        case .fold(let fold, let offset):
            return try fold.evaluate(offset, &context)
        default:
            return try operation(&context)
        }
    }

    /// The operators that evaluate all their operands. Apart from `evaluate` to keep that one's stack frame small.
    private func operation(_ context: inout EvaluationContext) throws(EvaluationFailure) -> CELValue {
        switch self {
        case .equal(let left, let right, let isNegated, _):
            let leftValue = try left.evaluate(&context)
            let rightValue = try right.evaluate(&context)
            return .bool(try leftValue.isEqual(to: rightValue, &context.budget) != isNegated)
        case .compare(let comparison, let left, let right, let offset):
            let leftValue = try left.evaluate(&context)
            let rightValue = try right.evaluate(&context)
            do throws(EvaluationFailure) {
                let order = try leftValue.order(to: rightValue, &context.budget)
                switch comparison {
                case .less: return .bool(order < 0)
                case .lessOrEqual: return .bool(order <= 0)
                case .greater: return .bool(order > 0)
                case .greaterOrEqual: return .bool(order >= 0)
                }
            } catch {
                throw error.located(at: offset)
            }
        case .arithmetic(let operation, let left, let right, let offset):
            let leftValue = try left.evaluate(&context)
            let rightValue = try right.evaluate(&context)
            do throws(EvaluationFailure) {
                return try operation.apply(leftValue, rightValue, &context.budget)
            } catch {
                throw error.located(at: offset)
            }
        case .not(let operand, let offset):
            guard case .bool(let value) = try operand.evaluate(&context) else {
                throw EvaluationFailure.noSuchOverload.located(at: offset)
            }
            return .bool(!value)
        case .negate(let operand, let offset):
            let value = try operand.evaluate(&context)
            do throws(EvaluationFailure) { return try Arithmetic.negate(value) } catch {
                throw error.located(at: offset)
            }
        case .membership(let element, let container, let offset):
            let elementValue = try element.evaluate(&context)
            switch try container.evaluate(&context) {
            case .list(let list): return .bool(try list.contains(elementValue, &context.budget))
            case .map(let map): return .bool(map.value(for: elementValue) != nil)
            default: throw EvaluationFailure.noSuchOverload.located(at: offset)
            }
        case .optionalOr(let first, let second, let isValue, let offset):
            guard case .optional(let wrapped) = try first.evaluate(&context) else {
                throw EvaluationFailure.noSuchOverload.located(at: offset)
            }
            guard let wrapped else { return try second.evaluate(&context) }
            return isValue ? wrapped : .optional(wrapped)
        default:
            return try construction(&context)
        }
    }

    /// Calls and literals of lists and maps.
    private func construction(_ context: inout EvaluationContext) throws(EvaluationFailure) -> CELValue {
        switch self {
        case .call(let callee, let arguments, let offset):
            return try callee.call(arguments, offset, &context)
        case .regex(let expression, let function, let text, let limit, let offset):
            let value = try text.evaluate(&context)
            let limitValue = try limit?.evaluate(&context)
            do throws(EvaluationFailure) {
                return try RegexFunctions.apply(expression, function, value, limitValue, &context.budget)
            } catch {
                throw error.located(at: offset)
            }
        case .list(let elements, let offset):
            var values: [CELValue] = []
            values.reserveCapacity(elements.count)
            for element in elements {
                let value = try element.value.evaluate(&context)
                guard element.isOptional else {
                    values.append(value)
                    continue
                }
                guard case .optional(let wrapped) = value else { throw Self.notOptional(value, offset) }
                if let wrapped { values.append(wrapped) }
            }
            return .list(CELList(values))
        case .map(let entries, let offset):
            var result = CELMapEntries()
            for entry in entries {
                let key = try entry.key.evaluate(&context)
                let value = try entry.value.evaluate(&context)
                guard entry.isOptional else {
                    result.set(key, to: value)
                    continue
                }
                guard case .optional(let wrapped) = value else { throw Self.notOptional(value, offset) }
                if let wrapped { result.set(key, to: wrapped) } else { result.remove(key) }
            }
            return .map(CELMap(entries: result))
        case .optionalMap(let target, let slot, let body, let isFlat, let offset):
            guard case .optional(let wrapped) = try target.evaluate(&context) else {
                throw EvaluationFailure.noSuchOverload.located(at: offset)
            }
            guard let wrapped else { return .optional(nil) }
            context.locals[slot] = wrapped
            let result = try body.evaluate(&context)
            return isFlat ? result : .optional(result)
        default:
            throw .noSuchOverload
        }
    }

    private static func notOptional(_ value: CELValue, _ offset: Int) -> EvaluationFailure {
        EvaluationFailure(
            .invalidArgument,
            "an element marked with ? must be an optional, not a value of type \(value.typeName)"
        ).located(at: offset)
    }

    /// `&&` and `||`: the first term that decides wins, even over errors in terms before it.
    private static func decide(
        _ terms: [Plan],
        decisive: Bool,
        _ offset: Int,
        _ context: inout EvaluationContext
    ) throws(EvaluationFailure) -> Bool {
        var failure: EvaluationFailure?
        for term in terms {
            do throws(EvaluationFailure) {
                if case .bool(let value) = try term.evaluate(&context) {
                    if value == decisive { return decisive }
                } else if failure == nil {
                    failure = .noSuchOverload.located(at: offset)
                }
            } catch {
                if !error.isAbsorbable { throw error }
                if failure == nil { failure = error }
            }
        }
        if let failure { throw failure }
        return !decisive
    }
}

extension Plan.Callee {
    /// Evaluates the arguments from left to right, then the function. An error in an argument is the call's, without
    /// a look at what is called.
    func call(
        _ plans: [Plan],
        _ offset: Int,
        _ context: inout EvaluationContext
    ) throws(EvaluationFailure) -> CELValue {
        var arguments: [CELValue] = []
        arguments.reserveCapacity(plans.count)
        for plan in plans { arguments.append(try plan.evaluate(&context)) }
        do throws(EvaluationFailure) {
            switch self {
            case .shared(_, let body):
                return try body(arguments, &context.budget)
            case .one(let name, let overload):
                guard let body = overload.implementation, overload.accepts(arguments) else {
                    throw EvaluationFailure.noSuchOverload(name, arguments)
                }
                return try body(arguments, &context.budget)
            case .firstFitting(let name, let overloads):
                for overload in overloads where overload.accepts(arguments) {
                    if let body = overload.implementation { return try body(arguments, &context.budget) }
                }
                throw EvaluationFailure.noSuchOverload(name, arguments)
            case .missing(let name):
                throw EvaluationFailure.noSuchOverload(name, arguments)
            }
        } catch {
            throw error.located(at: offset)
        }
    }
}
