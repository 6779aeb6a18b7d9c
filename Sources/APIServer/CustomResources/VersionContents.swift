import APIMachinery
import Schema

/// What versions say of their objects. What all versions say alike stands, in the form the reference checks, once
/// for all of them, so that is how errors name it.
struct VersionContents {
    let versions: [JSONValue]
    let path: FieldPath

    private func isShared(_ field: String) -> Bool { versions.allSatisfy { $0[field] == versions[0][field] } }

    var errors: [FieldError] {
        guard !versions.isEmpty else { return [] }
        var errors: [FieldError] = []
        for (index, version) in versions.enumerated() {
            func place(_ field: String, shared name: String) -> FieldPath? {
                if !isShared(field) { return path.child("versions").index(index).child(field) }
                return index == 0 ? path.child(name) : nil
            }
            if let at = place("schema", shared: "validation") { errors += schema(version, at: at) }
            if let at = place("subresources", shared: "subresources") { errors += subresources(version, at: at) }
            if let at = place("additionalPrinterColumns", shared: "additionalPrinterColumns") {
                errors += columns(version, at: at)
            }
            if let at = place("selectableFields", shared: "selectableFields") { errors += fields(version, at: at) }
        }
        return errors
    }

    private func schema(_ version: JSONValue, at path: FieldPath) -> [FieldError] {
        guard let json = version.value(at: "schema", "openAPIV3Schema") else { return [] }
        do {
            let schema = try JSONSchemaProps(json: json)
            let hasStatus = version.value(at: "subresources", "status")?.objectValue != nil
            return SchemaReview.review(schema, at: path, hasStatus: hasStatus)
        } catch {
            return [.invalid(path.child("openAPIV3Schema"), .string(error.path), error.message)]
        }
    }

    private static let formats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"]

    private func columns(_ version: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let types = ["boolean", "date", "integer", "number", "string"]
        let choice = "must be one of \(types.joined(separator: ","))"
        for (index, column) in (version["additionalPrinterColumns"]?.arrayValue ?? []).enumerated() {
            let at = path.index(index)
            if (column["name"]?.stringValue ?? "").isEmpty { errors.append(.required(at.child("name"))) }
            let type = column["type"]?.stringValue ?? ""
            if type.isEmpty {
                errors.append(.required(at.child("type"), choice))
            } else if !types.contains(type) {
                errors.append(.invalid(at.child("type"), .string(type), choice))
            }
            if let format = column["format"]?.stringValue, !format.isEmpty, !Self.formats.contains(format) {
                let detail = "must be one of \(Self.formats.joined(separator: ","))"
                errors.append(.invalid(at.child("format"), .string(format), detail))
            }
            let jsonPath = column["jsonPath"]?.stringValue ?? ""
            if jsonPath.isEmpty {
                errors.append(.required(at.child("JSONPath")))
            } else if JSONPath(jsonPath) == nil {
                errors.append(
                    .invalid(at.child("JSONPath"), .string(jsonPath), "must be a simple json path starting with .")
                )
            }
        }
        return errors
    }

    private func subresources(_ version: JSONValue, at path: FieldPath) -> [FieldError] {
        guard let scale = version.value(at: "subresources", "scale"), scale.objectValue != nil else { return [] }
        var errors: [FieldError] = []
        let at = path.child("scale")
        for (field, root) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
            let text = scale[field]?.stringValue ?? ""
            if text.isEmpty {
                errors.append(.required(at.child(field)))
            } else if !text.hasPrefix("\(root).") {
                errors.append(.invalid(at.child(field), .string(text), "should be a json path under \(root)"))
            }
        }
        if let text = scale["labelSelectorPath"]?.stringValue, !text.hasPrefix(".spec."), !text.hasPrefix(".status.") {
            let detail = "should be a json path under either .spec or .status"
            errors.append(.invalid(at.child("labelSelectorPath"), .string(text), detail))
        }
        return errors
    }

    private func fields(_ version: JSONValue, at path: FieldPath) -> [FieldError] {
        let fields = version["selectableFields"]?.arrayValue ?? []
        guard !fields.isEmpty else { return [] }
        var errors: [FieldError] = []
        guard let json = version.value(at: "schema", "openAPIV3Schema"), let schema = try? StructuralSchema(json: json)
        else { return [] }
        var seen: Set<String> = []
        for (index, field) in fields.enumerated() {
            let at = path.index(index).child("jsonPath")
            let text = field["jsonPath"]?.stringValue ?? ""
            guard !text.isEmpty else {
                errors.append(.required(at))
                continue
            }
            if text.hasPrefix(".metadata.") {
                errors.append(.invalid(at, .string(text), "must not point to fields in metadata"))
                continue
            }
            do {
                let found = try SchemaPath(text, in: schema, allowingBrackets: false)
                if !["string", "boolean", "integer"].contains(found.schema.type) {
                    let detail =
                        "must point to a field of type string, boolean or integer. Enum string fields and strings "
                        + "with formats are allowed."
                    errors.append(.invalid(at, .string(text), detail))
                }
            } catch {
                errors.append(.invalid(at, .string(text), "is an invalid path: \(error)"))
            }
            if !seen.insert(text).inserted { errors.append(.duplicate(at, .string(text))) }
        }
        if fields.count > 8 { errors.append(.tooMany(path, actual: fields.count, maximum: 8)) }
        return errors
    }
}
