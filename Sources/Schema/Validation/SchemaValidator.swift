public import APIMachinery

/// Checks values against a compiled schema, with the words and in the way of kube-apiserver
/// (`k8s.io/kube-openapi/pkg/validation/validate` and the ratcheting of `apiextensions-apiserver`).
public enum SchemaValidator {
    /// Checks a value that is new.
    ///
    /// - Parameter root: where the value is in its object; `.root` for a whole object.
    public static func validate(
        _ value: JSONValue,
        _ schema: StructuralSchema,
        at root: FieldPath = .root
    ) -> [FieldError] {
        report(Walk(), value, nil, schema, root)
    }

    /// Checks a value that takes another's place. What is wrong in parts that did not change is let pass
    /// (ratcheting), so that tightening a schema does not lock existing objects.
    public static func validateUpdate(
        _ value: JSONValue,
        old: JSONValue,
        _ schema: StructuralSchema,
        at root: FieldPath = .root
    ) -> [FieldError] {
        report(Walk(), value, old, schema, root)
    }

    private static func report(
        _ walk: consuming Walk,
        _ value: JSONValue,
        _ old: JSONValue?,
        _ schema: StructuralSchema,
        _ root: FieldPath
    ) -> [FieldError] {
        walk.validate(value, old: old, schema, isRoot: true)
        guard !walk.violations.isEmpty else { return [] }
        var errors: [FieldError] = []
        var seen: Set<FieldError> = []
        for violation in walk.violations {
            let error = violation.fieldError(at: root)
            if seen.insert(error).inserted { errors.append(error) }
        }
        return errors
    }

    /// One pass over a value. `matches` counts how much fitted, which decides whose errors an `anyOf` shows.
    struct Walk {
        var violations: [Violation] = []

        /// Checks one value; `old` is the value whose place it takes, where that is known.
        ///
        /// - Returns: how many checks passed, counted as the reference counts.
        @discardableResult
        mutating func validate(
            _ value: JSONValue,
            old: JSONValue?,
            _ schema: StructuralSchema,
            isRoot: Bool = false
        ) -> Int {
            let start = violations.count
            let matches = check(value, old: old, schema, isRoot: isRoot)
            if violations.count > start, let old, Correlation.areEqual(value, old, schema) {
                violations.removeSubrange(start...)
            }
            return matches
        }

        private mutating func check(
            _ value: JSONValue,
            old: JSONValue?,
            _ schema: StructuralSchema,
            isRoot: Bool
        ) -> Int {
            let checks = schema.checks
            if case .null = value {
                let mayBeNull = schema.types.isEmpty || schema.types.contains(.null) || schema.isNullable
                if !mayBeNull { add(.type(expected: schema.typesText, actual: "null")) }
                enumeration(value, checks)
                return mayBeNull ? 1 : 0
            }
            var matches = 1
            if !schema.types.isEmpty || !checks.format.isEmpty {
                matches += 1 + type(value, schema)
            }
            matches += 1 + combinations(value, schema)
            switch value {
            case .string(let text):
                string(text, checks)
                matches += 1
                if let format = checks.stringFormat {
                    if !format.accepts(text) { add(.format(checks.format, value: text)) }
                    matches += 1
                }
            case .int, .double:
                NumberChecks.check(value, schema, into: &violations)
                matches += 2
            case .array(let elements):
                matches += 1 + array(elements, old: old, schema)
            default: break
            }
            enumeration(value, checks)
            matches += 1
            if case .object(let members) = value {
                matches += 1 + object(members, old: old, schema, isRoot: isRoot)
            }
            return matches
        }

        private mutating func add(_ fault: Violation.Fault) { violations.append(Violation(fault)) }

        /// Adds a step to the paths of what was found since `start`.
        private mutating func step(_ step: Violation.Step, since start: Int) {
            for index in start..<violations.count { violations[index].path.append(step) }
        }

        /// The type of the value, which for a text with a format is left to the format.
        private mutating func type(_ value: JSONValue, _ schema: StructuralSchema) -> Int {
            let format = schema.checks.format
            let isNumeric = schema.types.contains(.number) || schema.types.contains(.integer)
            let (actual, actualFormat, isTextOrList): (StructuralSchema.Types, String, Bool) =
                switch value {
                case .null: (.null, "", false)
                case .bool: (.boolean, "", false)
                case .int: (.integer, "int64", false)
                case .double: (.number, "float64", false)
                case .string: (.string, "", true)
                case .array: (.array, "", true)
                case .object: (.object, "", false)
                }
            var fits = schema.types.contains(actual)
            switch value {
            case .int where schema.types.contains(.number): fits = true
            case .double(let number) where schema.types.contains(.integer): fits = fits || number.isJSONInteger
            default: break
            }
            if !format.isEmpty {
                if !isTextOrList && !fits && actualFormat != format {
                    add(.type(expected: format, actual: actualFormat))
                    return 0
                }
                if isTextOrList && !isNumeric { return 1 }
            }
            if !fits {
                add(.type(expected: schema.typesText, actual: value.typeName))
                return 0
            }
            return 1
        }

