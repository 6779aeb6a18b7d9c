import APIMachinery
import Schema
import TestSupport

extension FuzzTarget {
    /// Schemas of custom resources, and objects under them: the schema, the object, and the object before, a line each.
    static let schema = FuzzTarget(
        name: "schema",
        seeds: { try recordedSchemas() },
        check: { bytes in
            let lines = parts(bytes, 3)
            guard let json = try? JSONValue(parsing: lines[0]) else { return }
            _ = JSONSchemaProps.withoutUnknownKeywords(json, at: "schema")
            guard let props = try? JSONSchemaProps(json: json) else { return }
            let again = try expectSuccess("\(props.json.text) cannot be read") { try JSONSchemaProps(json: props.json) }
            try expect(again.json == props.json, "\(props.json.text) is read as \(again.json.text)")

            let errors = SchemaReview.review(props, at: FieldPath("spec.validation"), hasStatus: true)
            guard errors.isEmpty else { return }
            let schema = CustomResourceSchema(props)
            _ = TypeSchema(schema.structural)
            guard let object = try? JSONValue(parsing: lines[1]), case .object = object else { return }
            try checkObject(object, (try? JSONValue(parsing: lines[2])) ?? object, schema)
        }
    )

    private static func checkObject(_ object: JSONValue, _ old: JSONValue, _ schema: CustomResourceSchema) throws {
        guard let coerced = try? schema.coerce(object).object else { return }
        let twice = try expectSuccess("what was coerced cannot be coerced") { try schema.coerce(coerced) }
        try expect(twice.object == coerced, "coerced again, \(coerced.text) is \(twice.object.text)")
        try expect(twice.unknownFields.isEmpty, "after pruning there are still unknown fields: \(twice.unknownFields)")
        let full = schema.fillDefaults(coerced)
        try expect(schema.fillDefaults(full) == full, "defaults are filled in twice: \(full.text)")
        _ = schema.validateCreate(full)
        guard case .object = old, let before = try? schema.coerce(old).object else { return }
        _ = schema.validateUpdate(full, old: schema.fillDefaults(before))
        _ = schema.validateStatusUpdate(full, old: schema.fillDefaults(before))
        // What does not change stays as it is, valid or not: only rules about transitions may object.
        let kept = schema.validateUpdate(full, old: full).errors.filter { $0.reason != .invalid }
        let alone = schema.validateCreate(full).errors
        try expect(kept.allSatisfy(alone.contains), "an object may be made, but not kept: \(kept)")
    }

    /// Schemas and objects of the recorded conversations, and of the vectors.
    private static func recordedSchemas() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for area in ["crd-schema", "crd-cel", "defaulting-pruning"] {
            for item in try Golden.document("../Conformance/cases/\(area).json")["cases"]?.arrayValue ?? [] {
                let bodies = (item["steps"]?.arrayValue ?? []).compactMap { $0["body"] }
                let definitions = (item["crds"]?.arrayValue ?? []) + bodies
                let schemas = definitions.compactMap {
                    $0.value(at: "spec", "versions")?[0]?.value(at: "schema", "openAPIV3Schema")
                }
                let objects = bodies.filter { $0["spec"]?["versions"] == nil && $0.objectValue != nil }
                guard let schema = schemas.first else { continue }
                let (first, last) = (objects.first ?? [:], objects.last ?? [:])
                seeds.append(seed(schema.text, first.text, last.text))
                for schema in schemas.dropFirst() { seeds.append(seed(schema.text, first.text)) }
            }
        }
        let widget = try Golden.document("ssa.json")["about"]?["schema"] ?? [:]
        let object = try Golden.cases("ssa.json").first?["ops"]?[0]?["object"] ?? [:]
        return seeds + [seed(widget.text, object.text, object.text)]
    }
}
