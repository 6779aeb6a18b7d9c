internal import APIMachinery

/// Whether a schema is structural: every field has one type in one place, and what stands under `allOf`, `anyOf`,
/// `oneOf` and `not` only restricts values (`apiextensions-apiserver/pkg/apiserver/schema`).
struct StructuralReview {
    private enum Level { case root, item, field }

    private var errors: [FieldError] = []

    /// Every way in which the schema is not structural, sorted.
    static func review(_ schema: JSONSchemaProps, at path: FieldPath) -> [FieldError] {
        var review = StructuralReview()
        review.invariants(schema, .root, path)
        review.completeness(of: schema, schema, path, path)
        return review.errors.sorted { $0.description.compareBytes(to: $1.description) < 0 }
    }

    /// The two forms in which an integer-or-string may say so itself.
    static let intOrString = [JSONSchemaProps(type: "integer"), JSONSchemaProps(type: "string")]

    private mutating func invariants(_ schema: JSONSchemaProps, _ level: Level, _ path: FieldPath) {
        let type = schema.type ?? ""
        if type == "array" && schema.items == nil {
            errors.append(.required(path.child("items"), "must be specified"))
        }
        if let items = schema.itemSchema { invariants(items, .item, path.child("items")) }
        for (name, property) in schema.sortedProperties {
            invariants(property, .field, path.child("properties").key(name))
        }
        if schema.additionalProperties != nil {
            if level == .root {
                errors.append(.forbidden(path.child("additionalProperties"), "must not be used at the root"))
            }
            if let inner = schema.additionalSchema { invariants(inner, .field, path.child("additionalProperties")) }
        }
        extensions(schema, path)
        let skipsAnyOf = schema.anyOf == Self.intOrString
        let skipsFirstAllOf = schema.allOf.first?.anyOf == Self.intOrString
        values(schema, skipsAnyOf: skipsAnyOf, skipsFirstAllOf: skipsFirstAllOf, path)
        self.type(schema, level, path)
        let isResource = level == .root || schema.isEmbeddedResource
        for name in ["kind", "apiVersion"] where isResource {
            guard let property = schema.properties[name], property.type != "string" else { continue }
            let place = path.child("properties").key(name).child("type")
            errors.append(.invalid(place, .string(property.type ?? ""), "must be string"))
        }
        if let metadata = schema.properties["metadata"] {
            self.metadata(metadata, isResource, level, path.child("properties").key("metadata"))
        }
        if schema.isEmbeddedResource && schema.preservesUnknownFields != true && schema.properties.isEmpty {
            errors.append(
                .required(
                    path.child("properties"),
                    "must not be empty if x-kubernetes-embedded-resource is true without "
                        + "x-kubernetes-preserve-unknown-fields"
                )
            )
        }
    }

    private mutating func type(_ schema: JSONSchemaProps, _ level: Level, _ path: FieldPath) {
        let type = schema.type ?? ""
        let place = path.child("type")
        if schema.isEmbeddedResource && type != "object" {
            let words = "must be object if x-kubernetes-embedded-resource is true"
            errors.append(type.isEmpty ? .required(place, words) : .invalid(place, .string(type), words))
        } else if type.isEmpty && !schema.isIntOrString && schema.preservesUnknownFields != true {
            switch level {
            case .root: errors.append(.required(place, "must not be empty at the root"))
            case .item: errors.append(.required(place, "must not be empty for specified array items"))
            case .field: errors.append(.required(place, "must not be empty for specified object fields"))
            }
        }
        if schema.isEmbeddedResource && schema.additionalProperties != nil {
            let words = "must not be used if x-kubernetes-embedded-resource is set"
            errors.append(.forbidden(path.child("additionalProperties"), words))
        }
        if level == .root && !type.isEmpty && type != "object" {
            errors.append(.invalid(place, .string(type), "must be object at the root"))
        }
    }

    /// Only a resource's names may be restricted; the rest of its metadata is the server's.
    private mutating func metadata(_ schema: JSONSchemaProps, _ isResource: Bool, _ level: Level, _ path: FieldPath) {
        if isResource && schema.type != "object" {
            errors.append(.invalid(path.child("type"), .string(schema.type ?? ""), "must be object"))
        }
        guard level == .root else { return }
        var rest = schema
        if rest.properties.keys.allSatisfy({ $0 == "name" || $0 == "generateName" }) { rest.properties = [:] }
        rest.type = nil
        rest.defaultValue = nil
        if rest != JSONSchemaProps() {
            errors.append(
                .forbidden(
                    path,
                    "must not specify anything other than name and generateName, "
                        + "but metadata is implicitly specified"
                )
            )
        }
    }

