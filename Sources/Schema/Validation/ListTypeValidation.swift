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
        guard schema.below.contains(.listTypes) else { return [] }
        var walk = Walk(root: path)
        walk.visit(value, schema)
        return walk.errors
    }

    /// One pass over a value; the path is put together only for what is wrong.
    private struct Walk {
        enum Step { case child(String), key(String), index(Int) }

        let root: FieldPath
        var errors: [FieldError] = []
        private var steps: [Step] = []

        init(root: FieldPath) { self.root = root }

        mutating func visit(_ value: JSONValue, _ schema: StructuralSchema) {
            switch value {
            case .object(let members):
                if let additional = schema.additionalProperties.schema, additional.below.contains(.listTypes) {
                    for (name, member) in members { descend(.key(name), member, additional) }
                }
                for property in schema.properties where property.schema.below.contains(.listTypes) {
                    guard let member = members[property.name] else { continue }
                    descend(.child(property.name), member, property.schema)
                }
            case .array(let elements):
                switch schema.listType {
                case .set: for index in ListTypeValidation.repeated(elements) { report(index, elements[index]) }
                case .map: keys(elements, schema.listMapKeys)
                case .atomic, nil: break
                }
                guard let items = schema.items, items.below.contains(.listTypes) else { return }
                for (index, element) in elements.enumerated() { descend(.index(index), element, items) }
            default: break
            }
        }

        private mutating func descend(_ step: Step, _ value: JSONValue, _ schema: StructuralSchema) {
            steps.append(step)
            visit(value, schema)
            steps.removeLast()
        }

        private func path(_ index: Int) -> FieldPath {
            steps.reduce(root) { path, step in
                switch step {
                case .child(let name): path.child(name)
                case .key(let key): path.key(key)
                case .index(let index): path.index(index)
                }
            }.index(index)
        }

        private mutating func report(_ index: Int, _ value: JSONValue) {
            let field = path(index).description
            errors.append(
                FieldError(reason: .duplicate, field: field, body: "Duplicate value: \(GoText.shown(value))")
            )
        }

        private mutating func keys(_ elements: [JSONValue], _ names: [String]) {
            var keys: [JSONValue] = []
            keys.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                switch element {
                case .object(let members):
                    // One key is compared by itself; an absent one equals no null.
                    if names.count == 1, let name = names.first {
                        keys.append(members[name].map { .array([$0]) } ?? .array([]))
                    } else {
                        keys.append(.object(Self.key(members, names)))
                    }
                case .null: keys.append(names.count == 1 ? .array([]) : .object([:]))
                default:
                    let words = "must be an object for an array of list-type map"
                    errors.append(.invalid(path(index), element, words))
                    return
                }
            }
            for index in ListTypeValidation.repeated(keys) {
                report(index, .object(Self.key(elements[index].objectValue ?? [:], names)))
            }
        }

        private static func key(_ members: JSONObject, _ names: [String]) -> JSONObject {
            var key = JSONObject()
            for name in names { key[name] = members[name] }
            return key
        }
    }

    /// Where values occur for the second time; further times are not reported.
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
