public import APIMachinery

/// A schema's JSON that cannot be read: a keyword with a value of the wrong type.
public struct SchemaSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where in the schema, `properties[spec].maxLength`.
    public var path: String
    public var message: String

    public var description: String { "\(path): \(message)" }
}

extension JSONSchemaProps {
    /// Reads a schema from a CRD's `openAPIV3Schema`. Unknown keywords are ignored, as Kubernetes does.
    ///
    /// - Throws: `SchemaSyntaxError` where a keyword has a value of the wrong type.
    public init(json: JSONValue) throws(SchemaSyntaxError) {
        self = try Self.read(json, path: "openAPIV3Schema")
    }

    private static func read(_ json: JSONValue, path: String) throws(SchemaSyntaxError) -> JSONSchemaProps {
        guard case .object(let members) = json else {
            throw SchemaSyntaxError(path: path, message: "must be an object, not \(json.typeName)")
        }
        var schema = JSONSchemaProps()
        let reader = KeywordReader(path: path)
        for (key, value) in members where !value.isNull {
            switch key {
            case "type": schema.type = try reader.string(key, value)
            case "format": schema.format = try reader.string(key, value)
            case "title": schema.title = try reader.string(key, value)
            case "description": schema.description = try reader.string(key, value)
            case "nullable": schema.nullable = try reader.bool(key, value)
            case "default": schema.defaultValue = value
            case "example": schema.example = value
            case "externalDocs": schema.externalDocs = value
            case "maximum": schema.maximum = try reader.number(key, value)
            case "exclusiveMaximum": schema.exclusiveMaximum = try reader.bool(key, value)
            case "minimum": schema.minimum = try reader.number(key, value)
            case "exclusiveMinimum": schema.exclusiveMinimum = try reader.bool(key, value)
            case "multipleOf": schema.multipleOf = try reader.number(key, value)
            case "maxLength": schema.maxLength = try reader.integer(key, value)
            case "minLength": schema.minLength = try reader.integer(key, value)
            case "pattern": schema.pattern = try reader.string(key, value)
            case "maxItems": schema.maxItems = try reader.integer(key, value)
            case "minItems": schema.minItems = try reader.integer(key, value)
            case "uniqueItems": schema.uniqueItems = try reader.bool(key, value)
            case "maxProperties": schema.maxProperties = try reader.integer(key, value)
            case "minProperties": schema.minProperties = try reader.integer(key, value)
            case "required": schema.required = try reader.strings(key, value)
            case "enum": schema.enumeration = try reader.array(key, value)
            case "allOf": schema.allOf = try list(value, path: "\(path).allOf")
            case "anyOf": schema.anyOf = try list(value, path: "\(path).anyOf")
            case "oneOf": schema.oneOf = try list(value, path: "\(path).oneOf")
            case "not": schema.not = .schema(try read(value, path: "\(path).not"))
            case "items":
                if case .array = value {
                    schema.items = .schemas(try list(value, path: "\(path).items"))
                } else {
                    schema.items = .schema(try read(value, path: "\(path).items"))
                }
            case "properties":
                guard case .object(let properties) = value else {
                    throw SchemaSyntaxError(path: "\(path).properties", message: "must be an object")
                }
                for (name, property) in properties {
                    schema.properties[name] = try read(property, path: "\(path).properties[\(name)]")
                }
            case "additionalProperties":
                if case .bool(let allowed) = value {
                    schema.additionalProperties = .allowed(allowed)
                } else {
                    schema.additionalProperties = .schema(try read(value, path: "\(path).additionalProperties"))
                }
            case "x-kubernetes-preserve-unknown-fields":
                schema.preservesUnknownFields = try reader.bool(key, value)
            case "x-kubernetes-embedded-resource": schema.isEmbeddedResource = try reader.bool(key, value)
            case "x-kubernetes-int-or-string": schema.isIntOrString = try reader.bool(key, value)
            case "x-kubernetes-list-type": schema.listType = try reader.string(key, value)
            case "x-kubernetes-list-map-keys": schema.listMapKeys = try reader.strings(key, value)
            case "x-kubernetes-map-type": schema.mapType = try reader.string(key, value)
            case "x-kubernetes-validations":
                let rules = try reader.array(key, value)
                for (index, rule) in rules.enumerated() {
                    schema.validations.append(try ValidationRule.read(rule, path: "\(path).\(key)[\(index)]"))
                }
            case "id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions":
                schema.unsupported[key] = value
            default: break
            }
        }
        return schema
    }

    private static func list(_ json: JSONValue, path: String) throws(SchemaSyntaxError) -> [JSONSchemaProps] {
        guard case .array(let elements) = json else { throw SchemaSyntaxError(path: path, message: "must be a list") }
        var schemas: [JSONSchemaProps] = []
        for (index, element) in elements.enumerated() {
            schemas.append(try read(element, path: "\(path)[\(index)]"))
        }
        return schemas
    }

