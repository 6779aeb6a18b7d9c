import APIMachinery

/// Short words for building OpenAPI v3 schemas as JSON trees; the CRDs are generated from them.
enum OpenAPI {
    static func object(
        _ description: String,
        required: [String] = [],
        _ properties: [String: JSONValue]
    ) -> JSONValue {
        var schema: JSONValue = ["type": "object", "description": .string(description)]
        if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
        schema["properties"] = .object(JSONObject(properties.map { ($0.key, $0.value) }))
        return schema
    }

    static func string(_ description: String, pattern: String? = nil, maxLength: Int64? = nil) -> JSONValue {
        var schema: JSONValue = ["type": "string", "description": .string(description)]
        if let pattern { schema["pattern"] = .string(pattern) }
        if let maxLength { schema["maxLength"] = .int(maxLength) }
        return schema
    }

    static func choice(_ description: String, _ values: [String]) -> JSONValue {
        ["type": "string", "description": .string(description), "enum": .array(values.map { .string($0) })]
    }

    static func integer(
        _ description: String,
        minimum: Int64? = nil,
        maximum: Int64? = nil,
        format: String = "int32"
    ) -> JSONValue {
        var schema: JSONValue = [
            "type": "integer", "format": .string(format), "description": .string(description),
        ]
        if let minimum { schema["minimum"] = .int(minimum) }
        if let maximum { schema["maximum"] = .int(maximum) }
        return schema
    }

    static func integer(
        _ description: String,
        in bounds: ClosedRange<Int>,
        format: String = "int32"
    ) -> JSONValue {
        integer(
            description,
            minimum: Int64(bounds.lowerBound),
            maximum: Int64(bounds.upperBound),
            format: format
        )
    }

    static func number(_ description: String, in bounds: ClosedRange<Double>) -> JSONValue {
        [
            "type": "number", "description": .string(description),
            "minimum": .int(Int64(clamping: bounds.lowerBound)), "maximum": .int(Int64(clamping: bounds.upperBound)),
        ]
    }

    static func boolean(_ description: String) -> JSONValue {
        ["type": "boolean", "description": .string(description)]
    }

    static func time(_ description: String) -> JSONValue {
        ["type": "string", "format": "date-time", "description": .string(description)]
    }

    /// A quantity: a text, or any number. Schemas have no type for that, so the rules beyond the schema check it.
    static func quantity(_ description: String) -> JSONValue { any(description) }

    /// A whole number or a text, such as a percentage.
    static func intOrString(_ description: String) -> JSONValue {
        [
            "x-kubernetes-int-or-string": true, "anyOf": [["type": "integer"], ["type": "string"]],
            "description": .string(description),
        ]
    }

    /// Any JSON value, kept as it is.
    static func any(_ description: String) -> JSONValue {
        ["x-kubernetes-preserve-unknown-fields": true, "description": .string(description)]
    }

    /// An object with members of any name, kept as they are.
    static func freeObject(_ description: String) -> JSONValue {
        [
            "type": "object", "x-kubernetes-preserve-unknown-fields": true, "description": .string(description),
        ]
    }

    static func map(_ description: String, of values: JSONValue) -> JSONValue {
        ["type": "object", "description": .string(description), "additionalProperties": values]
    }

    /// A list; with `keys`, its elements are identified by those members when changes are merged.
    static func list(
        _ description: String,
        of items: JSONValue,
        keys: [String] = [],
        isSet: Bool = false,
        minItems: Int64? = nil,
        maxItems: Int64? = nil
    ) -> JSONValue {
        var schema: JSONValue = ["type": "array", "description": .string(description), "items": items]
        if !keys.isEmpty {
            schema["x-kubernetes-list-type"] = "map"
            schema["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) })
        } else {
            schema["x-kubernetes-list-type"] = isSet ? "set" : "atomic"
        }
        if let minItems { schema["minItems"] = .int(minItems) }
        if let maxItems { schema["maxItems"] = .int(maxItems) }
        return schema
    }

    static func withDefault(_ value: JSONValue, _ schema: JSONValue) -> JSONValue {
        var schema = schema
        schema["default"] = value
        return schema
    }

    static let conditions = list(
        "The latest observations of the object's state.",
        of: object(
            "One aspect of the object's state.",
            required: ["type", "status", "lastTransitionTime", "reason", "message"],
            [
                "type": string("What the condition is about.", maxLength: 316),
                "status": choice("Whether the condition is true.", ["True", "False", "Unknown"]),
                "observedGeneration": integer("The generation that the condition is about.", format: "int64"),
                "lastTransitionTime": time("When the status last changed."),
                "reason": string("Why, as a word for programs.", maxLength: 1024),
                "message": string("Why, as a sentence for people.", maxLength: 32768),
            ]
        ),
        keys: ["type"]
    )
}
