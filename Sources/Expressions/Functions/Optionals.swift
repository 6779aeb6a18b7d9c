extension FunctionLibrary {
    private static let v = CELType.parameter("V")

    /// Optional values. `or` and `orValue` are evaluated apart from the rest, as their argument may not be needed.
    static let optionalFunctions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "optional.of",
            .global([v], .optional(v), .unary { value, _ throws(EvaluationFailure) in .optional(value) })
        ),
        FunctionDeclaration(
            "optional.ofNonZeroValue",
            .global(
                [v],
                .optional(v),
                .unary { value, _ throws(EvaluationFailure) in .optional(value.isZero ? nil : value) }
            )
        ),
        FunctionDeclaration(
            "optional.none",
            .global([], .optional(v), .nullary { () throws(EvaluationFailure) in .optional(nil) })
        ),
        FunctionDeclaration(
            "value",
            .member(
                [.optional(v)],
                v,
                .unary { value, _ throws(EvaluationFailure) in
                    guard case .optional(let wrapped) = value else { throw .noSuchOverload("value", [value]) }
                    guard let wrapped else {
                        throw EvaluationFailure(.optionalNone, "optional.none() dereference")
                    }
                    return wrapped
                }
            )
        ),
        FunctionDeclaration(
            "hasValue",
            .member(
                [.optional(v)],
                .bool,
                .unary { value, _ throws(EvaluationFailure) in
                    guard case .optional(let wrapped) = value else { throw .noSuchOverload("hasValue", [value]) }
                    return .bool(wrapped != nil)
                }
            )
        ),
        FunctionDeclaration("or", .member([.optional(v), .optional(v)], .optional(v))),
        FunctionDeclaration("orValue", .member([.optional(v), v], v)),
        FunctionDeclaration(
            "first",
            .member(
                [.list(v)],
                .optional(v),
                .unary { value, _ throws(EvaluationFailure) in
                    guard case .list(let list) = value else { throw .noSuchOverload("first", [value]) }
                    return .optional(list.first)
                }
            )
        ),
        FunctionDeclaration(
            "last",
            .member(
                [.list(v)],
                .optional(v),
                .unary { value, _ throws(EvaluationFailure) in
                    guard case .list(let list) = value else { throw .noSuchOverload("last", [value]) }
                    return .optional(list.last)
                }
            )
        ),
        FunctionDeclaration("optional.unwrap", .global([.list(.optional(v))], .list(v), .unary(unwrap))),
        FunctionDeclaration("unwrapOpt", .member([.list(.optional(v))], .list(v), .unary(unwrap))),
    ]

    /// The values of those elements that have one.
    private static let unwrap: Implementation.Unary = { value, budget throws(EvaluationFailure) in
        guard case .list(let list) = value else { throw .noSuchOverload("unwrap", [value]) }
        try budget.charge(list.count)
        var result: [CELValue] = []
        for element in list {
            guard case .optional(let wrapped) = element else {
                throw EvaluationFailure(.invalidArgument, "value \(element.summary) is not optional")
            }
            if let wrapped { result.append(wrapped) }
        }
        return .list(CELList(result))
    }
}
