public import APIMachinery

/// Reviews the schema of a CRD version before it is accepted, with the words of
/// `apiextensions-apiserver/pkg/apis/apiextensions/validation`.
public struct SchemaReview {
    /// Where in the schema the review is, as far as the rules depend on it.
    struct Scope {
        /// Why defaults are not allowed here; `nil` where they are.
        var forbiddenDefaults: String?
        var isInMetadata = false
        /// The outermost place below which old values cannot be found again.
        var uncorrelatable: FieldPath?
        /// How often a value here can occur in one object; `nil` without bound.
        var cardinality: Int? = 1
        /// Whether rules are reviewed here at all.
        var reviewsRules = true
        var isRoot = false
    }

    /// What was found about the schema, and about its rules, which are only looked at where the schema is in order.
    struct Findings {
        var schema: [FieldError] = []
        var rules: [FieldError] = []

        mutating func append(_ other: Findings) {
            schema += other.schema
            rules += other.rules
        }
    }

    /// The sum of what the rules may cost.
    var costs = RuleCosts()

    /// Everything that is wrong with the schema.
    ///
    /// - Parameters:
    ///   - path: where the schema is: `spec.validation` if all versions share it, else `spec.versions[i].schema`.
    ///   - hasStatus: whether the version has the status subresource, which forbids some keywords at the root.
    public static func review(
        _ schema: JSONSchemaProps,
        at path: FieldPath,
        hasStatus: Bool
    ) -> [FieldError] {
        var review = SchemaReview()
        let place = path.child("openAPIV3Schema")
        var errors: [FieldError] = []
        if hasStatus { errors += root(schema, place) }
        if schema.nullable {
            errors.append(.forbidden(place.child("nullable"), "nullable cannot be true at the root"))
        }
        var scope = Scope(reviewsRules: false, isRoot: true)
        if isConvertible(schema) {
            let faults = StructuralReview.review(schema, at: place)
            if faults.isEmpty {
                let compiled = StructuralSchema(schema)
                let defaults = DefaultsReview.review(schema, compiled, at: place, rules: RuleSet.checkDefault)
                errors += defaults
                scope.reviewsRules = defaults.isEmpty
            } else {
                errors += faults
            }
        }
        let findings = review.openAPI(schema, place, scope, declaration: nil)
        errors += findings.schema + findings.rules
        errors += review.costs.excess(at: place)
        return errors
    }

    /// Whether nothing in the schema keeps it from being read as a structural one.
    private static func isConvertible(_ schema: JSONSchemaProps) -> Bool {
        if !schema.unsupported.isEmpty || schema.preservesUnknownFields == false { return false }
        if case .schemas(let schemas)? = schema.items, !schemas.isEmpty { return false }
        var inner = schema.allOf + schema.anyOf + schema.oneOf + schema.properties.values
        inner += [schema.itemSchema, schema.additionalSchema, schema.not?.value].compactMap { $0 }
        return inner.allSatisfy(isConvertible)
    }

    /// With a status subresource the status is validated on its own, so nothing at the root may reach into it.
    private static func root(_ schema: JSONSchemaProps, _ path: FieldPath) -> [FieldError] {
        if let type = schema.type, !type.isEmpty, type != "object" {
            let words =
                "only \"object\" is allowed as the type at the root of the schema if the status subresource "
                + "is enabled"
            return [.invalid(path.child("type"), .string(type), words)]
        }
        var rest = JSONSchemaProps()
        rest.nullable = schema.nullable
        rest.defaultValue = schema.defaultValue
        rest.maxProperties = schema.maxProperties
        rest.minProperties = schema.minProperties
        rest.enumeration = schema.enumeration
        rest.additionalProperties = schema.additionalProperties
        (rest.allOf, rest.oneOf, rest.anyOf, rest.not) = (schema.allOf, schema.oneOf, schema.anyOf, schema.not)
        rest.isEmbeddedResource = schema.isEmbeddedResource
        rest.isIntOrString = schema.isIntOrString
        rest.listType = schema.listType
        rest.listMapKeys = schema.listMapKeys
        rest.mapType = schema.mapType
        rest.unsupported = schema.unsupported
        guard rest != JSONSchemaProps() else { return [] }
        let allowed = [
            "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum",
            "MaxLength", "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required",
            "Items", "Properties", "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
        ]
        let words =
            "only [\(allowed.joined(separator: " "))] fields are allowed at the root of the schema if the "
            + "status subresource is enabled"
        return [.invalid(path, schema.json, words)]
    }
}
