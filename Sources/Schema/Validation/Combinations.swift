internal import APIMachinery

/// `anyOf`, `oneOf`, `allOf` and `not`.
extension SchemaValidator.Walk {
    /// Checks the combinations in the reference's order. Of the alternatives that all failed, the one that fitted
    /// best is shown with its errors.
    mutating func combinations(_ value: JSONValue, _ schema: StructuralSchema) -> Int {
        var matches = 0
        if !schema.anyOf.isEmpty { matches += anyOf(value, schema.anyOf) }
        if !schema.oneOf.isEmpty { matches += oneOf(value, schema.oneOf) }
        if !schema.allOf.isEmpty { matches += allOf(value, schema.allOf) }
        if let not = schema.not {
            var attempt = SchemaValidator.Walk()
            attempt.validate(value, old: nil, not)
            if attempt.violations.isEmpty { violations.append(Violation(.not)) }
        }
        return matches + 1
    }

    private mutating func anyOf(_ value: JSONValue, _ alternatives: [StructuralSchema]) -> Int {
        var best: (matches: Int, violations: [Violation])?
        for alternative in alternatives {
            var attempt = SchemaValidator.Walk()
            let matches = attempt.validate(value, old: nil, alternative)
            if attempt.violations.isEmpty { return matches }
            if let current = best, matches <= current.matches { continue }
            best = (matches, attempt.violations)
        }
        violations.append(Violation(.anyOf))
        violations += best?.violations ?? []
        return best?.matches ?? 0
    }

    private mutating func oneOf(_ value: JSONValue, _ alternatives: [StructuralSchema]) -> Int {
        var best: (matches: Int, violations: [Violation])?
        var valid = 0
        var firstMatches = 0
        for alternative in alternatives {
            var attempt = SchemaValidator.Walk()
            let matches = attempt.validate(value, old: nil, alternative)
            if attempt.violations.isEmpty {
                if valid == 0 { firstMatches = matches }
                valid += 1
            } else if let current = best, matches <= current.matches {
                continue
            } else {
                best = (matches, attempt.violations)
            }
        }
        if valid == 1 { return firstMatches }
        if valid > 1 {
            violations.append(Violation(.oneOf("Found \(valid) valid alternatives")))
            return 0
        }
        violations.append(Violation(.oneOf("Found none valid")))
        violations += best?.violations ?? []
        return best?.matches ?? 0
    }

    private mutating func allOf(_ value: JSONValue, _ parts: [StructuralSchema]) -> Int {
        var matches = 0
        var valid = 0
        for part in parts {
            var attempt = SchemaValidator.Walk()
            matches += attempt.validate(value, old: nil, part)
            if attempt.violations.isEmpty { valid += 1 }
            violations += attempt.violations
        }
        if valid != parts.count { violations.append(Violation(.allOf(valid == 0 ? ". None validated" : ""))) }
        return matches
    }
}

/// `minimum`, `maximum`, `multipleOf`, and the ranges of the number types.
enum NumberChecks {
    static func check(_ value: JSONValue, _ schema: StructuralSchema, into violations: inout [Violation]) {
        let checks = schema.checks
        let type = schema.types == .integer ? "integer" : schema.types == .number ? "number" : ""
        let format = type.isEmpty ? "" : checks.format
        func isInRange(_ number: JSONValue, _ prefix: String) -> Bool {
            let fits: Bool
            switch (type, format) {
            case ("integer", "int32"): fits = integer(number).map { Int32(exactly: $0) != nil } ?? false
            case ("integer", _): fits = integer(number) != nil
            case ("number", "float"): fits = Float(number.doubleValue ?? 0).isFinite
            default: fits = true
            }
            if !fits { violations.append(Violation(.range(prefix: prefix, type: type, format: format))) }
            return fits
        }
        _ = isInRange(value, "Checked")
        if let factor = checks.multipleOf {
            let native = isInRange(.double(factor), "MultipleOf")
            multiple(value, of: factor, asInteger: native, into: &violations)
        }
        if let maximum = checks.maximum {
            let native = isInRange(.double(maximum), "Maximum boundary")
            let (order, shown) = compare(value, with: maximum, asInteger: native)
            if order > 0 || (order == 0 && checks.exclusiveMaximum) {
                let fault = Violation.Fault.maximum(
                    value: native ? value : .double(value.doubleValue ?? 0),
                    bound: shown,
                    exclusive: checks.exclusiveMaximum
                )
                violations.append(Violation(fault))
            }
        }
        if let minimum = checks.minimum {
            let native = isInRange(.double(minimum), "Minimum boundary")
            let (order, shown) = compare(value, with: minimum, asInteger: native)
            if order < 0 || (order == 0 && checks.exclusiveMinimum) {
                let fault = Violation.Fault.minimum(
                    value: native ? value : .double(value.doubleValue ?? 0),
                    bound: shown,
                    exclusive: checks.exclusiveMinimum
                )
                violations.append(Violation(fault))
            }
        }
    }

    /// The number as a 64-bit integer, if its shortest text is one.
    private static func integer(_ number: JSONValue) -> Int64? {
        switch number {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// An integer is compared with an integer bound as integers, everything else as doubles.
    private static func compare(
        _ value: JSONValue,
        with bound: Double,
        asInteger: Bool
    ) -> (order: Int, shown: JSONValue) {
        if case .int(let number) = value, asInteger {
            let limit = Int64(clamping: bound)
            return (number < limit ? -1 : number == limit ? 0 : 1, .int(limit))
        }
        let number = value.doubleValue ?? 0
        return (number < bound ? -1 : number == bound ? 0 : 1, .double(bound))
    }

    private static func multiple(
        _ value: JSONValue,
        of factor: Double,
        asInteger: Bool,
        into violations: inout [Violation]
    ) {
        if case .int(let number) = value, asInteger {
            let divisor = Int64(clamping: factor)
            if divisor <= 0 {
                violations.append(Violation(.factorNotPositive(.int(divisor))))
            } else if number % divisor != 0 {
                violations.append(Violation(.multipleOf(value: value, factor: .int(divisor))))
            }
            return
        }
        let number = value.doubleValue ?? 0
        if factor <= 0 {
            violations.append(Violation(.factorNotPositive(.double(factor))))
        } else if !(factor < 1 ? 1 / factor * number : number / factor).isJSONInteger {
            violations.append(Violation(.multipleOf(value: .double(number), factor: .double(factor))))
        }
    }
}