        private mutating func string(_ text: String, _ checks: ValueChecks) {
            if checks.maxLength != nil || checks.minLength != nil {
                // There are at most as many characters as bytes, and at least a quarter as many.
                let bytes = Int64(text.utf8.count)
                let isCertain = bytes <= checks.maxLength ?? .max && (bytes + 3) / 4 >= checks.minLength ?? 0
                let length = isCertain ? bytes : Int64(text.unicodeScalars.count)
                if let maximum = checks.maxLength, length > maximum { return add(.tooLong(maximum: maximum)) }
                if let minimum = checks.minLength, length < minimum {
                    return add(.tooShort(value: text, minimum: minimum))
                }
            }
            guard !checks.pattern.isEmpty else { return }
            if let error = checks.patternError {
                add(.pattern(value: text, pattern: "\(checks.pattern), but pattern is invalid: \(error)"))
            } else if checks.matcher?.matches(text) != true {
                add(.pattern(value: text, pattern: checks.pattern))
            }
        }

        private mutating func enumeration(_ value: JSONValue, _ checks: ValueChecks) {
            guard !checks.enumeration.isEmpty else { return }
            for allowed in checks.enumeration where !value.isNull && allowed == value { return }
            // Numbers are converted to the type of the listed one before they are compared.
            if let number = value.doubleValue {
                for allowed in checks.enumeration where allowed.doubleValue == number { return }
            }
            add(.enumeration(value: value, allowed: checks.enumeration))
        }

        private mutating func array(_ elements: [JSONValue], old: JSONValue?, _ schema: StructuralSchema) -> Int {
            var matches = 1
            let checks = schema.checks
            if let items = schema.items {
                let correlation = Correlation.elements(of: old, schema)
                for (index, element) in elements.enumerated() {
                    let start = violations.count
                    matches += validate(element, old: correlation?.element(for: element), items)
                    step(.index(index), since: start)
                }
            }
            if let minimum = checks.minItems, elements.count < minimum {
                add(.tooFewItems(actual: elements.count, minimum: minimum))
            }
            if let maximum = checks.maxItems, elements.count > maximum {
                add(.tooManyItems(actual: elements.count, maximum: maximum))
            }
            if checks.uniqueItems, Set(elements).count < elements.count { add(.duplicateItems) }
            return matches
        }

        private mutating func object(
            _ members: JSONObject,
            old: JSONValue?,
            _ schema: StructuralSchema,
            isRoot: Bool
        ) -> Int {
            var matches = 0
            let checks = schema.checks
            if let minimum = checks.minProperties, members.count < minimum {
                add(.tooFewProperties(actual: members.count, minimum: minimum))
            }
            if let maximum = checks.maxProperties, members.count > maximum {
                add(.tooManyProperties(actual: members.count, maximum: maximum))
            }
            let oldMembers = old?.objectValue
            var cursor = PropertyCursor(schema.properties)
            for (name, member) in members {
                if let property = cursor.property(named: name) {
                    // `kind` and `apiVersion` of the object itself equal their old values.
                    let isTypeMeta = isRoot && (name == "kind" || name == "apiVersion")
                    let start = violations.count
                    matches += validate(member, old: isTypeMeta ? nil : oldMembers?[name], property)
                    step(.property(name), since: start)
                    continue
                }
                switch schema.additionalProperties {
                case .unspecified, .allowed(true): break
                case .allowed(false): add(.propertyNotAllowed(name))
                case .schema(let additional):
                    let start = violations.count
                    matches += validate(member, old: oldMembers?[name], additional)
                    step(.additional(name), since: start)
                }
            }
            for name in checks.required where members[name] == nil { add(.required(name)) }
            return matches
        }
    }
}

extension Double {
    /// Whether this is a whole number that JSON's readers can hold, give or take a rounding error.
    var isJSONInteger: Bool {
        guard isFinite, magnitude <= 9_007_199_254_740_991 else { return false }
        if self == rounded(.towardZero) { return true }
        let whole = rounded(.towardZero)
        if self == 0 || whole == 0 { return false }
        return (self - whole).magnitude / (magnitude + whole.magnitude) < 1e-9
    }
}
