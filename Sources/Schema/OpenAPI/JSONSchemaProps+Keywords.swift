public import APIMachinery

/// A schema's JSON without what no schema has.
extension JSONSchemaProps {
    /// What the values of keywords are, as far as there are schemas in them.
    private enum Shape { case plain, schema, schemas, schemasByName, schemaOrList, rules }

    private static let keywords: [String: Shape] = [
        "id": .plain, "$schema": .plain, "$ref": .plain, "description": .plain, "type": .plain, "format": .plain,
        "title": .plain, "default": .plain, "maximum": .plain, "exclusiveMaximum": .plain, "minimum": .plain,
        "exclusiveMinimum": .plain, "maxLength": .plain, "minLength": .plain, "pattern": .plain, "maxItems": .plain,
        "minItems": .plain, "uniqueItems": .plain, "multipleOf": .plain, "enum": .plain, "maxProperties": .plain,
        "minProperties": .plain, "required": .plain, "items": .schemaOrList, "allOf": .schemas, "oneOf": .schemas,
        "anyOf": .schemas, "not": .schema, "properties": .schemasByName, "additionalProperties": .schema,
        "patternProperties": .schemasByName, "dependencies": .plain, "additionalItems": .schema,
        "definitions": .schemasByName, "externalDocs": .plain, "example": .plain, "nullable": .plain,
        "x-kubernetes-preserve-unknown-fields": .plain, "x-kubernetes-embedded-resource": .plain,
        "x-kubernetes-int-or-string": .plain, "x-kubernetes-list-map-keys": .plain,
        "x-kubernetes-list-type": .plain, "x-kubernetes-map-type": .plain, "x-kubernetes-validations": .rules,
    ]

    private static let ruleKeywords = [
        "rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf",
    ]

    /// The schema's JSON with unknown keywords removed, and their paths below `path`, for the warnings that a CRD
    /// with typing errors gets.
    public static func withoutUnknownKeywords(
        _ json: JSONValue,
        at path: String
    ) -> (json: JSONValue, unknown: [String]) {
        var unknown: [String] = []
        let result = known(json, path, &unknown)
        return (result, unknown)
    }

    private static func known(_ json: JSONValue, _ path: String, _ unknown: inout [String]) -> JSONValue {
        guard case .object(var members) = json else { return json }
        for (key, value) in members {
            let place = "\(path).\(key)"
            switch keywords[key] {
            case nil:
                unknown.append(place)
                members.removeValue(forKey: key)
            case .plain: break
            case .schema, .schemaOrList, .schemas:
                if case .array(let elements) = value {
                    members[key] = .array(
                        elements.enumerated().map { known($1, "\(place)[\($0)]", &unknown) }
                    )
                } else {
                    members[key] = known(value, place, &unknown)
                }
            case .schemasByName:
                guard case .object(let schemas) = value else { continue }
                members[key] = .object(schemas.compactMapValues { known($1, "\(place).\($0)", &unknown) })
            case .rules:
                guard case .array(let rules) = value else { continue }
                members[key] = .array(rules.enumerated().map { known(rule: $1, "\(place)[\($0)]", &unknown) })
            }
        }
        return .object(members)
    }

    private static func known(rule json: JSONValue, _ path: String, _ unknown: inout [String]) -> JSONValue {
        guard case .object(var members) = json else { return json }
        for key in members.keys where !ruleKeywords.contains(key) {
            unknown.append("\(path).\(key)")
            members.removeValue(forKey: key)
        }
        return .object(members)
    }
}
