internal import APIMachinery
internal import Expressions

/// Running rules on objects (`apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go`).
extension RuleSet {
    /// What all rules of one object together may cost, and what one of them may.
    static let totalBudget = 10_000_000
    static let ruleBudget = 1_000_000

    /// Runs the rules on a value.
    ///
    /// - Parameters:
    ///   - old: the value before; rules about changes run only where there is one.
    ///   - ratchets: whether what is wrong in unchanged parts is only warned of.
    func validate(
        _ value: JSONValue,
        old: JSONValue?,
        at path: FieldPath = .root,
        ratchets: Bool
    ) -> CustomResourceSchema.Verdict {
        var run = RuleRun()
        let ratchet = ratchets && old != nil ? old.map { RuleRun.Pair(new: value, old: $0, schema: schema) } : nil
        run.visit(self, value, old, path, RuleRun.Ratchet(current: ratchet, parent: nil))
        return run.verdict
    }

    /// Whether a default breaks the rules at its place, both as a new value and as an unchanged one.
    static func checkDefault(_ value: JSONValue, _ schema: StructuralSchema, _ path: FieldPath) -> [FieldError] {
        guard let rules = RuleSet(schema, isResourceRoot: schema.isEmbeddedResource) else { return [] }
        let unchanged = rules.validate(value, old: value, at: path, ratchets: false).errors
        return unchanged.isEmpty ? rules.validate(value, old: nil, at: path, ratchets: false).errors : unchanged
    }
}

/// One run over an object.
private struct RuleRun {
    /// Two values that take each other's place.
    struct Pair {
        var new: JSONValue
        var old: JSONValue
        var schema: StructuralSchema

        var isUnchanged: Bool { Correlation.areEqual(new, old, schema) }

        func member(_ name: String) -> Pair? {
            guard let new = new[name], let old = old[name], let inner = schema.schema(forMember: name) else {
                return nil
            }
            return Pair(new: new, old: old, schema: inner)
        }

        func element(_ index: Int) -> Pair? {
            guard let element = new[index], let items = schema.items,
                let before = Correlation.elements(of: old, schema)?.element(for: element)
            else { return nil }
            return Pair(new: element, old: before, schema: items)
        }
    }

    /// What is known of the old value here, or else of the innermost place around for which one is known.
    struct Ratchet {
        var current: Pair?
        var parent: Pair?

        var lets: Bool { (current ?? parent)?.isUnchanged ?? false }

        func member(_ name: String) -> Ratchet {
            guard let current else { return self }
            // The kind of an object cannot have changed, so the old one cannot be compared with it.
            if parent == nil && (name == "apiVersion" || name == "kind") { return Ratchet(current: nil, parent: nil) }
            return Ratchet(current: current.member(name), parent: current)
        }

        func element(_ index: Int) -> Ratchet {
            guard let current else { return self }
            return Ratchet(current: current.element(index), parent: current)
        }
    }

    var verdict = CustomResourceSchema.Verdict()
    private var budget = RuleSet.totalBudget

    /// Whether the budget is used up, so that nothing further is run.
    private var isExhausted: Bool { budget < 0 }

    init() {}

    mutating func visit(
        _ rules: RuleSet,
        _ value: JSONValue,
        _ old: JSONValue?,
        _ path: FieldPath,
        _ ratchet: Ratchet
    ) {
        if value.isNull || isExhausted { return }
        if !rules.rules.isEmpty { run(rules, value, old.flatMap { $0.isNull ? nil : $0 }, path, ratchet) }
        switch value {
        case .object(let members):
            if let additional = rules.additional {
                for (name, member) in members {
                    if isExhausted { return }
                    visit(additional, member, old?[name], path.key(name), ratchet.member(name))
                }
            }
            for (name, inner) in rules.properties {
                guard let member = members[name], !isExhausted else { continue }
                visit(inner, member, old?[name], path.child(name), ratchet.member(name))
            }
        case .array(let elements):
            guard let items = rules.items else { return }
            let before = Correlation.elements(of: old, rules.schema)
            for (index, element) in elements.enumerated() {
                if isExhausted { return }
                visit(items, element, before?.element(for: element), path.index(index), ratchet.element(index))
            }
        default: break
        }
    }

