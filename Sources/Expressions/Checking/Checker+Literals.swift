extension Checker {
    /// What can be seen of constants before anything is evaluated: bad patterns, times, durations and formats, and
    /// lists and maps whose elements have different types.
    mutating func validateLiterals(_ node: SyntaxNode, insideFormat: Bool = false) {
        var insideFormat = insideFormat
        switch node.form {
        case .list(let elements) where !insideFormat:
            requireOneType(elements.map { ($0.value, $0.isOptional) })
        case .map(let entries) where !insideFormat:
            requireOneType(entries.map { ($0.key, false) })
            requireOneType(entries.map { ($0.value, $0.isOptional) })
        case .call(let name, let target, let arguments):
            if name == "format" { insideFormat = true }
            validate(name, target, arguments, node)
        default:
            break
        }
        var children: [SyntaxNode] = []
        node.form.forEachChild { children.append($0) }
        for child in children { validateLiterals(child, insideFormat: insideFormat) }
    }

    /// Kubernetes refuses lists and maps whose elements have different types, although CEL could hold them: such a
    /// literal is nearly always a mistake. Arguments of `format` are exempt.
    private mutating func requireOneType(_ elements: [(node: SyntaxNode, isOptional: Bool)]) {
        var expected: CELType?
        for (node, isOptional) in elements {
            var type = finalType(of: node)
            if isOptional, case .optional(let wrapped) = type { type = wrapped }
            if let expected, expected != type {
                mismatch(expected: expected, found: type, at: node)
                return
            }
            expected = type
        }
    }

    /// Calls whose meaning depends on a text that stands in the expression.
    private mutating func validate(
        _ name: String,
        _ target: SyntaxNode?,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) {
        guard let argument = arguments.first else { return }
        switch (name, argument.form) {
        case ("matches", .literal(.string(let pattern))):
            do throws(RegularExpressionError) {
                _ = try RegularExpression(pattern)
            } catch {
                report(.badRegex, "invalid matches argument: \(error)", at: argument)
            }
        case ("duration", .literal(let value)):
            if Conversions.duration(value) == nil {
                report(
                    .badDuration,
                    "invalid duration argument \(value.summary), expected one such as 1h30m",
                    at: argument
                )
            }
        case ("timestamp", .literal(let value)):
            // What cannot be converted is reported here.
            if (try? Conversions.timestamp(value)) == nil {
                report(
                    .badTimestamp,
                    "invalid timestamp argument \(value.summary), expected one such as 2026-01-02T03:04:05Z",
                    at: argument
                )
            }
        case ("format", .list(let elements)):
            if case .literal(.string(let pattern)) = target?.form { validate(format: pattern, elements, node) }
        default:
            break
        }
    }

    /// A format with literal arguments: as many as it asks for, each of a type that its clause can show.
    private mutating func validate(format pattern: String, _ elements: [SyntaxNode.Element], _ node: SyntaxNode) {
        do throws(EvaluationFailure) {
            var index = 0
            for piece in try FormatString.pieces(pattern, argumentCount: elements.count) {
                guard case .clause(let clause) = piece else { continue }
                let type = finalType(of: elements[index].value)
                if !clause.accepts(type) {
                    report(
                        .badFormat,
                        "error during formatting: %\(Character(UnicodeScalar(clause.verb))) cannot show a value of "
                            + "type \(type)",
                        at: elements[index].value
                    )
                }
                index += 1
            }
            if index < elements.count {
                report(
                    .badFormat,
                    "too many arguments supplied to string.format (expected \(index), got \(elements.count))",
                    at: node
                )
            }
        } catch {
            report(.badFormat, error.message, at: node)
        }
    }
}

extension FormatString.Clause {
    /// Whether values of the type can be shown.
    func accepts(_ type: CELType) -> Bool {
        switch (verb, type) {
        case (_, .dyn): true
        case (UInt8(ascii: "s"), .optional), (UInt8(ascii: "s"), .opaque), (UInt8(ascii: "s"), .object): false
        case (UInt8(ascii: "s"), _): true
        case (UInt8(ascii: "d"), .int), (UInt8(ascii: "d"), .uint), (UInt8(ascii: "o"), .int),
            (UInt8(ascii: "o"), .uint):
            true
        case (UInt8(ascii: "b"), .int), (UInt8(ascii: "b"), .uint), (UInt8(ascii: "b"), .bool): true
        case (UInt8(ascii: "x"), _), (UInt8(ascii: "X"), _):
            type == .int || type == .uint || type == .string || type == .bytes
        case (UInt8(ascii: "f"), _), (UInt8(ascii: "e"), _): type == .double || type == .string
        default: false
        }
    }
}
