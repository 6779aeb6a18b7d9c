public import APIMachinery

/// Fills in what an object leaves out (`apiextensions-apiserver/pkg/apiserver/schema/defaulting`).
public enum Defaulting {
    /// The object with the schema's defaults in place of absent fields, and of nulls that may not be.
    public static func fill(_ object: JSONValue, _ schema: StructuralSchema) -> JSONValue {
        filled(object, schema) ?? object
    }

    /// `nil` where nothing changes.
    private static func filled(_ value: JSONValue, _ schema: StructuralSchema) -> JSONValue? {
        guard schema.below.contains(.defaults) else { return nil }
        switch value {
        case .object(let members):
            var changed: JSONObject?
            for property in schema.properties {
                guard property.schema.below.contains(.defaults) else { continue }
                let current = members[property.name]
                var next = current
                if let fallback = property.schema.defaultValue,
                    current == nil || (current?.isNull == true && !property.schema.isNullable)
                {
                    next = fallback
                }
                guard let given = next else { continue }
                let inner = filled(given, property.schema)
                if inner != nil || current == nil || (current?.isNull == true && !given.isNull) {
                    changed = changed ?? members
                    changed?[property.name] = inner ?? given
                }
            }
            if let additional = schema.additionalProperties.schema, additional.below.contains(.defaults) {
                var cursor = PropertyCursor(schema.properties)
                for (name, member) in members where cursor.property(named: name) == nil {
                    guard let replaced = element(member, additional) else { continue }
                    changed = changed ?? members
                    changed?[name] = replaced
                }
            }
            return changed.map { .object($0) }
        case .array(let elements):
            guard let items = schema.items, items.below.contains(.defaults) else { return nil }
            var changed: [JSONValue]?
            for (index, member) in elements.enumerated() {
                guard let replaced = element(member, items) else { continue }
                changed = changed ?? elements
                changed?[index] = replaced
            }
            return changed.map { .array($0) }
        default: return nil
        }
    }

    /// An element of a list or a map: there is no absent one, but a null that may not be gets the default.
    private static func element(_ value: JSONValue, _ schema: StructuralSchema) -> JSONValue? {
        if value.isNull, !schema.isNullable, let fallback = schema.defaultValue {
            return filled(fallback, schema) ?? fallback
        }
        return filled(value, schema)
    }

    /// The object without those nulls that may not be and have no default to take their place. Elements of lists
    /// stay, so that no other element moves.
    public static func dropNulls(_ object: JSONValue, _ schema: StructuralSchema) -> JSONValue {
        dropped(object, schema) ?? object
    }

    private static func dropped(_ value: JSONValue, _ schema: StructuralSchema) -> JSONValue? {
        switch value {
        case .object(let members):
            var cursor = PropertyCursor(schema.properties)
            var changed: JSONObject?
            for (name, member) in members {
                guard let inner = cursor.property(named: name) ?? schema.additionalProperties.schema else { continue }
                if member.isNull {
                    if inner.isNullable || inner.defaultValue != nil { continue }
                    changed = changed ?? members
                    changed?.removeValue(forKey: name)
                } else if let replaced = dropped(member, inner) {
                    changed = changed ?? members
                    changed?[name] = replaced
                }
            }
            return changed.map { .object($0) }
        case .array(let elements):
            guard let items = schema.items else { return nil }
            var changed: [JSONValue]?
            for (index, element) in elements.enumerated() {
                if let replaced = dropped(element, items) {
                    changed = changed ?? elements
                    changed?[index] = replaced
                }
            }
            return changed.map { .array($0) }
        default: return nil
        }
    }
}
