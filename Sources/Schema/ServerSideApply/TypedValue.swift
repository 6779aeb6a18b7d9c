internal import APIMachinery

/// A value together with its type: what server-side apply merges, compares and takes apart
/// (`structured-merge-diff/typed`). An absent value is `nil`; JSON's `null` is a value.
struct TypedValue: Sendable {
    var value: JSONValue?
    var schema: TypeSchema

    /// What is wrong with values of a type, with the path of each fault in front.
    struct Faults: Error, CustomStringConvertible {
        var messages: [String]

        var description: String {
            messages.count == 1 ? messages[0] : "errors:\n" + messages.map { "  \($0)" }.joined(separator: "\n")
        }
    }

    /// Which of the kinds of value that a type allows is meant.
    enum Kind { case map, scalar, list, any }

    /// The kind of a value, as far as its type allows it. `null` and absent values fit every kind.
    static func kind(of value: JSONValue?, _ schema: TypeSchema) -> Kind {
        let given: Kind =
            switch value {
            case nil, .null?: .any
            case .array?: .list
            case .object?: .map
            default: .scalar
            }
        switch given {
        case .map where schema.map != nil && (schema.scalar != nil || schema.list != nil): return .map
        case .scalar where schema.scalar != nil && (schema.map != nil || schema.list != nil): return .scalar
        case .list where schema.list != nil && (schema.map != nil || schema.scalar != nil): return .list
        default: return .any
        }
    }

    /// The one shape under which a value of that kind is handled.
    enum Shape {
        case map(TypeSchema.Map), scalar(TypeSchema.Scalar), list(TypeSchema.List), invalid
    }

    static func shape(_ kind: Kind, _ schema: TypeSchema) -> Shape {
        switch kind {
        case .map: if let map = schema.map { return .map(map) }
        case .scalar: if let scalar = schema.scalar { return .scalar(scalar) }
        case .list: if let list = schema.list { return .list(list) }
        case .any: break
        }
        if let map = schema.map { return .map(map) }
        if let scalar = schema.scalar { return .scalar(scalar) }
        if let list = schema.list { return .list(list) }
        return .invalid
    }

    /// What identifies an element of a list.
    ///
    /// - Throws: `Faults` where it cannot be.
    static func element(_ value: JSONValue, in list: TypeSchema.List) throws(Faults) -> FieldSet.Element {
        switch list.relationship {
        case .atomic: throw Faults(messages: ["invalid indexing of non-associative list"])
        case .set:
            switch value {
            case .object:
                throw Faults(messages: ["associative list without keys has an element that's a map type"])
            case .array:
                throw Faults(messages: ["not supported: associative list with lists as elements"])
            case .null:
                throw Faults(messages: ["associative list without keys has an element that's an explicit null"])
            default: return .value(value)
            }
        case .map(let keys):
            guard case .object(let members) = value else {
                let what = value.isNull ? "a null element" : "non-map elements"
                throw Faults(messages: ["associative list with keys may not have \(what)"])
            }
            var fields: [FieldSet.KeyField] = []
            for key in keys {
                // A key that is neither given nor has a default is left out: such an element is another one.
                guard let value = members[key] ?? list.element.schema?.map?.field(key)?.defaultValue else { continue }
                fields.append(FieldSet.KeyField(name: key, value: value))
            }
            if fields.isEmpty {
                let names = keys.map(GoText.quoted).joined(separator: " ")
                throw Faults(messages: [
                    "associative list with keys has an element that omits all key fields [\(names)] "
                        + "(and doesn't have default values for any key fields)"
                ])
            }
            fields.sort { $0.name.compareBytes(to: $1.name) < 0 }
            return .key(fields)
        }
    }

    /// Why a value is not a scalar of that kind; `nil` if it is. `null` is one of every kind.
    static func fault(_ value: JSONValue?, as scalar: TypeSchema.Scalar, prefix: String = "") -> String? {
        guard let value, !value.isNull else { return nil }
        switch (scalar, value) {
        case (.numeric, .int), (.numeric, .double), (.string, .string), (.boolean, .bool): return nil
        case (.untyped, .int), (.untyped, .double), (.untyped, .string), (.untyped, .bool): return nil
        case (.numeric, _):
            let type =
                switch value {
                case .string: "string"
                case .bool: "bool"
                case .array: "[]interface {}"
                case .object: "map[string]interface {}"
                case .null, .int, .double: "<nil>"
                }
            return "\(prefix)expected numeric (int or float), got \(type)"
        case (.string, _):
            return "\(prefix)expected string, got &value.valueUnstructured{Value:\(MergeValue.printed(value))}"
        case (.boolean, _): return "\(prefix)expected boolean, got &{\(MergeValue.printed(value))}"
        case (.untyped, _): return "\(prefix)expected any scalar, got &{\(MergeValue.printed(value))}"
        }
    }
}

/// Whether a value fits its type.
extension TypedValue {
    /// Checks the value against its type.
    ///
    /// - Parameter allowingDuplicates: whether sets and keyed lists may hold elements twice, as stored ones may.
    /// - Throws: `Faults` with every fault found.
    func validate(allowingDuplicates: Bool) throws(Faults) {
        var walk = Validation(allowingDuplicates: allowingDuplicates)
        walk.visit(value, schema)
        if !walk.messages.isEmpty { throw Faults(messages: walk.messages) }
    }

    /// One pass over a value; the path is put into words only for what is wrong.
    private struct Validation {
        let allowingDuplicates: Bool
        var messages: [String] = []
        private var path: FieldSet.Path = []

        init(allowingDuplicates: Bool) { self.allowingDuplicates = allowingDuplicates }

        private mutating func report(_ message: String) {
            messages.append(path.isEmpty ? message : "\(FieldSet.text(path)): \(message)")
        }

        private mutating func descend(_ step: FieldSet.Element, _ value: JSONValue, _ schema: TypeSchema) {
            path.append(step)
            visit(value, schema)
            path.removeLast()
        }

        mutating func visit(_ value: JSONValue?, _ schema: TypeSchema) {
            switch TypedValue.shape(TypedValue.kind(of: value, schema), schema) {
            case .invalid: report("schema error: invalid atom: inlined")
            case .scalar(let scalar): if let message = TypedValue.fault(value, as: scalar) { report(message) }
            case .map(let map):
                guard let value, !value.isNull else { return }
                guard case .object(let members) = value else {
                    return report("expected map, got &{\(MergeValue.printed(value))}")
                }
                for (name, member) in members {
                    guard let inner = map.schema(of: name) else {
                        path.append(.field(name))
                        report("field not declared in schema")
                        path.removeLast()
                        return
                    }
                    descend(.field(name), member, inner)
                }
            case .list(let list): visit(list, value)
            }
        }

        private mutating func visit(_ list: TypeSchema.List, _ value: JSONValue?) {
            guard let value, !value.isNull else { return }
            guard case .array(let elements) = value else {
                return report("expected list, got &{\(MergeValue.printed(value))}")
            }
            guard let inner = list.element.schema else { return }
            var seen: Set<FieldSet.Element> = []
            for (index, element) in elements.enumerated() {
                var step = FieldSet.Element.index(index)
                if list.relationship != .atomic {
                    do {
                        step = try TypedValue.element(element, in: list)
                    } catch {
                        return report("element \(index): \(error)")
                    }
                    if !allowingDuplicates && !seen.insert(step).inserted {
                        report("duplicate entries for key \(step)")
                    }
                }
                descend(step, element, inner)
            }
        }
    }
}