    private mutating func run(
        _ rules: RuleSet,
        _ value: JSONValue,
        _ old: JSONValue?,
        _ path: FieldPath,
        _ ratchet: Ratchet
    ) {
        let schema = rules.schema
        let current = RuleValue.make(value, schema, isResourceRoot: rules.isResourceRoot)
        var before: CELValue?
        if let old, rules.rules.contains(where: \.usesOldSelf) {
            before = RuleValue.make(old, schema, isResourceRoot: rules.isResourceRoot)
        }
        for compiled in rules.rules {
            if budget <= 0 {
                return exhaust(
                    path,
                    schema,
                    "validation failed due to running out of cost budget, "
                        + "no further validation rules will be run"
                )
            }
            if let fault = compiled.fault {
                verdict.errors.append(typed(path, schema, "rule compile error: \(fault)"))
                continue
            }
            guard let program = compiled.program else { continue }
            let isOptional = compiled.rule.optionalOldSelf == true
            if compiled.usesOldSelf && old == nil && !isOptional { continue }
            var variables = ["self": current]
            if compiled.usesOldSelf { variables["oldSelf"] = isOptional ? .optional(before) : before }
            let outcome = evaluate(program, variables)
            let text = Self.text(compiled.rule)
            switch outcome {
            case .value(.bool(true)): continue
            case .value: break
            case .failed(let message) where message.hasPrefix("no such overload"):
                let words =
                    "'\(message)': call arguments did not match a supported operator, function or macro "
                    + "signature for rule: \(text)"
                verdict.errors.append(typed(path, schema, words))
                continue
            case .failed(let message):
                verdict.errors.append(typed(path, schema, "\(message) evaluating rule: \(text)"))
                continue
            case .tooCostly:
                let words =
                    "'operation cancelled: actual cost limit exceeded': no further validation rules will be "
                    + "run due to call cost exceeds limit for rule: \(text)"
                return exhaust(path, schema, words)
            }
            var plain = ["self": current]
            if let before { plain["oldSelf"] = before }
            report(compiled, value, schema, path, ratchet, plain)
            if isExhausted { return }
        }
    }

    private mutating func exhaust(_ path: FieldPath, _ schema: StructuralSchema, _ words: String) {
        verdict.errors.append(typed(path, schema, words))
        budget = -1
    }

    private enum Outcome { case value(CELValue), failed(String), tooCostly }

    private mutating func evaluate(_ program: Program, _ variables: [String: CELValue]) -> Outcome {
        let limit = min(RuleSet.ruleBudget, budget)
        var allowance = EvaluationBudget(limit)
        do {
            let value = try program.evaluate(variables, spending: &allowance)
            budget -= limit - allowance.remaining
            return .value(value)
        } catch {
            budget -= limit - max(0, allowance.remaining)
            return error.code == .budgetExceeded ? .tooCostly : .failed(error.message)
        }
    }

    /// A rule does not hold: finds the words, the place and the reason.
    private mutating func report(
        _ compiled: RuleSet.Compiled,
        _ value: JSONValue,
        _ schema: StructuralSchema,
        _ path: FieldPath,
        _ ratchet: Ratchet,
        _ variables: [String: CELValue]
    ) {
        let place = compiled.fieldPath.isEmpty ? path : path.child(compiled.fieldPath)
        let rule = compiled.rule
        let given = rule.message ?? ""
        var words = given.isEmpty ? "failed rule: \(Self.text(rule))" : given.trimmed
        if let program = compiled.message {
            switch evaluate(program, variables) {
            case .value(.string(let text)):
                let trimmed = text.trimmed
                // A message that cannot be shown gives way to the fixed one.
                if !trimmed.isEmpty && trimmed.utf8.count <= 5 * 1024 && !trimmed.utf8.contains(0x0A) {
                    words = trimmed
                }
            case .value, .failed: break
            case .tooCostly:
                let source = GoText.quoted(rule.messageExpression ?? "")
                let text =
                    "no further validation rules will be run due to call cost exceeds limit for "
                    + "messageExpression: \(source)"
                add(typed(place, schema, text), compiled, ratchet)
                budget = -1
                return
            }
        }
        // Objects and lists are not shown.
        let isContainer = schema.type == "object" || schema.type == "array"
        let shown = isContainer ? "" : ": \(GoText.shown(value))"
        let error: FieldError =
            switch rule.reason {
            case "FieldValueForbidden": .forbidden(place, words)
            case "FieldValueRequired": .required(place, words)
            case "FieldValueDuplicate":
                FieldError(reason: .duplicate, field: place.description, body: "Duplicate value\(shown)")
            default:
                FieldError(reason: .invalid, field: place.description, body: "Invalid value\(shown): \(words)")
            }
        add(error, compiled, ratchet)
    }

    private mutating func add(_ error: FieldError, _ compiled: RuleSet.Compiled, _ ratchet: Ratchet) {
        if !compiled.usesOldSelf && ratchet.lets {
            verdict.warnings.append(error.description)
        } else {
            verdict.errors.append(error)
        }
    }

    /// A fault of the rule rather than of the value, which shows the value's type.
    private func typed(_ path: FieldPath, _ schema: StructuralSchema, _ words: String) -> FieldError {
        FieldError(
            reason: .invalid,
            field: path.description,
            body: "Invalid value: \(GoText.quoted(schema.type)): \(words)"
        )
    }

    /// What messages call a rule: its message, else itself.
    private static func text(_ rule: ValidationRule) -> String {
        let message = rule.message ?? ""
        return message.isEmpty ? rule.rule.trimmed : message.trimmed
    }
}
