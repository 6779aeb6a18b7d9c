/// A selector as a field of an object, such as `spec.selector` (meta/v1 `LabelSelector`).
public struct LabelSelector: Sendable, Hashable, Codable {
    /// One condition, with an operator in the spelling of the API: `In`, `NotIn`, `Exists`, `DoesNotExist`.
    public struct Requirement: Sendable, Hashable, Codable {
        public var key: String
        public var `operator`: String
        public var values: [String]?

        /// A condition as written, which `validate` has yet to judge.
        public init(key: String, operator: String, values: [String]? = nil) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        private enum CodingKeys: String, CodingKey {
            case key, `operator`, values
        }

        /// Reads a condition; a missing key or operator is empty, which `validate` then names.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            key = try container.decodeIfPresent(String.self, forKey: .key) ?? ""
            `operator` = try container.decodeIfPresent(String.self, forKey: .operator) ?? ""
            values = try container.decodeIfPresent([String].self, forKey: .values)
        }
    }

    public var matchLabels: [String: String]?
    public var matchExpressions: [Requirement]?

    /// A selector of labels that must be equal, and of further conditions.
    public init(matchLabels: [String: String]? = nil, matchExpressions: [Requirement]? = nil) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    /// Everything that is wrong with the selector.
    public func validate(at path: FieldPath) -> [FieldError] {
        var errors = Validation.labels(matchLabels ?? [:], at: path.child("matchLabels"))
        for (index, requirement) in (matchExpressions ?? []).enumerated() {
            errors += Self.validate(requirement, at: path.child("matchExpressions").index(index))
        }
        return errors
    }

    private static func validate(_ requirement: Requirement, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let values = requirement.values ?? []
        switch requirement.operator {
        case "In", "NotIn":
            if values.isEmpty {
                errors.append(
                    .required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
                )
            }
        case "Exists", "DoesNotExist":
            if !values.isEmpty {
                errors.append(
                    .forbidden(
                        path.child("values"),
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                    )
                )
            }
        default:
            errors.append(
                .invalid(path.child("operator"), .string(requirement.operator), "not a valid selector operator")
            )
        }
        errors += Validation.labelKey(requirement.key, at: path.child("key"))
        for (index, value) in values.enumerated() {
            errors += Validation.labelValue(value).map {
                .invalid(path.child("values").index(index), .string(value), $0)
            }
        }
        return errors
    }

    /// The selector that can be asked. One without any condition selects everything.
    ///
    /// - Throws: `SelectorError` for what `validate` reports as well.
    public func selector() throws(SelectorError) -> Selector {
        var requirements: [Selector.Requirement] = []
        for (key, value) in (matchLabels ?? [:]).sorted(by: { $0.key.compareBytes(to: $1.key) < 0 }) {
            requirements.append(try Selector.Requirement(key: key, operator: .equals, values: [value]))
        }
        for expression in matchExpressions ?? [] {
            let comparison: SelectorOperator
            switch expression.operator {
            case "In": comparison = .in
            case "NotIn": comparison = .notIn
            case "Exists": comparison = .exists
            case "DoesNotExist": comparison = .doesNotExist
            default: throw SelectorError("\"\(expression.operator)\" is not a valid label selector operator")
            }
            requirements.append(
                try Selector.Requirement(key: expression.key, operator: comparison, values: expression.values ?? [])
            )
        }
        return Selector(requirements)
    }
}

extension Selector {
    /// The selector of an optional field: an absent one selects nothing.
    public init(_ labelSelector: LabelSelector?) throws(SelectorError) {
        self = try labelSelector?.selector() ?? .nothing
    }
}
