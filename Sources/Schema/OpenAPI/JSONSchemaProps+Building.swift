public import APIMachinery

/// Constructors for schemas written in code.
///
/// ```swift
/// let spec = JSONSchemaProps.object(
///     ["replicas": .integer("How many are wanted.", minimum: 0), "image": .string(pattern: "^[^ ]+$")],
///     required: ["image"]
/// )
/// ```
extension JSONSchemaProps {
    /// A text.
    public static func string(
        _ description: String? = nil,
        minLength: Int64? = nil,
        maxLength: Int64? = nil,
        pattern: String? = nil,
        format: String? = nil,
        enumeration: [String]? = nil,
        default defaultValue: String? = nil
    ) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.type = "string"
        schema.description = description
        schema.minLength = minLength
        schema.maxLength = maxLength
        schema.pattern = pattern
        schema.format = format
        schema.enumeration = enumeration?.map { .string($0) }
        schema.defaultValue = defaultValue.map { .string($0) }
        return schema
    }

    /// A whole number; `format` is `int32` or `int64`.
    public static func integer(
        _ description: String? = nil,
        minimum: Int64? = nil,
        maximum: Int64? = nil,
        format: String? = nil,
        default defaultValue: Int64? = nil
    ) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.type = "integer"
        schema.description = description
        schema.minimum = minimum.map(Double.init)
        schema.maximum = maximum.map(Double.init)
        schema.format = format
        schema.defaultValue = defaultValue.map { .int($0) }
        return schema
    }

    /// A number.
    public static func number(
        _ description: String? = nil,
        minimum: Double? = nil,
        maximum: Double? = nil,
        default defaultValue: Double? = nil
    ) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.type = "number"
        schema.description = description
        schema.minimum = minimum
        schema.maximum = maximum
        schema.defaultValue = defaultValue.map { .double($0) }
        return schema
    }

    /// A truth value.
    public static func boolean(_ description: String? = nil, default defaultValue: Bool? = nil) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.type = "boolean"
        schema.description = description
        schema.defaultValue = defaultValue.map { .bool($0) }
        return schema
    }

    /// An object with these fields.
    public static func object(
        _ properties: [String: JSONSchemaProps],
        _ description: String? = nil,
        required: [String] = [],
        default defaultValue: JSONValue? = nil,
        validations: [ValidationRule] = []
    ) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.type = "object"
        schema.description = description
        schema.properties = properties
        schema.required = required
        schema.defaultValue = defaultValue
        schema.validations = validations
        return schema
    }

    /// An object with any names and values of one kind.
    public static func map(
        of values: JSONSchemaProps,
        _ description: String? = nil,
        maxProperties: Int64? = nil
    ) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.type = "object"
        schema.description = description
        schema.additionalProperties = .schema(values)
        schema.maxProperties = maxProperties
        return schema
    }

    /// A list that is replaced as a whole.
    public static func list(
        of elements: JSONSchemaProps,
        _ description: String? = nil,
        minItems: Int64? = nil,
        maxItems: Int64? = nil,
        default defaultValue: [JSONValue]? = nil
    ) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.type = "array"
        schema.description = description
        schema.items = .schema(elements)
        schema.minItems = minItems
        schema.maxItems = maxItems
        schema.listType = "atomic"
        schema.defaultValue = defaultValue.map { .array($0) }
        return schema
    }

    /// A list of scalars of which none occurs twice.
    public static func set(
        of elements: JSONSchemaProps,
        _ description: String? = nil,
        minItems: Int64? = nil,
        maxItems: Int64? = nil
    ) -> JSONSchemaProps {
        var schema = list(of: elements, description, minItems: minItems, maxItems: maxItems)
        schema.listType = "set"
        return schema
    }

    /// A list of objects that these fields distinguish, so that several managers may own its elements.
    public static func listMap(
        of elements: JSONSchemaProps,
        keys: [String],
        _ description: String? = nil,
        minItems: Int64? = nil,
        maxItems: Int64? = nil
    ) -> JSONSchemaProps {
        var schema = list(of: elements, description, minItems: minItems, maxItems: maxItems)
        schema.listType = "map"
        schema.listMapKeys = keys
        return schema
    }

    /// An integer or a text, such as `3` or `25%`.
    public static func intOrString(
        _ description: String? = nil,
        pattern: String? = nil,
        default defaultValue: JSONValue? = nil
    ) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.isIntOrString = true
        schema.description = description
        schema.pattern = pattern
        schema.defaultValue = defaultValue
        schema.anyOf = [JSONSchemaProps(type: "integer"), JSONSchemaProps(type: "string")]
        return schema
    }

    /// An object of which nothing is known and everything kept.
    public static func anyObject(_ description: String? = nil) -> JSONSchemaProps {
        var schema = JSONSchemaProps(type: "object")
        schema.description = description
        schema.preservesUnknownFields = true
        return schema
    }

    /// Any JSON value, of any type.
    public static func any(_ description: String? = nil) -> JSONSchemaProps {
        var schema = JSONSchemaProps()
        schema.description = description
        schema.preservesUnknownFields = true
        return schema
    }

    /// A schema of that type and nothing more.
    public init(type: String) {
        self.init()
        self.type = type
    }

    /// The same schema with another change made to it; for what the constructors have no parameter for.
    public func with(_ change: (inout JSONSchemaProps) -> Void) -> JSONSchemaProps {
        var copy = self
        change(&copy)
        return copy
    }
}
