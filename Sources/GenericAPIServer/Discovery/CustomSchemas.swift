import APIMachinery
import Schema

/// The schema of a custom kind as OpenAPI documents show it: what the definition says, written out
/// (`pkg/controller/openapi/builder` of the extensions server).
struct CustomSchemas {
    let dialect: OpenAPISchemas.Dialect
    /// How `apiVersion`, `kind` and `metadata` of an object within an object are described.
    let embedded: JSONObject

    /// The schema of a whole object, without what all objects have.
    func schema(_ definition: JSONValue) -> JSONValue {
        // A schema that cannot be read is published as one that says nothing; writes are refused with the reason.
        guard let canonical = try? JSONSchemaProps(json: definition).json else { return ["type": "object"] }
        return written(canonical)
    }

    /// Whether nothing may be said of an object's members: kubectl would refuse those that are not named.
    func isOpen(_ definition: JSONValue) -> Bool {
        dialect == .v2 && definition["x-kubernetes-preserve-unknown-fields"]?.boolValue == true
    }

    private func written(_ schema: JSONValue) -> JSONValue {
        var schema = schema
        for keyword in ["$schema", "$ref", "id", "definitions", "dependencies"] { schema[keyword] = nil }
        if schema["x-kubernetes-preserve-unknown-fields"] == false {
            schema["x-kubernetes-preserve-unknown-fields"] = nil
        }
        unfold(&schema)
        if dialect == .v2 { reduce(&schema) }
        if let items = schema["items"], items.objectValue != nil { schema["items"] = written(items) }
        if let properties = schema["properties"]?.objectValue {
            schema["properties"] = .object(properties.compactMapValues { written($1) })
        }
        if let values = schema["additionalProperties"], values.objectValue != nil {
            schema["additionalProperties"] = written(values)
        }
        embed(&schema)
        return schema
    }

    /// Says in standard words what a number or a text is.
    private func unfold(_ schema: inout JSONValue) {
        guard schema["x-kubernetes-int-or-string"]?.boolValue == true else { return }
        let either: JSONValue = [["type": "integer"], ["type": "string"]]
        if schema["anyOf"] == either || schema["allOf"]?.arrayValue?.first?["anyOf"] == either { return }
        if schema["anyOf"] == nil {
            schema["anyOf"] = either
        } else {
            schema["allOf"] = .array([["anyOf": either]] + (schema["allOf"]?.arrayValue ?? []))
        }
    }

    /// Leaves out what version 2 cannot say, and what kubectl does not understand in it.
    private func reduce(_ schema: inout JSONValue) {
        for keyword in ["allOf", "anyOf", "oneOf", "not"] { schema[keyword] = nil }
        func isNullable(_ schema: JSONValue?) -> Bool { schema?["nullable"]?.boolValue == true }
        let isOpen = schema["x-kubernetes-preserve-unknown-fields"]?.boolValue == true
        if isNullable(schema) { schema["type"] = nil }
        if isNullable(schema) || isOpen {
            for keyword in ["items", "properties", "nullable"] { schema[keyword] = nil }
        }
        if schema["type"] == "array" && schema["items"] == nil || schema["type"] == "object" && isOpen {
            schema["type"] = nil
        }
        if let required = schema["required"]?.arrayValue {
            let kept = required.filter { !isNullable(schema["properties"]?[$0.stringValue ?? ""]) }
            let isEmpty = kept.isEmpty || isNullable(schema["additionalProperties"])
            schema["required"] = isEmpty ? nil : .array(kept)
        }
    }

    /// An object within an object says what it is.
    private func embed(_ schema: inout JSONValue) {
        guard schema["x-kubernetes-embedded-resource"]?.boolValue == true, !isOpen(schema) else { return }
        var properties = schema["properties"]?.objectValue ?? [:]
        for (name, value) in embedded { properties[name] = value }
        schema["properties"] = .object(properties)
        var required = schema["required"]?.arrayValue ?? []
        for name in ["kind", "apiVersion"] as [JSONValue] where !required.contains(name) { required.append(name) }
        schema["required"] = .array(required)
    }
}
