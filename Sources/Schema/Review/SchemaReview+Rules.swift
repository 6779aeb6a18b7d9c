internal import APIMachinery
internal import Expressions

/// Rules are compiled, and what they may cost is estimated.
extension SchemaReview {
    mutating func rules(
        _ schema: JSONSchemaProps,
        _ declaration: RuleDeclaration?,
        _ path: FieldPath,
        _ scope: Scope
    ) -> [FieldError] {
        let place = path.child("x-kubernetes-validations")
        guard let declaration else {
            let words =
                "internal error: failed to construct type information for x-kubernetes-validations rules: "
                + "unable to convert structural schema to CEL declarations"
            return [
                FieldError(reason: .internalError, field: place.description, body: "Internal error: \(words)")
            ]
        }
        var errors: [FieldError] = []
        for (index, rule) in schema.validations.enumerated() {
            let rulePath = place.index(index)
            let compiled = RuleSet.compile(rule, declaration.schema, declaration)
            errors += costs.observe(compiled, declaration, scope, at: rulePath)
            if let fault = compiled.fault {
                errors.append(Self.fault(rulePath.child("rule"), rule, fault))
            }
            if let fault = compiled.messageFault {
                errors.append(Self.fault(rulePath.child("messageExpression"), rule, fault))
            }
            if compiled.usesOldSelf {
                if let outer = scope.uncorrelatable {
                    let words = "oldSelf cannot be used on the uncorrelatable portion of the schema within \(outer)"
                    errors.append(.invalid(rulePath.child("rule"), .string(rule.rule), words))
                }
            } else if let isOptional = rule.optionalOldSelf {
                let words = "may not be set if oldSelf is not used in rule"
                errors.append(.invalid(rulePath.child("optionalOldSelf"), .bool(isOptional), words))
            }
        }
        return errors
    }

    /// An error that shows the whole rule, as the reference's own structure prints.
    private static func fault(_ path: FieldPath, _ rule: ValidationRule, _ words: String) -> FieldError {
        func text(_ value: String?) -> String { GoText.json(.string(value ?? "")) }
        let reason = rule.reason.map(text) ?? "null"
        let isOptional = rule.optionalOldSelf.map { String($0) } ?? "null"
        let shown =
            "{\"Rule\":\(text(rule.rule)),\"Message\":\(text(rule.message)),"
            + "\"MessageExpression\":\(text(rule.messageExpression)),\"Reason\":\(reason),"
            + "\"FieldPath\":\(text(rule.fieldPath)),\"OptionalOldSelf\":\(isOptional)}"
        return FieldError(reason: .invalid, field: path.description, body: "Invalid value: \(shown): \(words)")
    }
}

/// What the rules of a schema are estimated to cost, one by one and together.
struct RuleCosts: Sendable {
    /// A single expression may cost this much, and all of a schema that.
    static let expressionLimit = 10_000_000
    static let schemaLimit = 100_000_000

    private var total = 0
    private var mostExpensive: [(path: FieldPath, cost: Int)] = []

    init() {}

    /// Adds a rule to the sum; an expression that is too costly by itself is an error.
    mutating func observe(
        _ compiled: RuleSet.Compiled,
        _ declaration: RuleDeclaration,
        _ scope: SchemaReview.Scope,
        at path: FieldPath
    ) -> [FieldError] {
        var errors: [FieldError] = []
        // Without a bound on how often a value occurs, it occurs as often as its smallest form fits a request.
        let times = scope.cardinality ?? RuleDeclaration.maximumRequestSize / (declaration.minimumSize + 1)
        if compiled.program != nil, let cost = declaration.cost(of: compiled.rule.rule, compiled.rule) {
            let (product, overflow) = cost.multipliedReportingOverflow(by: times)
            let all = overflow ? .max : product
            if all > Self.expressionLimit {
                errors.append(
                    .forbidden(path.child("rule"), Self.words("estimated rule cost", all, Self.expressionLimit))
                )
            }
            add(all, path.child("rule"))
        }
        if compiled.message != nil, let text = compiled.rule.messageExpression,
            let cost = declaration.cost(of: text, compiled.rule)
        {
            if cost > Self.expressionLimit {
                let words = Self.words("estimated messageExpression cost", cost, Self.expressionLimit)
                errors.append(.forbidden(path.child("messageExpression"), words))
            }
            add(cost, path.child("messageExpression"))
        }
        return errors
    }

    private mutating func add(_ cost: Int, _ path: FieldPath) {
        let (sum, overflow) = total.addingReportingOverflow(cost)
        total = overflow ? .max : sum
        guard cost >= Self.schemaLimit / 100 else { return }
        mostExpensive.append((path, cost))
        mostExpensive.sort { $0.cost > $1.cost }
        mostExpensive = Array(mostExpensive.prefix(4))
    }

    /// What to say if all rules together cost too much.
    func excess(at path: FieldPath) -> [FieldError] {
        guard total > Self.schemaLimit else { return [] }
        let words = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        return mostExpensive.map { .forbidden($0.path, words) }
            + [.forbidden(path, Self.words(name, total, Self.schemaLimit))]
    }

    private static func words(_ name: String, _ cost: Int, _ limit: Int) -> String {
        let excess = Double(cost) / Double(limit)
        let factor: String
        if excess > 100 {
            factor = "more than 100x"
        } else if excess < 1.5 {
            // Six digits, so that nothing is said to exceed the budget by a factor of 1.0.
            let millionths = Int(clamping: (excess * 1_000_000).rounded())
            let fraction = String(millionths % 1_000_000)
            factor = "\(millionths / 1_000_000).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction)x"
        } else {
            let tenths = Int(clamping: (excess * 10).rounded())
            factor = "\(tenths / 10).\(tenths % 10)x"
        }
        return "\(name) exceeds budget by factor of \(factor) (try simplifying the rule, or adding maxItems, "
            + "maxProperties, and maxLength where arrays, maps, and strings are declared)"
    }
}
