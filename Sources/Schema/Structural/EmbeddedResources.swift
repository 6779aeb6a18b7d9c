internal import APIMachinery

/// Coerces and checks the metadata of embedded resources
/// (`apiextensions-apiserver/pkg/apiserver/schema/objectmeta`).
enum EmbeddedResources {
    /// The object with the metadata of every embedded resource in it brought into form, and what was not known.
    ///
    /// - Throws: `FieldError` where a type is wrong.
    static func coerce(
        _ object: JSONValue,
        _ schema: StructuralSchema
    ) throws(FieldError) -> (object: JSONValue, unknown: [String]) {
        guard schema.below.contains(.embeddedResources) else { return (object, []) }
        var unknown: [String] = []
        let result = try coerced(object, schema, .root, &unknown)
        return (result, unknown.sorted { $0.compareBytes(to: $1) < 0 })
    }

    private static func coerced(
        _ value: JSONValue,
        _ schema: StructuralSchema,
        _ path: FieldPath,
        _ unknown: inout [String]
    ) throws(FieldError) -> JSONValue {
        guard schema.below.contains(.embeddedResources) else { return value }
        switch value {
        case .object(var members):
            for (name, original) in members {
                var member = original
                if schema.isEmbeddedResource {
                    if name == "apiVersion" || name == "kind" {
                        guard member.stringValue != nil else {
                            throw .invalid(path.child(name), member, "must be a string")
                        }
                    } else if name == "metadata" {
                        do {
                            let (metadata, odd) = try ObjectMetaCoercion.coerce(member)
                            let place = path.child("metadata").description
                            unknown += odd.map { "\(place).\($0)" }
                            member = metadata
                        } catch {
                            throw .invalid(path.child("metadata"), member, error.description)
                        }
                    }
                }
                if let property = schema.property(named: name) {
                    member = try coerced(member, property, path.child(name), &unknown)
                } else if let additional = schema.additionalProperties.schema {
                    member = try coerced(member, additional, path.key(name), &unknown)
                }
                members[name] = member
            }
            return .object(members)
        case .array(var elements):
            guard let items = schema.items else { return value }
            for index in elements.indices {
                elements[index] = try coerced(elements[index], items, path.index(index), &unknown)
            }
            return .array(elements)
        default: return value
        }
    }

    /// What is wrong with `apiVersion`, `kind` and `metadata` of embedded resources.
    static func validate(_ value: JSONValue, _ schema: StructuralSchema, at path: FieldPath = .root) -> [FieldError] {
        guard schema.below.contains(.embeddedResources) else { return [] }
        var errors: [FieldError] = []
        switch value {
        case .object(let members):
            if schema.isEmbeddedResource { errors += resource(members, path) }
            for (name, member) in members {
                if let property = schema.property(named: name) {
                    errors += validate(member, property, at: path.child(name))
                } else if let additional = schema.additionalProperties.schema {
                    errors += validate(member, additional, at: path.key(name))
                }
            }
        case .array(let elements):
            guard let items = schema.items else { break }
            for (index, element) in elements.enumerated() {
                errors += validate(element, items, at: path.index(index))
            }
        default: break
        }
        return errors
    }

    static func resource(_ members: JSONObject, _ path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        if members["apiVersion"] == nil { errors.append(.required(path.child("apiVersion"))) }
        if members["kind"] == nil { errors.append(.required(path.child("kind"))) }
        if let value = members["apiVersion"] {
            let place = path.child("apiVersion")
            if let text = value.stringValue {
                if text.isEmpty {
                    errors.append(.invalid(place, value, "must not be empty"))
                } else if text.utf8.filter({ $0 == UInt8(ascii: "/") }).count > 1 {
                    errors.append(.invalid(place, value, "unexpected GroupVersion string: \(text)"))
                }
            } else {
                errors.append(.invalid(place, value, "must be a string"))
            }
        }
        if let value = members["kind"] {
            let place = path.child("kind")
            if let text = value.stringValue {
                let faults = Validation.dns1035Label(text.lowercased())
                if text.isEmpty {
                    errors.append(.invalid(place, value, "must not be empty"))
                } else if !faults.isEmpty {
                    let words = "may have mixed case, but should otherwise match: \(faults.joined(separator: ","))"
                    errors.append(.invalid(place, value, words))
                }
            } else {
                errors.append(.invalid(place, value, "must be a string"))
            }
        }
        if let value = members["metadata"] { errors += metadata(value, path.child("metadata")) }
        return errors
    }

    private static func metadata(_ value: JSONValue, _ path: FieldPath) -> [FieldError] {
        // Coercion reports what cannot be read, where it is done.
        guard let (metadata, _) = try? ObjectMetaCoercion.coerce(value) else { return [] }
        var errors: [FieldError] = []
        if let name = metadata["generateName"]?.stringValue {
            errors += Validation.pathSegmentPrefix(name).map { .invalid(path.child("generateName"), .string(name), $0) }
        }
        if let name = metadata["name"]?.stringValue {
            errors += Validation.pathSegment(name).map { .invalid(path.child("name"), .string(name), $0) }
        }
        if let namespace = metadata["namespace"]?.stringValue {
            errors += Validation.dns1123Label(namespace)
                .map { .invalid(path.child("namespace"), .string(namespace), $0) }
        }
        if let generation = metadata["generation"]?.intValue, generation < 0 {
            errors.append(.invalid(path.child("generation"), .int(generation), "must be greater than or equal to 0"))
        }
        func texts(_ field: String) -> [String: String] {
            var result: [String: String] = [:]
            for (key, value) in metadata[field]?.objectValue ?? [:] { result[key] = value.stringValue ?? "" }
            return result
        }
        errors += Validation.labels(texts("labels"), at: path.child("labels"))
        errors += Validation.annotations(texts("annotations"), at: path.child("annotations"))
        for (index, finalizer) in (metadata["finalizers"]?.arrayValue ?? []).enumerated() {
            errors += Validation.finalizer(finalizer.stringValue ?? "", at: path.child("finalizers").index(index))
        }
        return errors
    }
}
