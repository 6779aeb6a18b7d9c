extension FunctionLibrary {
    private static let a = CELType.parameter("A")
    private static let b = CELType.parameter("B")

    /// The operators, for the checker. The evaluator knows them itself.
    static let operators: [FunctionDeclaration] = [
        FunctionDeclaration("_?_:_", .global([.bool, a, a], a)),
        FunctionDeclaration("!_", .global([.bool], .bool)),
        FunctionDeclaration("-_", .global([.double], .double), .global([.int], .int)),
        FunctionDeclaration("_==_", .global([a, a], .bool)),
        FunctionDeclaration("_!=_", .global([a, a], .bool)),
        FunctionDeclaration("_<_", comparisons),
        FunctionDeclaration("_<=_", comparisons),
        FunctionDeclaration("_>_", comparisons),
        FunctionDeclaration("_>=_", comparisons),
        FunctionDeclaration(
            "_+_",
            .global([.bytes, .bytes], .bytes),
            .global([.double, .double], .double),
            .global([.duration, .duration], .duration),
            .global([.duration, .timestamp], .timestamp),
            .global([.timestamp, .duration], .timestamp),
            .global([.int, .int], .int),
            .global([.list(a), .list(a)], .list(a)),
            .global([.string, .string], .string),
            .global([.uint, .uint], .uint)
        ),
        FunctionDeclaration(
            "_-_",
            .global([.double, .double], .double),
            .global([.duration, .duration], .duration),
            .global([.int, .int], .int),
            .global([.timestamp, .duration], .timestamp),
            .global([.timestamp, .timestamp], .duration),
            .global([.uint, .uint], .uint)
        ),
        FunctionDeclaration("_*_", products),
        FunctionDeclaration("_/_", products),
        FunctionDeclaration("_%_", .global([.int, .int], .int), .global([.uint, .uint], .uint)),
        FunctionDeclaration(
            "_[_]",
            .global([.list(a), .int], a),
            .global([.map(a, b), a], b),
            .global([.optional(.list(a)), .int], .optional(a)),
            .global([.optional(.map(a, b)), a], .optional(b))
        ),
        FunctionDeclaration(
            "_[?_]",
            .global([.list(a), .int], .optional(a)),
            .global([.optional(.list(a)), .int], .optional(a)),
            .global([.map(a, b), a], .optional(b)),
            .global([.optional(.map(a, b)), a], .optional(b))
        ),
        FunctionDeclaration("@in", .global([a, .list(a)], .bool), .global([a, .map(a, b)], .bool)),
    ]

    private static let products: [Overload] = [
        .global([.double, .double], .double),
        .global([.int, .int], .int),
        .global([.uint, .uint], .uint),
    ]

    /// Numbers of different types can be compared, though not added.
    private static let comparisons: [Overload] = {
        let same: [CELType] = [.bool, .string, .bytes, .timestamp, .duration]
        let numbers: [CELType] = [.int, .uint, .double]
        return same.map { .global([$0, $0], .bool) }
            + numbers.flatMap { left in numbers.map { .global([left, $0], .bool) } }
    }()
}
