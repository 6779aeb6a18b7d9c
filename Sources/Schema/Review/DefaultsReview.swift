internal import APIMachinery

/// Whether the defaults of a schema fit the schema themselves
/// (`apiextensions-apiserver/pkg/apiserver/schema/defaulting`).
struct DefaultsReview {
    private var errors: [FieldError] = []
    /// Checks a default against the rules at its place; the list is empty where rules are not reviewed.
    private let rules: ((JSONValue, StructuralSchema, FieldPath) -> [FieldError])?

    /// What is wrong with the defaults of a resource's schema.
    static func review(
        _ schema: JSONSchemaProps,
        _ compiled: StructuralSchema,
        at path: FieldPath,
        rules: ((JSONValue, StructuralSchema, FieldPath) -> [FieldError])? = nil
    ) -> [FieldError] {
        guard compiled.below.contains(.defaults) else { return [] }
        var review = DefaultsReview(rules: rules)
        review.walk(schema, compiled, path, inside: Resource(schema: compiled, steps: []), isRoot: true)
        return review.errors
    }

    private init(rules: ((JSONValue, StructuralSchema, FieldPath) -> [FieldError])?) { self.rules = rules }

    /// The innermost resource around a place, and the way from it.
    private struct Resource {
        var schema: StructuralSchema
        var steps: [PathElement]
        var isInMetadata = false

        func below(_ step: PathElement) -> Resource {
            var copy = self
            copy.steps.append(step)
            return copy
        }

        /// A resource with nothing in it but that value at its place.
        func surrounding(_ value: JSONValue) -> JSONValue {
            var object = steps.reversed().reduce(value) { inner, step in
                switch step {
                case .member(let name): .object([name: inner])
                case .index: .array([inner])
                }
            }
            if object["kind"] == nil { object["kind"] = "Validation" }
            if object["apiVersion"] == nil { object["apiVersion"] = "validation/v1" }
            return object
        }
    }

    private mutating func walk(
        _ schema: JSONSchemaProps,
        _ compiled: StructuralSchema,
        _ path: FieldPath,
        inside outer: Resource,
        isRoot: Bool
    ) {
        guard compiled.below.contains(.defaults) else { return }
        let resource = compiled.isEmbeddedResource ? Resource(schema: compiled, steps: []) : outer
        if let value = schema.defaultValue { check(value, compiled, path.child("default"), resource, isRoot: isRoot) }
        if let items = schema.itemSchema, let inner = compiled.items {
            walk(items, inner, path.child("items"), inside: resource.below(.index(0)), isRoot: false)
        }
        for (name, property) in schema.sortedProperties {
            guard let inner = compiled.property(named: name) else { continue }
            var place = resource.below(.member(name))
            let isMeta = name == "metadata" || name == "apiVersion" || name == "kind"
            if (isRoot || compiled.isEmbeddedResource) && isMeta { place.isInMetadata = true }
            walk(property, inner, path.child("properties").key(name), inside: place, isRoot: false)
        }
    }

    private mutating func check(
        _ value: JSONValue,
        _ schema: StructuralSchema,
        _ path: FieldPath,
        _ resource: Resource,
        isRoot: Bool
    ) {
        if resource.isInMetadata {
            let object = resource.surrounding(value)
            do {
                _ = try object["metadata"].map { metadata throws(CoercionError) in
                    try ObjectMetaCoercion.coerce(metadata)
                }
            } catch {
                errors.append(.invalid(path, value, "must result in valid metadata: \(error)"))
                return
            }
            let faults = EmbeddedResources.resource(object.objectValue ?? [:], .root)
            if !faults.isEmpty {
                let texts = faults.map(\.description)
                let shown = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
                errors.append(.invalid(path, value, "must result in valid metadata: \(shown)"))
                return
            }
        } else {
            var shape = schema.shape
            shape.isEmbeddedResource = schema.isEmbeddedResource || isRoot
            if Pruning.pruned(value, shape) != value {
                errors.append(.invalid(path, value, "must not have unknown fields"))
            }
            do {
                _ = try EmbeddedResources.coerce(value, schema)
            } catch {
                errors.append(
                    FieldError(reason: error.reason, field: path.child(error.field).description, body: error.body)
                )
                return
            }
            let faults = EmbeddedResources.validate(value, schema, at: path)
            if !faults.isEmpty {
                errors += faults
                return
            }
        }
        let faults = SchemaValidator.validate(value, schema, at: path)
        errors += faults
        if faults.isEmpty, let rules { errors += rules(value, schema, path) }
    }
}
