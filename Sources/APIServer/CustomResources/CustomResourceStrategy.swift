import APIMachinery
import Schema

/// Objects of kinds that a CustomResourceDefinition defines, in one of its versions.
struct CustomResourceStrategy: ResourceStrategy {
    let kind: String
    let schema: KindSchema
    let definition: CustomResourceSchema
    let hasStatus: Bool
    /// The schema as it was written, for OpenAPI.
    let published: JSONValue
    /// Paths like `spec.colour`.
    let fields: [String: [String]]

    var selectableFields: Set<String> { Set(fields.keys) }
    var hasGeneration: Bool { true }
    var allowsUnconditionalUpdate: Bool { false }

    func fieldValues(_ object: JSONValue) -> [String: String] {
        fields.compactMapValues { path in
            switch object.value(at: path) {
            case .string(let text)?: text
            case .int(let number)?: String(number)
            case .bool(let value)?: value ? "true" : "false"
            default: nil
            }
        }
    }

    func unknownFieldMessage(_ field: String) -> String { "field label not supported: \(field)" }

    func decode(_ object: inout JSONValue) throws(Status) -> [String] {
        do throws(CoercionError) {
            let (coerced, unknown) = try definition.coerce(object)
            object = definition.fillDefaults(coerced)
            return unknown
        } catch {
            throw .badRequest(error.description)
        }
    }

    func fromStorage(_ object: inout JSONValue) {
        guard let (coerced, _) = try? definition.coerce(object) else { return }
        object = definition.fillDefaults(coerced)
    }

    func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        if hasStatus { object["status"] = nil }
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        switch subresource {
        case "status":
            var kept = old
            kept["status"] = object["status"]
            // Of metadata only the record of who set the status comes along.
            if let fields = object.value(at: "metadata", "managedFields") {
                kept.set(fields, at: ["metadata", "managedFields"])
            }
            object = kept
        default:
            if hasStatus { object["status"] = old["status"] }
            if isChanged(object, old) {
                object.set(.int(Unstructured(old).generation + 1), at: ["metadata", "generation"])
            }
        }
    }

    /// Whether anything changed besides metadata (and status, where that has an endpoint of its own).
    private func isChanged(_ object: JSONValue, _ old: JSONValue) -> Bool {
        var (new, before) = (object, old)
        for field in hasStatus ? ["metadata", "status", "apiVersion"] : ["metadata", "apiVersion"] {
            new[field] = nil
            before[field] = nil
        }
        return new != before
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        let verdict = definition.validateCreate(object)
        for warning in verdict.warnings { context.warn(warning) }
        return verdict.errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        let verdict =
            subresource == "status"
            ? definition.validateStatusUpdate(object, old: old) : definition.validateUpdate(object, old: old)
        for warning in verdict.warnings { context.warn(warning) }
        return verdict.errors
    }
}
