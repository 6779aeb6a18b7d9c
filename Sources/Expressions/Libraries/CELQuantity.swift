internal import APIMachinery

/// A quantity such as `1.5Gi` inside an expression.
struct CELQuantity: Sendable {
    var quantity: Quantity
    /// The power of ten in which the reference holds the number; `nil` if it needs more than 64 bits for it.
    /// Quantities with a negative one count as no integers, even `1000m`.
    private var scale: Int?

    init(_ value: Int64) {
        quantity = Quantity(value)
        scale = 0
    }

    init(parsing text: String) throws(EvaluationFailure) {
        do throws(Quantity.ParseError) {
            quantity = try Quantity(parsing: text)
        } catch {
            throw EvaluationFailure(.invalidArgument, error.description)
        }
        scale = Self.scale(of: text)
    }

    var text: String { quantity.description }

    func order(to other: CELQuantity) -> Int { quantity.compare(to: other.quantity) }

    /// The number, if the reference holds it as an integer.
    var integer: Int64? {
        guard let scale, scale >= 0 else { return nil }
        return quantity.exactValue
    }

    /// The number as a double, rounded where the reference rounds: it multiplies what it holds by a power of ten. What
    /// does not fit 64 bits, it holds in billionths.
    var approximateDouble: Double { quantity.approximateDouble(exponent: scale ?? -9) }

    var sign: Int64 { quantity.isZero ? 0 : quantity.isNegative ? -1 : 1 }

    static func + (left: CELQuantity, right: CELQuantity) -> CELQuantity {
        combined(left, right, left.quantity + right.quantity)
    }

    static func - (left: CELQuantity, right: CELQuantity) -> CELQuantity {
        combined(left, right, left.quantity - right.quantity)
    }

    private static func combined(_ left: CELQuantity, _ right: CELQuantity, _ result: Quantity) -> CELQuantity {
        var combined = left
        combined.quantity = result
        if right.quantity.isZero { return combined }
        if left.quantity.isZero {
            combined.scale = right.scale
        } else if let a = left.scale, let b = right.scale {
            combined.scale = min(a, b)
        } else {
            combined.scale = nil
        }
        return combined
    }

    private static let decimalSuffixes: [String: Int] = [
        "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
    ]
    private static let binarySuffixes: [String: Int] = ["Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60]

    /// The scale that the text of a valid quantity gets.
    private static func scale(of text: String) -> Int? {
        var rest = Substring(text)
        if let sign = rest.first, sign == "+" || sign == "-" { rest = rest.dropFirst() }
        let whole = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(whole.count)
        var fraction = Substring("")
        if rest.first == "." {
            fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(fraction.count + 1)
        }
        let digits = Swift.max(1, whole.drop { $0 == "0" }.count) + fraction.count
        let suffix = String(rest)
        if let bits = binarySuffixes[suffix] {
            return fraction.isEmpty && 15 - digits - bits * 3 / 10 - 1 >= 0 ? 0 : nil
        }
        guard let exponent = decimalSuffixes[suffix] ?? Int(suffix.dropFirst()), digits <= 18 else { return nil }
        let scale = exponent - fraction.count
        return scale >= -9 ? scale : nil
    }
}

extension FunctionLibrary {
    private static let quantity = CELType.opaque(OpaqueValue.quantityType)

    /// Kubernetes' quantities.
    static let quantityFunctions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "quantity",
            .global(
                [.string],
                quantity,
                text { text throws(EvaluationFailure) in
                    .opaque(OpaqueValue(.quantity(try CELQuantity(parsing: text))))
                }
            )
        ),
        FunctionDeclaration(
            "isQuantity",
            .global(
                [.string],
                .bool,
                text { text throws(EvaluationFailure) in
                    // Whether it can be read is the question.
                    .bool((try? CELQuantity(parsing: text)) != nil)
                }
            )
        ),
        FunctionDeclaration("sign", .global([quantity], .int, one { .int($0.sign) })),
        FunctionDeclaration(
            "isGreaterThan",
            .member([quantity, quantity], .bool, two { .bool($0.order(to: $1) > 0) })
        ),
        FunctionDeclaration("isLessThan", .member([quantity, quantity], .bool, two { .bool($0.order(to: $1) < 0) })),
        FunctionDeclaration("compareTo", .member([quantity, quantity], .int, two { .int(Int64($0.order(to: $1))) })),
        FunctionDeclaration(
            "asApproximateFloat",
            .member([quantity], .double, one { .double($0.approximateDouble) })
        ),
        FunctionDeclaration(
            "asInteger",
            .member(
                [quantity],
                .int,
                one { value throws(EvaluationFailure) in
                    guard let integer = value.integer else {
                        throw EvaluationFailure(.badConversion, "cannot convert value to integer")
                    }
                    return .int(integer)
                }
            )
        ),
        FunctionDeclaration("isInteger", .member([quantity], .bool, one { .bool($0.integer != nil) })),
        FunctionDeclaration(
            "add",
            .member([quantity, quantity], quantity, two { .opaque(OpaqueValue(.quantity($0 + $1))) }),
            .member([quantity, .int], quantity, two { .opaque(OpaqueValue(.quantity($0 + $1))) })
        ),
        FunctionDeclaration(
            "sub",
            .member([quantity, quantity], quantity, two { .opaque(OpaqueValue(.quantity($0 - $1))) }),
            .member([quantity, .int], quantity, two { .opaque(OpaqueValue(.quantity($0 - $1))) })
        ),
    ]

    /// A function of one text, charged for.
    static func text(
        _ body: @escaping @Sendable (String) throws(EvaluationFailure) -> CELValue
    ) -> Implementation {
        .unary { value, budget throws(EvaluationFailure) in
            guard case .string(let text) = value else { throw .noSuchOverload }
            try budget.charge(size: text.utf8.count)
            return try body(text)
        }
    }

    private static func one(
        _ body: @escaping @Sendable (CELQuantity) throws(EvaluationFailure) -> CELValue
    ) -> Implementation {
        .unary { value, _ throws(EvaluationFailure) in
            guard case .opaque(let opaque) = value, case .quantity(let quantity) = opaque.content else {
                throw .noSuchOverload
            }
            return try body(quantity)
        }
    }

    private static func two(_ body: @escaping @Sendable (CELQuantity, CELQuantity) -> CELValue) -> Implementation {
        .binary { left, right, _ throws(EvaluationFailure) in
            guard case .opaque(let opaque) = left, case .quantity(let quantity) = opaque.content else {
                throw .noSuchOverload
            }
            switch right {
            case .int(let number): return body(quantity, CELQuantity(number))
            case .opaque(let opaque):
                guard case .quantity(let other) = opaque.content else { throw .noSuchOverload }
                return body(quantity, other)
            default: throw .noSuchOverload
            }
        }
    }
}
