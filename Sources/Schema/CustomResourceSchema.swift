public import APIMachinery

/// Everything that the API server does to an object of a custom kind because of its schema, for one version of a
/// CRD. Compile it once and share it.
///
/// An object that comes in is coerced, then defaulted; what a write would store is validated. Metadata of the
/// object itself is the caller's to validate; it is only brought into form here.
public final class CustomResourceSchema: Sendable {
    /// What is wrong with an object, and what a client is warned of.
    public struct Verdict: Sendable, Hashable {
        public var errors: [FieldError] = []
        public var warnings: [String] = []

        /// Nothing to object to.
        public init() {}
    }

    /// The compiled schema, with `apiVersion`, `kind` and `metadata` left to the server.
    public let structural: StructuralSchema

    private let rules: RuleSet?

    /// Compiles a CRD version's schema.
    public init(_ schema: JSONSchemaProps) {
        structural = StructuralSchema(schema)
        rules = RuleSet(structural, isResourceRoot: true)
    }

    /// Reads and compiles a CRD version's `openAPIV3Schema`.
    ///
    /// - Throws: `SchemaSyntaxError` where a keyword has a value of the wrong type.
    public convenience init(json: JSONValue) throws(SchemaSyntaxError) { self.init(try JSONSchemaProps(json: json)) }

    /// The object without unknown fields and without nulls that may not be, its metadata in form, and the paths of
    /// the fields that were not known, for `unknown field "spec.foo"` as a warning or an error.
    ///
    /// - Throws: `CoercionError` where the metadata (its own, or that of an embedded resource) has the wrong type.
    public func coerce(_ object: JSONValue) throws(CoercionError) -> (object: JSONValue, unknownFields: [String]) {
        var unknown: [String] = []
        var metadata: JSONValue?
        if let given = object["metadata"] {
            let (coerced, odd) = try ObjectMetaCoercion.coerce(given)
            metadata = coerced
            unknown += odd.map { "metadata.\($0)" }
        }
        var (result, pruned) = Pruning.prune(object, structural, isResourceRoot: true)
        unknown += pruned
        result = Defaulting.dropNulls(result, structural)
        do {
            let (coerced, odd) = try EmbeddedResources.coerce(result, structural)
            result = coerced
            unknown += odd
        } catch {
            throw CoercionError(error.description)
        }
        for name in ["apiVersion", "kind"] {
            if let given = object[name], result[name] == nil { result[name] = given }
        }
        if let metadata { result["metadata"] = metadata }
        return (result, unknown)
    }

    /// The object with defaults filled in.
    public func fillDefaults(_ object: JSONValue) -> JSONValue { Defaulting.fill(object, structural) }

    /// Validates an object that is to be created.
    public func validateCreate(_ object: JSONValue) -> Verdict {
        var verdict = Verdict()
        verdict.errors += SchemaValidator.validate(object, structural)
        verdict.errors += EmbeddedResources.validate(object, structural)
        verdict.errors += ListTypeValidation.validate(object, structural)
        applyRules(object, old: nil, &verdict)
        return verdict
    }

    /// Validates an object that is to take the place of another.
    public func validateUpdate(_ object: JSONValue, old: JSONValue) -> Verdict {
        var verdict = Verdict()
        verdict.errors += SchemaValidator.validateUpdate(object, old: old, structural)
        verdict.errors += EmbeddedResources.validate(object, structural)
        // Lists that were wrong before may stay so.
        if ListTypeValidation.validate(old, structural).isEmpty {
            verdict.errors += ListTypeValidation.validate(object, structural)
        }
        applyRules(object, old: old, &verdict)
        return verdict
    }

    /// Validates an object whose status is to be replaced; nothing but the status is looked at.
    public func validateStatusUpdate(_ object: JSONValue, old: JSONValue) -> Verdict {
        var verdict = Verdict()
        if let status = object["status"], let schema = structural.property(named: "status") {
            let path = FieldPath("status")
            if let before = old["status"] {
                verdict.errors += SchemaValidator.validateUpdate(status, old: before, schema, at: path)
            } else {
                verdict.errors += SchemaValidator.validate(status, schema, at: path)
            }
        }
        if ListTypeValidation.validate(old, structural).isEmpty {
            verdict.errors += ListTypeValidation.validate(object, structural)
        }
        applyRules(object, old: old, &verdict)
        return verdict
    }

    /// Rules count on the types and bounds of the schema, so they run only where those hold.
    private func applyRules(_ object: JSONValue, old: JSONValue?, _ verdict: inout Verdict) {
        guard let rules else { return }
        let blocking: Set<FieldError.Reason> = [.notSupported, .required, .tooLong, .tooMany, .typeInvalid]
        if verdict.errors.contains(where: { blocking.contains($0.reason) }) {
            let words =
                "some validation rules were not checked because the object was invalid; "
                + "correct the existing errors to complete validation"
            verdict.errors.append(.invalid(.root, .null, words))
            return
        }
        let found = rules.validate(object, old: old, ratchets: true)
        verdict.errors += found.errors
        verdict.warnings += found.warnings
    }
}
