internal import APIMachinery
internal import Expressions

/// The compiled `x-kubernetes-validations` of a schema and of everything below it.
final class RuleSet: Sendable {
    /// One compiled rule.
    struct Compiled: Sendable {
        let rule: ValidationRule
        let program: Program?
        let message: Program?
        /// Why the rule could not be compiled.
        let fault: String?
        /// Why its messageExpression could not be.
        let messageFault: String?
        let usesOldSelf: Bool
        /// Where failures are reported, relative to the value.
        let fieldPath: String
    }

    let schema: StructuralSchema
    let isResourceRoot: Bool
    let rules: [Compiled]
    let items: RuleSet?
    let additional: RuleSet?
    let properties: [(name: String, rules: RuleSet)]

    /// Compiles the rules of a schema; `nil` if it has no rules.
    convenience init?(_ schema: StructuralSchema, isResourceRoot: Bool) {
        guard schema.below.contains(.rules) else { return nil }
        self.init(
            schema,
            isResourceRoot: isResourceRoot,
            RuleDeclaration(schema, isResourceRoot: isResourceRoot)
        )
    }

    private init?(_ schema: StructuralSchema, isResourceRoot: Bool, _ declaration: RuleDeclaration?) {
        guard schema.below.contains(.rules) else { return nil }
        self.schema = schema
        self.isResourceRoot = isResourceRoot
        rules = schema.validations.map { Self.compile($0, schema, declaration) }
        items = schema.items.flatMap {
            RuleSet($0, isResourceRoot: $0.isEmbeddedResource, declaration?.element)
        }
        additional = schema.additionalProperties.schema.flatMap {
            RuleSet($0, isResourceRoot: $0.isEmbeddedResource, declaration?.element)
        }
        properties = schema.properties.compactMap { property in
            let inner = property.schema
            guard inner.below.contains(.rules) else { return nil }
            // A field that rules cannot name may still have rules of its own.
            let isNamed = RuleName.escape(property.name) != nil
            let below =
                isNamed
                ? declaration?.property(property.name)
                : RuleDeclaration(inner, isResourceRoot: inner.isEmbeddedResource)
            guard below != nil else { return nil }
            return RuleSet(inner, isResourceRoot: inner.isEmbeddedResource, below).map { (property.name, $0) }
        }
    }

    /// Compiles one rule against the type of its schema.
    static func compile(
        _ rule: ValidationRule,
        _ schema: StructuralSchema,
        _ declaration: RuleDeclaration?
    ) -> Compiled {
        var program: Program?
        var message: Program?
        var fault: String?
        var messageFault: String?
        let declarations = declaration?.variables(rule) ?? ["self": .dyn, "oldSelf": .dyn]
        if !rule.rule.trimmed.isEmpty {
            do {
                let compiled = try Expression.compile(rule.rule, declarations: declarations)
                if compiled.resultType == .bool {
                    program = compiled
                } else {
                    fault = "cel expression must evaluate to a bool"
                }
            } catch {
                fault = "compilation failed: \(Self.report(error))"
            }
        }
        if let expression = rule.messageExpression, !expression.isEmpty, program != nil {
            do {
                let compiled = try Expression.compile(expression, declarations: declarations)
                if compiled.resultType == .string {
                    message = compiled
                } else {
                    messageFault = "messageExpression must evaluate to a string"
                }
            } catch {
                messageFault = "messageExpression compilation failed: \(Self.report(error))"
            }
        }
        let path = rule.fieldPath.flatMap { text in
            // A path that cannot be read is refused with the definition; an error of the rule then has the rule's own place.
            text.isEmpty ? nil : try? SchemaPath(text, in: schema).path.description
        }
        return Compiled(
            rule: rule,
            program: program,
            message: message,
            fault: fault,
            messageFault: messageFault,
            usesOldSelf: program?.references.contains { $0.root == "oldSelf" } ?? false,
            fieldPath: path ?? ""
        )
    }

    /// A compiler's message with the line that it is about, as the reference prints it.
    private static func report(_ error: ExpressionError) -> String {
        let (line, column) = error.position
        let lines = error.source.split(separator: "\n", omittingEmptySubsequences: false)
        let text = line <= lines.count ? lines[line - 1] : ""
        let marker = String(repeating: ".", count: max(0, column - 1))
        return "ERROR: <input>:\(line):\(column): \(error.message)\n | \(text)\n | \(marker)^"
    }
}
