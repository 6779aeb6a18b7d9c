public import APIMachinery

/// An OpenAPI v3 schema as a CustomResourceDefinition carries it (`apiextensions/v1 JSONSchemaProps`).
///
/// A plain value: read it from a CRD's JSON, or build one in code with the constructors of
/// `JSONSchemaProps+Building.swift` and write its JSON into a manifest. What objects are checked against is the
/// `StructuralSchema` compiled from it.
public struct JSONSchemaProps: Sendable, Hashable {
    /// What the elements of a list are; a list of schemas can be read but is refused in a CRD.
    public indirect enum Items: Sendable, Hashable {
        case schema(JSONSchemaProps)
        case schemas([JSONSchemaProps])
    }

    /// What members other than the named ones may be.
    public indirect enum AdditionalProperties: Sendable, Hashable {
        case allowed(Bool)
        case schema(JSONSchemaProps)
    }

    /// A schema inside a schema, where a struct cannot hold itself.
    public indirect enum Nested: Sendable, Hashable {
        case schema(JSONSchemaProps)

        /// The schema inside.
        public var value: JSONSchemaProps { if case .schema(let value) = self { value } else { JSONSchemaProps() } }
    }

    public var type: String?
    public var format: String?
    public var title: String?
    public var description: String?
    public var nullable = false
    /// What an absent field gets; `null` in JSON means no default.
    public var defaultValue: JSONValue?
    public var example: JSONValue?
    public var externalDocs: JSONValue?

    public var maximum: Double?
    public var exclusiveMaximum = false
    public var minimum: Double?
    public var exclusiveMinimum = false
    public var multipleOf: Double?
    /// Counted in code points, as `minLength` is.
    public var maxLength: Int64?
    public var minLength: Int64?
    /// A regular expression in RE2's syntax that must match somewhere in the text.
    public var pattern: String?
    public var maxItems: Int64?
    public var minItems: Int64?
    public var uniqueItems = false
    public var maxProperties: Int64?
    public var minProperties: Int64?
    public var required: [String] = []
    public var enumeration: [JSONValue]?

    public var items: Items?
    public var properties: [String: JSONSchemaProps] = [:]
    public var additionalProperties: AdditionalProperties?
    public var allOf: [JSONSchemaProps] = []
    public var oneOf: [JSONSchemaProps] = []
    public var anyOf: [JSONSchemaProps] = []
    public var not: Nested?

    public var preservesUnknownFields: Bool?
    public var isEmbeddedResource = false
    public var isIntOrString = false
    /// `atomic`, `set` or `map`.
    public var listType: String?
    public var listMapKeys: [String] = []
    /// `granular` or `atomic`.
    public var mapType: String?
    public var validations: [ValidationRule] = []

    /// Keywords of JSON Schema that a CRD may not use, kept so that they can be refused by name.
    public var unsupported: JSONObject = [:]

    /// A schema that says nothing.
    public init() {}

    /// The schema of list elements, where there is exactly one.
    public var itemSchema: JSONSchemaProps? {
        if case .schema(let schema)? = items { schema } else { nil }
    }

    /// The schema of additional members, where there is one.
    public var additionalSchema: JSONSchemaProps? {
        if case .schema(let schema)? = additionalProperties { schema } else { nil }
    }

    /// The named properties in the order of their names' bytes.
    public var sortedProperties: [(name: String, schema: JSONSchemaProps)] {
        properties.sorted { $0.key.compareBytes(to: $1.key) < 0 }.map { ($0.key, $0.value) }
    }
}

/// One rule of `x-kubernetes-validations`.
public struct ValidationRule: Sendable, Hashable {
    public var rule: String
    public var message: String?
    public var messageExpression: String?
    /// `FieldValueInvalid` (when absent), `FieldValueForbidden`, `FieldValueRequired` or `FieldValueDuplicate`.
    public var reason: String?
    /// Which field the failure is reported at, relative to the schema that has the rule: `.spec.replicas`.
    public var fieldPath: String?
    /// Whether `oldSelf` is an optional, so that the rule also runs where there is no old value.
    public var optionalOldSelf: Bool?

    /// A rule with the message for people whose object breaks it.
    public init(
        rule: String,
        message: String? = nil,
        messageExpression: String? = nil,
        reason: String? = nil,
        fieldPath: String? = nil,
        optionalOldSelf: Bool? = nil
    ) {
        self.rule = rule
        self.message = message
        self.messageExpression = messageExpression
        self.reason = reason
        self.fieldPath = fieldPath
        self.optionalOldSelf = optionalOldSelf
    }
}