    private mutating func extensions(_ schema: JSONSchemaProps, _ path: FieldPath) {
        guard schema.isIntOrString else { return }
        if schema.preservesUnknownFields == true {
            let words = "must be false if x-kubernetes-int-or-string is true"
            errors.append(.invalid(path.child("x-kubernetes-preserve-unknown-fields"), true, words))
        }
        if schema.isEmbeddedResource {
            let words = "must be false if x-kubernetes-int-or-string is true"
            errors.append(.invalid(path.child("x-kubernetes-embedded-resource"), true, words))
        }
    }

    private mutating func values(
        _ schema: JSONSchemaProps,
        skipsAnyOf: Bool,
        skipsFirstAllOf: Bool,
        _ path: FieldPath
    ) {
        if !skipsAnyOf {
            for (index, part) in schema.anyOf.enumerated() { nested(part, path.child("anyOf").index(index)) }
        }
        for (index, part) in schema.allOf.enumerated() {
            nested(part, skipsAnyOf: skipsFirstAllOf && index == 0, path.child("allOf").index(index))
        }
        for (index, part) in schema.oneOf.enumerated() { nested(part, path.child("oneOf").index(index)) }
        if let not = schema.not { nested(not.value, path.child("not")) }
        if let pattern = schema.pattern, !pattern.isEmpty {
            do {
                _ = try Pattern(pattern)
            } catch {
                let words = "must be a valid regular expression, but isn't: \(error)"
                errors.append(.invalid(path.child("pattern"), .string(pattern), words))
            }
        }
    }

    private mutating func nested(_ schema: JSONSchemaProps, skipsAnyOf: Bool = false, _ path: FieldPath) {
        values(schema, skipsAnyOf: skipsAnyOf, skipsFirstAllOf: false, path)
        if let items = schema.itemSchema { nested(items, path.child("items")) }
        for (name, property) in schema.sortedProperties { nested(property, path.child("properties").key(name)) }
        func forbid(_ isThere: Bool, _ keyword: String, _ wanted: String) {
            if isThere { errors.append(.forbidden(path.child(keyword), "must be \(wanted) to be structural")) }
        }
        let allowsAdditional: Bool = if case .allowed(false)? = schema.additionalProperties { false } else { true }
        forbid(!(schema.type ?? "").isEmpty, "type", "empty")
        forbid(schema.additionalProperties != nil && allowsAdditional, "additionalProperties", "undefined")
        forbid(schema.defaultValue != nil, "default", "undefined")
        forbid(!(schema.title ?? "").isEmpty, "title", "empty")
        forbid(!(schema.description ?? "").isEmpty, "description", "empty")
        forbid(schema.nullable, "nullable", "false")
        forbid(schema.preservesUnknownFields == true, "x-kubernetes-preserve-unknown-fields", "false")
        forbid(schema.isEmbeddedResource, "x-kubernetes-embedded-resource", "false")
        forbid(schema.isIntOrString, "x-kubernetes-int-or-string", "false")
        forbid(!schema.listMapKeys.isEmpty, "x-kubernetes-list-map-keys", "empty")
        forbid(schema.listType != nil, "x-kubernetes-list-type", "undefined")
        forbid(schema.mapType != nil, "x-kubernetes-map-type", "undefined")
        forbid(!schema.validations.isEmpty, "x-kubernetes-validations", "empty")
        if schema.properties["metadata"] != nil {
            errors.append(
                .forbidden(path.child("properties").key("metadata"), "must not be specified in a nested context")
            )
        }
    }

    /// What a nested part restricts must exist in the structure.
    private mutating func completeness(
        of part: JSONSchemaProps,
        _ structure: JSONSchemaProps,
        _ path: FieldPath,
        _ partPath: FieldPath
    ) {
        if let not = part.not { nestedCompleteness(of: not.value, structure, path, partPath.child("not")) }
        for (keyword, parts) in [("allOf", part.allOf), ("anyOf", part.anyOf), ("oneOf", part.oneOf)] {
            for (index, inner) in parts.enumerated() {
                nestedCompleteness(of: inner, structure, path, partPath.child(keyword).index(index))
            }
        }
    }

    private mutating func nestedCompleteness(
        of part: JSONSchemaProps,
        _ structure: JSONSchemaProps?,
        _ path: FieldPath,
        _ partPath: FieldPath
    ) {
        guard let structure else {
            errors.append(.required(path, "because it is defined in \(partPath)"))
            return
        }
        completeness(of: part, structure, path, partPath)
        if let items = part.itemSchema {
            nestedCompleteness(of: items, structure.itemSchema, path.child("items"), partPath.child("items"))
        }
        for (name, property) in part.sortedProperties {
            nestedCompleteness(
                of: property,
                structure.properties[name],
                path.child("properties").key(name),
                partPath.child("properties").key(name)
            )
        }
    }
}