    /// The schema as JSON, without what is not set.
    public var json: JSONValue {
        var result = unsupported
        result["type"] = type.map { .string($0) }
        result["format"] = format.map { .string($0) }
        result["title"] = title.map { .string($0) }
        result["description"] = description.map { .string($0) }
        result["nullable"] = nullable ? true : nil
        result["default"] = defaultValue
        result["example"] = example
        result["externalDocs"] = externalDocs
        result["maximum"] = maximum.map(Self.number)
        result["exclusiveMaximum"] = exclusiveMaximum ? true : nil
        result["minimum"] = minimum.map(Self.number)
        result["exclusiveMinimum"] = exclusiveMinimum ? true : nil
        result["multipleOf"] = multipleOf.map(Self.number)
        result["maxLength"] = maxLength.map { .int($0) }
        result["minLength"] = minLength.map { .int($0) }
        result["pattern"] = pattern.map { .string($0) }
        result["maxItems"] = maxItems.map { .int($0) }
        result["minItems"] = minItems.map { .int($0) }
        result["uniqueItems"] = uniqueItems ? true : nil
        result["maxProperties"] = maxProperties.map { .int($0) }
        result["minProperties"] = minProperties.map { .int($0) }
        result["required"] = required.isEmpty ? nil : .array(required.map { .string($0) })
        result["enum"] = enumeration.map { .array($0) }
        result["allOf"] = allOf.isEmpty ? nil : .array(allOf.map(\.json))
        result["anyOf"] = anyOf.isEmpty ? nil : .array(anyOf.map(\.json))
        result["oneOf"] = oneOf.isEmpty ? nil : .array(oneOf.map(\.json))
        result["not"] = not?.value.json
        switch items {
        case .schema(let schema): result["items"] = schema.json
        case .schemas(let schemas): result["items"] = .array(schemas.map(\.json))
        case nil: break
        }
        if !properties.isEmpty {
            result["properties"] = .object(JSONObject(properties.map { ($0.key, $0.value.json) }))
        }
        switch additionalProperties {
        case .allowed(let allowed): result["additionalProperties"] = .bool(allowed)
        case .schema(let schema): result["additionalProperties"] = schema.json
        case nil: break
        }
        result["x-kubernetes-preserve-unknown-fields"] = preservesUnknownFields.map { .bool($0) }
        result["x-kubernetes-embedded-resource"] = isEmbeddedResource ? true : nil
        result["x-kubernetes-int-or-string"] = isIntOrString ? true : nil
        result["x-kubernetes-list-type"] = listType.map { .string($0) }
        result["x-kubernetes-list-map-keys"] =
            listMapKeys.isEmpty ? nil : .array(listMapKeys.map { .string($0) })
        result["x-kubernetes-map-type"] = mapType.map { .string($0) }
        result["x-kubernetes-validations"] = validations.isEmpty ? nil : .array(validations.map(\.json))
        return .object(result)
    }

    /// A bound as JSON: without fraction where it has none, as people write it.
    private static func number(_ value: Double) -> JSONValue {
        guard value.magnitude < 9_007_199_254_740_992, let whole = Int64(exactly: value) else { return .double(value) }
        return .int(whole)
    }
}

extension ValidationRule {
    fileprivate static func read(_ json: JSONValue, path: String) throws(SchemaSyntaxError) -> ValidationRule {
        guard case .object(let members) = json else {
            throw SchemaSyntaxError(path: path, message: "must be an object")
        }
        var rule = ValidationRule(rule: "")
        let reader = KeywordReader(path: path)
        for (key, value) in members where !value.isNull {
            switch key {
            case "rule": rule.rule = try reader.string(key, value)
            case "message": rule.message = try reader.string(key, value)
            case "messageExpression": rule.messageExpression = try reader.string(key, value)
            case "reason": rule.reason = try reader.string(key, value)
            case "fieldPath": rule.fieldPath = try reader.string(key, value)
            case "optionalOldSelf": rule.optionalOldSelf = try reader.bool(key, value)
            default: break
            }
        }
        return rule
    }

    /// The rule as JSON, without what is not set.
    public var json: JSONValue {
        var result: JSONObject = ["rule": .string(rule)]
        result["message"] = message.map { .string($0) }
        result["messageExpression"] = messageExpression.map { .string($0) }
        result["reason"] = reason.map { .string($0) }
        result["fieldPath"] = fieldPath.map { .string($0) }
        result["optionalOldSelf"] = optionalOldSelf.map { .bool($0) }
        return .object(result)
    }
}

/// Takes keywords' values out of JSON and says where one has the wrong type.
private struct KeywordReader {
    let path: String

    func string(_ key: String, _ value: JSONValue) throws(SchemaSyntaxError) -> String {
        guard case .string(let text) = value else { throw wrong(key, value, "string") }
        return text
    }

    func bool(_ key: String, _ value: JSONValue) throws(SchemaSyntaxError) -> Bool {
        guard case .bool(let flag) = value else { throw wrong(key, value, "boolean") }
        return flag
    }

    func integer(_ key: String, _ value: JSONValue) throws(SchemaSyntaxError) -> Int64 {
        guard case .int(let number) = value else { throw wrong(key, value, "integer") }
        return number
    }

    func number(_ key: String, _ value: JSONValue) throws(SchemaSyntaxError) -> Double {
        guard let number = value.doubleValue else { throw wrong(key, value, "number") }
        return number
    }

    func array(_ key: String, _ value: JSONValue) throws(SchemaSyntaxError) -> [JSONValue] {
        guard case .array(let elements) = value else { throw wrong(key, value, "list") }
        return elements
    }

    func strings(_ key: String, _ value: JSONValue) throws(SchemaSyntaxError) -> [String] {
        var texts: [String] = []
        for element in try array(key, value) { texts.append(try string(key, element)) }
        return texts
    }

    private func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> SchemaSyntaxError {
        SchemaSyntaxError(path: "\(path).\(key)", message: "must be a \(expected), not \(value.typeName)")
    }
}
