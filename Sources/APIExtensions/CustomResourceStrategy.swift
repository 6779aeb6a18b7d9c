import APIMachinery
import GenericAPIServer
import Schema

/// Objects of kinds that a CustomResourceDefinition defines, in one of its versions.
struct CustomResourceStrategy: ResourceStrategy {
    let kind: String
    let versionSchema: VersionSchema
    let hasStatus: Bool
    /// Paths like `spec.colour`.
    let fields: [String: [String]]
    /// The same paths in the order in which they were declared, for OpenAPI.
    let publishedFields: [String]
    /// Where the scale is, if there is one.
    let scale: ScalePaths?

    var schema: KindSchema { versionSchema.kind }
    var publishedSchema: JSONValue? { get throws(Status) { try versionSchema.text() } }
    var selectableFields: Set<String> { Set(fields.keys) }
    var hasGeneration: Bool { true }
    var allowsUnconditionalUpdate: Bool { false }

    func fieldValues(_ object: JSONValue) -> [String: String] { Self.values(of: fields, in: object) }

    /// What field selectors compare with: the scalars at those paths, as text.
    static func values(of fields: [String: [String]], in object: JSONValue) -> [String: String] {
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
        let definition = try versionSchema.compiled().definition
        do throws(CoercionError) {
            let (coerced, unknown) = try definition.coerce(object)
            object = definition.fillDefaults(coerced)
            return unknown
        } catch {
            throw .badRequest(error.description)
        }
    }

    func fromStorage(_ object: inout JSONValue) {
        // What cannot be read by the schema of today is shown as it is stored.
        guard let definition = try? versionSchema.compiled().definition,
            // As above: it stays as it is stored.
            let (coerced, _) = try? definition.coerce(object)
        else { return }
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
        verdict(context) { $0.validateCreate(object) } + scaleErrors(object, isStatus: false)
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        let errors = verdict(context) { definition in
            subresource == "status"
                ? definition.validateStatusUpdate(object, old: old) : definition.validateUpdate(object, old: old)
        }
        return errors + scaleErrors(object, isStatus: subresource == "status")
    }

    private func verdict(
        _ context: RequestContext,
        _ judge: (CustomResourceSchema) -> CustomResourceSchema.Verdict
    ) -> [FieldError] {
        do throws(Status) {
            let verdict = judge(try versionSchema.compiled().definition)
            for warning in verdict.warnings { context.warn(warning) }
            return verdict.errors
        } catch {
            return [.invalid(.root, .null, error.message ?? "the schema cannot be read")]
        }
    }

    /// What of an object's scale is no number of replicas, or no selector. A write to the status is judged by the
    /// status alone.
    private func scaleErrors(_ object: JSONValue, isStatus: Bool) -> [FieldError] {
        guard let scale else { return [] }
        var errors: [FieldError] = []
        for path in (isStatus ? [] : [scale.specReplicas]) + [scale.statusReplicas] {
            let field = FieldPath("." + path.joined(separator: "."))
            guard let value = object.value(at: path), !value.isNull else { continue }
            guard let number = value.intValue else {
                let type = value.stringValue != nil ? "string" : value.doubleValue != nil ? "float64" : value.typeName
                let detail = "\(field) accessor error: \(value.text) is of the type \(type), expected int64"
                errors.append(.invalid(field, .int(0), detail))
                continue
            }
            if number < 0 {
                errors.append(.invalid(field, .int(number), "should be a non-negative integer"))
            } else if number > Int64(Int32.max) {
                errors.append(.invalid(field, .int(number), "should be less than or equal to \(Int32.max)"))
            }
        }
        if let path = scale.labelSelector, let value = object.value(at: path), !value.isNull, value.stringValue == nil {
            let field = FieldPath("." + path.joined(separator: "."))
            let detail = "\(field) accessor error: \(value.text) is of the type \(value.typeName), expected string"
            errors.append(.invalid(field, "", detail))
        }
        return errors
    }
}
