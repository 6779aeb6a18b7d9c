public import APIMachinery

/// Checks that lists of type `set` hold nothing twice and lists of type `map` no key twice
/// (`apiextensions-apiserver/pkg/apiserver/schema/listtype`).
public enum ListTypeValidation {
    /// The elements that occur again, anywhere in the value.
    public static func validate(
        _ value: JSONValue,
        _ schema: StructuralSchema,
        at path: FieldPath = .root
    ) -> [FieldError] {
        var errors: [FieldError] = []
        walk(value, schema, [], path, &errors)
        return errors
    }

    private static func walk(
        _ value: JSONValue,
        _ schema: StructuralSchema,
        _ steps: [Step],
        _ root: FieldPath,
        _ errors: inout [FieldError]
    ) {
        guard schema.below.contains(.listTypes) else { return }
        switch value {
        case .object(let members):
            for (name, member) in members {
                if let additional = schema.additionalProperties.schema {
                    walk(member, additional, steps + [.key(name)], root, &errors)
                }
                if let property = schema.property(named: name) {
                    walk(member, property, steps + [.child(name)], root, &errors)
                }
            }
        case .array(let elements):
            switch schema.listType {
            case .set:
                for index in repeated(elements) {
                    errors.append(duplicate(elements[index], path(root, steps + [.index(index)])))
                }
            case .map: keys(elements, schema, steps, root, &errors)
            case .atomic, nil: break
            }
            guard let items = schema.items, items.below.contains(.listTypes) else { return }
            for (index, element) in elements.enumerated() {
                walk(element, items, steps + [.index(index)], root, &errors)
            }
        default: break
        }
    }

    private enum Step { case child(String), key(String), index(Int) }

    private static func path(_ root: FieldPath, _ steps: [Step]) -> FieldPath {
        steps.reduce(root) { path, step in
            switch step {
            case .child(let name): path.child(name)
            case .key(let key): path.key(key)
            case .index(let index): path.index(index)
            }
        }
    }

    private static func duplicate(_ value: JSONValue, _ path: FieldPath) -> FieldError {
        FieldError(reason: .duplicate, field: path.description, body: "Duplicate value: \(GoText.shown(value))")
    }

    private static func keys(
        _ elements: [JSONValue],
        _ schema: StructuralSchema,
        _ steps: [Step],
        _ root: FieldPath,
        _ errors: inout [FieldError]
    ) {
        var keys: [JSONValue] = []
        keys.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            var key = JSONObject()
            switch element {
            case .object(let members): for name in schema.listMapKeys { key[name] = members[name] }
            case .null: break
            default:
                let words = "must be an object for an array of list-type map"
                errors.append(.invalid(path(root, steps + [.index(index)]), element, words))
                return
            }
            keys.append(.object(key))
        }
        for index in repeated(keys) {
            errors.append(duplicate(keys[index], path(root, steps + [.index(index)])))
        }
    }

    /// Where values occur for the second time; further times are not told.
    private static func repeated(_ values: [JSONValue]) -> [Int] {
        guard values.count > 1 else { return [] }
        var times: [JSONValue: Int] = [:]
        times.reserveCapacity(values.count)
        var result: [Int] = []
        for (index, value) in values.enumerated() {
            let seen = times[value, default: 0]
            if seen == 1 { result.append(index) }
            times[value] = seen + 1
        }
        return result
    }
}
