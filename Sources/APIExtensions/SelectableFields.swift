import APIMachinery
import Schema

/// What is wrong with the fields of a definition that field selectors may name.
enum SelectableFields {
    static let maximum = 8

    static func errors(_ fields: [JSONValue], schema: JSONValue, at path: FieldPath) -> [FieldError] {
        // A schema that cannot be read is refused where schemas are checked.
        guard let json = schema["openAPIV3Schema"], let schema = try? StructuralSchema(json: json) else { return [] }
        var errors: [FieldError] = []
        var seen: Set<FieldPath> = []
        for (index, field) in fields.enumerated() {
            let at = path.index(index).child("jsonPath")
            let text = field["jsonPath"]?.stringValue ?? ""
            guard !text.isEmpty else {
                errors.append(.required(at))
                continue
            }
            let found: SchemaPath
            do {
                found = try SchemaPath(text, in: schema, allowingBrackets: false)
            } catch {
                errors.append(.invalid(at, .string(text), "is an invalid path: \(error)"))
                continue
            }
            if found.names.first == "metadata" {
                errors.append(.invalid(at, .string(text), "must not point to fields in metadata"))
            }
            if !["string", "boolean", "integer"].contains(found.schema.type) {
                let detail =
                    "must point to a field of type string, boolean or integer. Enum string fields and strings "
                    + "with formats are allowed."
                errors.append(.invalid(at, .string(text), detail))
            }
            if !seen.insert(found.path).inserted { errors.append(.duplicate(at, .string(text))) }
        }
        if seen.count > maximum { errors.append(.tooMany(path, actual: seen.count, maximum: maximum)) }
        return errors
    }
}

/// What is wrong with the schema of a version, or with the one that all versions share.
enum SchemaErrors {
    static func errors(_ validation: JSONValue?, at path: FieldPath, hasStatus: Bool) -> [FieldError] {
        guard let json = validation?["openAPIV3Schema"], !json.isNull else { return [] }
        do {
            return SchemaReview.review(try JSONSchemaProps(json: json), at: path, hasStatus: hasStatus)
        } catch {
            return [.invalid(path.child("openAPIV3Schema"), .string(error.path), error.message)]
        }
    }

    /// Formats of texts that nobody checks, in all schemas of a definition.
    static func unknownFormats(_ spec: JSONValue) -> [String] {
        var found: [String] = []
        for version in spec["versions"]?.arrayValue ?? [] {
            guard let json = version.value(at: "schema", "openAPIV3Schema"),
                // A schema that cannot be read is refused where schemas are checked.
                let schema = try? JSONSchemaProps(json: json)
            else { continue }
            for format in schema.unknownFormats where !found.contains(format) { found.append(format) }
        }
        return found
    }
}
