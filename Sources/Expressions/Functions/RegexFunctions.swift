extension FunctionLibrary {
    /// `matches` of the language and `find`, `findAll` of Kubernetes, with patterns that are known only when the
    /// expression is evaluated; literal ones are compiled with the expression.
    static let regexFunctions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "matches",
            [.global([.string, .string], .bool), .member([.string, .string], .bool)],
            shared: .binary { text, pattern, budget throws(EvaluationFailure) in
                try RegexFunctions.call(.matches, [text, pattern], &budget)
            }
        ),
        FunctionDeclaration(
            "find",
            .member(
                [.string, .string],
                .string,
                .binary { text, pattern, budget throws(EvaluationFailure) in
                    try RegexFunctions.call(.find, [text, pattern], &budget)
                }
            )
        ),
        FunctionDeclaration(
            "findAll",
            .member([.string, .string], .list(.string), .variadic(findAll)),
            .member([.string, .string, .int], .list(.string), .variadic(findAll))
        ),
    ]

    private static let findAll: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        try RegexFunctions.call(.findAll, arguments, &budget)
    }
}

/// What the functions with regular expressions do.
enum RegexFunctions {
    /// A call with a pattern that is only known now. Compiling it is charged for as well: it takes longer than most
    /// matches.
    static func call(
        _ function: Plan.RegexFunction,
        _ arguments: [CELValue],
        _ budget: inout EvaluationBudget
    ) throws(EvaluationFailure) -> CELValue {
        guard arguments.count >= 2, case .string = arguments[0], case .string(let pattern) = arguments[1] else {
            throw .noSuchOverload
        }
        try budget.charge(10 * pattern.utf8.count)
        let expression: RegularExpression
        do throws(RegularExpressionError) {
            expression = try RegularExpression(pattern)
        } catch {
            throw EvaluationFailure(.badRegex, error.description)
        }
        try budget.charge(expression.cost)
        return try apply(expression, function, arguments[0], arguments.count > 2 ? arguments[2] : nil, &budget)
    }

    /// A call with a compiled pattern, charged as if every character met every instruction.
    static func apply(
        _ expression: RegularExpression,
        _ function: Plan.RegexFunction,
        _ value: CELValue,
        _ limit: CELValue?,
        _ budget: inout EvaluationBudget
    ) throws(EvaluationFailure) -> CELValue {
        guard case .string(let text) = value else { throw .noSuchOverload }
        try budget.charge(size: (text.utf8.count + 1) * (1 + expression.cost / 4))
        switch function {
        case .matches: return .bool(expression.matches(text))
        case .find: return .string(expression.firstMatch(in: text) ?? "")
        case .findAll:
            var count = Int.max
            if let limit {
                guard case .int(let number) = limit else { throw .noSuchOverload }
                if number >= 0 { count = Int(clamping: number) }
            }
            // Many matches start many searches, each of which prepares its own bookkeeping.
            try budget.charge(size: text.utf8.count * 10 + expression.cost)
            return .list(CELList(expression.allMatches(in: text, limit: count).map { .string($0) }))
        }
    }
}
