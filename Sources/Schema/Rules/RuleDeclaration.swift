internal import APIMachinery
internal import Expressions

/// A schema as rules see it: the types by which they are checked, and how large values can become, by which their
/// cost is estimated (`k8s.io/apiserver/pkg/cel/common/schemas.go`).
final class RuleDeclaration: Sendable {
    let schema: StructuralSchema
    let type: CELType
    /// By the names under which rules select them.
    let fields: [String: RuleDeclaration]
    let element: RuleDeclaration?
    /// How many elements, members or bytes a value can have.
    let maximumElements: Int
    /// The fewest bytes of JSON that a value takes.
    let minimumSize: Int

    /// The largest request that is accepted, in bytes.
    static let maximumRequestSize = 3 * 1024 * 1024

    /// The declaration of a schema; `nil` for what rules cannot see: values without a type, and containers of them.
    ///
    /// - Parameter isResourceRoot: whether the value is a whole object, with `apiVersion`, `kind` and `metadata`.
    convenience init?(_ schema: StructuralSchema, isResourceRoot: Bool) {
        self.init(schema, isResourceRoot: isResourceRoot, name: "self")
    }

    private init?(_ schema: StructuralSchema, isResourceRoot: Bool, name: String) {
        self.schema = schema
        if schema.isIntOrString {
            type = .dyn
            fields = [:]
            element = nil
            maximumElements =
                schema.checks.maxLength.map { Self.bytes(characters: $0) } ?? Self.maximumRequestSize - 2
            minimumSize = 1
            return
        }
        switch schema.type {
        case "array":
            guard let items = schema.items,
                let inner = RuleDeclaration(items, isResourceRoot: items.isEmbeddedResource, name: name + ".@idx")
            else { return nil }
            type = .list(inner.type)
            fields = [:]
            element = inner
            maximumElements =
                schema.checks.maxItems.map { Int(max(0, $0)) }
                ?? (Self.maximumRequestSize - 2) / (inner.minimumSize + 1)
            minimumSize = 2
        case "object":
            if let additional = schema.additionalProperties.schema {
                guard
                    let inner = RuleDeclaration(
                        additional,
                        isResourceRoot: additional.isEmbeddedResource,
                        name: name + ".@elem"
                    )
                else { return nil }
                type = .map(.string, inner.type)
                fields = [:]
                element = inner
                maximumElements =
                    schema.checks.maxProperties.map { Int(max(0, $0)) }
                    ?? (Self.maximumRequestSize - 2) / (inner.minimumSize + 6)
                minimumSize = 2
                return
            }
            var fields: [String: RuleDeclaration] = [:]
            var size = 2
            let properties = isResourceRoot ? Self.withMetadata(schema.properties) : schema.properties
            for property in properties {
                let inner = property.schema
                guard
                    let declaration = RuleDeclaration(
                        inner,
                        isResourceRoot: inner.isEmbeddedResource,
                        name: "\(name).\(property.name)"
                    )
                else { continue }
                if let escaped = RuleName.escape(property.name) { fields[escaped] = declaration }
                // Only what must be there and is not filled in counts as always there.
                if inner.defaultValue == nil, schema.checks.required.contains(property.name) {
                    size += property.name.utf8.count + declaration.minimumSize + 4
                }
            }
            self.fields = fields
            type = .object(CELObjectType(name: name, fields: fields.mapValues(\.type)))
            element = nil
            maximumElements = 0
            minimumSize = size
        case "string":
            fields = [:]
            element = nil
            let given = schema.checks.maxLength
            switch schema.formatName {
            case "byte":
                type = .bytes
                maximumElements = given.map { Int(max(0, $0)) } ?? Self.maximumRequestSize - 2
                minimumSize = 2
            case "duration": (type, maximumElements, minimumSize) = (.duration, 32, 3)
            case "date": (type, maximumElements, minimumSize) = (.timestamp, 12, 12)
            case "date-time": (type, maximumElements, minimumSize) = (.timestamp, 32, 21)
            default:
                type = .string
                minimumSize = 2
                let longest = schema.checks.enumeration.compactMap { $0.stringValue?.utf8.count }.max()
                if let given {
                    maximumElements = Self.bytes(characters: given)
                } else {
                    maximumElements =
                        schema.checks.enumeration.isEmpty ? Self.maximumRequestSize - 2 : longest ?? 0
                }
            }
        case "boolean":
            (type, fields, element, maximumElements, minimumSize) = (.bool, [:], nil, 0, 4)
        case "number":
            (type, fields, element, maximumElements, minimumSize) = (.double, [:], nil, 0, 1)
        case "integer":
            (type, fields, element, maximumElements, minimumSize) = (.int, [:], nil, 0, 1)
        default: return nil
        }
    }

    /// A code point takes up to four bytes.
    private static func bytes(characters: Int64) -> Int {
        let (bytes, overflow) = Int(max(0, characters)).multipliedReportingOverflow(by: 4)
        return overflow ? .max : bytes
    }

    /// The variables of a rule and their types.
    func variables(_ rule: ValidationRule) -> [String: CELType] {
        ["self": type, "oldSelf": rule.optionalOldSelf == true ? .optional(type) : type]
    }

    /// How much an expression of a rule can cost at most.
    func cost(of source: String, _ rule: ValidationRule) -> Int? {
        Expression.maximumCost(of: source, declarations: variables(rule)) { path in
            var place: RuleDeclaration? = self
            for step in path.dropFirst() {
                switch step {
                case "@items", "@values": place = place?.element
                // The reference counts keys as empty.
                case "@keys":
                    guard case .map? = place?.type, step == path.last else { return nil }
                    return 0
                default: place = place?.fields[step]
                }
                if place == nil { return nil }
            }
            return place?.maximumElements
        }
    }

    /// The declaration of a property, if rules can see it.
    func property(_ name: String) -> RuleDeclaration? { RuleName.escape(name).flatMap { fields[$0] } }

    /// The properties of a whole object: rules may read what kind it is and its name.
    static func withMetadata(_ properties: [StructuralSchema.Property]) -> [StructuralSchema.Property] {
        properties.filter { $0.name != "apiVersion" && $0.name != "kind" && $0.name != "metadata" } + metadata
    }

    private static let metadata: [StructuralSchema.Property] = StructuralSchema(
        .object([
            "apiVersion": .string(), "kind": .string(),
            "metadata": .object(["name": .string(), "generateName": .string()]),
        ])
    ).properties
}

/// The names under which rules select fields: names that are not identifiers are escaped.
enum RuleName {
    /// The name as rules write it, `a__dash__b` for `a-b`; `nil` for one that they cannot write.
    static func escape(_ name: String) -> String? {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, !ASCII.isDigit(first) else { return nil }
        if ReservedWord.all.contains(name) { return ReservedWord.escaped(name) }
        var result = ""
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "_") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "_"):
                result += "__underscores__"
                index += 1
            case UInt8(ascii: "."): result += "__dot__"
            case UInt8(ascii: "-"): result += "__dash__"
            case UInt8(ascii: "/"): result += "__slash__"
            case _ where byte == UInt8(ascii: "_") || ASCII.isLetter(byte) || ASCII.isDigit(byte):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: return nil
            }
            index += 1
        }
        return result
    }
}
