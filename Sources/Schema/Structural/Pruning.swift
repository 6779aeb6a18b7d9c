public import APIMachinery

/// Removes what a schema does not know (`apiextensions-apiserver/pkg/apiserver/schema/pruning`).
public enum Pruning {
    /// What pruning looks at; also made of schemas that are still being compiled.
    struct Shape {
        var properties: [StructuralSchema.Property]
        var additionalProperties: StructuralSchema.AdditionalProperties
        var items: StructuralSchema?
        var preservesUnknownFields: Bool
        var isEmbeddedResource: Bool
    }

    /// An object without the fields that the schema does not know, and the paths of those fields, sorted.
    ///
    /// As the root of a resource it keeps `apiVersion`, `kind` and `metadata` whatever the schema says.
    public static func prune(
        _ object: JSONValue,
        _ schema: StructuralSchema,
        isResourceRoot: Bool
    ) -> (object: JSONValue, unknown: [String]) {
        var walk = Walk()
        var shape = schema.shape
        if isResourceRoot { shape.isEmbeddedResource = true }
        guard let pruned = walk.prune(object, shape) else { return (object, []) }
        return (pruned, walk.unknown.sorted { $0.compareBytes(to: $1) < 0 })
    }

    static func pruned(_ value: JSONValue, _ shape: Shape) -> JSONValue {
        var walk = Walk()
        return walk.prune(value, shape) ?? value
    }

    /// One pass over an object. Every step answers `nil` where nothing changed, so that what is in order is not
    /// copied.
    private struct Walk {
        var unknown: [String] = []
        private var path: [PathElement] = []

        mutating func prune(_ value: JSONValue, _ shape: Shape) -> JSONValue? {
            switch value {
            case .object(let members):
                var cursor = PropertyCursor(shape.properties)
                var changed: JSONObject?
                for (name, member) in members {
                    if shape.isEmbeddedResource && Self.isMeta(name) { continue }
                    if let property = cursor.property(named: name) {
                        if let replaced = descend(.member(name), member, property.shape) {
                            changed = changed ?? members
                            changed?[name] = replaced
                        }
                    } else if shape.additionalProperties.isSpecified {
                        let inner = shape.additionalProperties.schema?.shape
                        // Under `additionalProperties: true` nothing is known of the value, but inside
                        // preserved fields nothing unknown is removed either.
                        if let replaced = descend(.member(name), member, inner ?? Self.nothing) {
                            changed = changed ?? members
                            changed?[name] = replaced
                        }
                    } else if !shape.preservesUnknownFields {
                        if !Self.isMeta(name) || !path.isEmpty { record(name) }
                        changed = changed ?? members
                        changed?.removeValue(forKey: name)
                    }
                }
                return changed.map { .object($0) }
            case .array(let elements):
                // Below preserved fields an unspecified element is preserved too; else nothing in it is known.
                if shape.items == nil && shape.preservesUnknownFields { return nil }
                var inner = shape.items?.shape ?? Self.nothing
                if shape.preservesUnknownFields { inner.preservesUnknownFields = true }
                var changed: [JSONValue]?
                for (index, element) in elements.enumerated() {
                    if let replaced = descend(.index(index), element, inner) {
                        changed = changed ?? elements
                        changed?[index] = replaced
                    }
                }
                return changed.map { .array($0) }
            default: return nil
            }
        }

        private mutating func descend(_ element: PathElement, _ value: JSONValue, _ shape: Shape) -> JSONValue? {
            switch value {
            case .object, .array: break
            default: return nil
            }
            path.append(element)
            defer { path.removeLast() }
            return prune(value, shape)
        }

        private mutating func record(_ name: String) {
            unknown.append(PathElement.text(of: path + [.member(name)]))
        }

        private static let nothing = Shape(
            properties: [],
            additionalProperties: .unspecified,
            items: nil,
            preservesUnknownFields: false,
            isEmbeddedResource: false
        )

        private static func isMeta(_ name: String) -> Bool {
            name == "apiVersion" || name == "kind" || name == "metadata"
        }
    }
}

extension StructuralSchema {
    var shape: Pruning.Shape {
        Pruning.Shape(
            properties: properties,
            additionalProperties: additionalProperties,
            items: items,
            preservesUnknownFields: preservesUnknownFields,
            isEmbeddedResource: isEmbeddedResource
        )
    }
}

/// One step from a value to one inside it.
enum PathElement: Sendable, Hashable {
    case member(String)
    case index(Int)

    /// The path as Kubernetes writes it, `spec.steps[2].id`.
    static func text(of path: some Sequence<PathElement>) -> String {
        var text = ""
        for element in path {
            switch element {
            case .member(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}
