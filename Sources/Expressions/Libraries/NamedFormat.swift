internal import APIMachinery

/// A form that texts can have, by the name that Kubernetes gives it.
struct NamedFormat: Sendable {
    let name: String
    /// What is wrong with a text, or nothing.
    let validate: @Sendable (String) -> [String]

    /// The formats by the names of the functions that give them.
    static let all: [String: NamedFormat] = [
        "dns1123Label": NamedFormat(name: "DNS1123Label") { Validation.dns1123Label($0) },
        "dns1123Subdomain": NamedFormat(name: "DNS1123Subdomain") { Validation.dns1123Subdomain($0) },
        "dns1035Label": NamedFormat(name: "DNS1035Label") { Validation.dns1035Label($0) },
        "qualifiedName": NamedFormat(name: "QualifiedName") { Validation.qualifiedName($0) },
        "dns1123LabelPrefix": NamedFormat(name: "DNS1123LabelPrefix") { Validation.dns1123Label(completed($0)) },
        "dns1123SubdomainPrefix": NamedFormat(name: "DNS1123SubdomainPrefix") {
            Validation.dns1123Subdomain(completed($0))
        },
        "dns1035LabelPrefix": NamedFormat(name: "DNS1035LabelPrefix") { Validation.dns1035Label(completed($0)) },
        "labelValue": NamedFormat(name: "LabelValue") { Validation.labelValue($0) },
        "uri": NamedFormat(name: "URI") { text in
            do throws(EvaluationFailure) {
                _ = try CELURL(parsing: text)
                return []
            } catch {
                return [error.message]
            }
        },
        "uuid": NamedFormat(name: "uuid", "does not match the UUID format") { matches(uuid, $0) },
        "byte": NamedFormat(name: "byte", "invalid base64") { matches(base64, $0) },
        "date": NamedFormat(name: "date", "invalid date") { isDate($0) },
        "datetime": NamedFormat(name: "datetime", "invalid datetime") { isDateTime($0) },
    ]

    init(name: String, validate: @escaping @Sendable (String) -> [String]) {
        self.name = name
        self.validate = validate
    }

    private init(name: String, _ problem: String, isValid: @escaping @Sendable (String) -> Bool) {
        self.init(name: name) { isValid($0) ? [] : [problem] }
    }

    /// A prefix of a generated name may end with a dash, because more will follow.
    private static func completed(_ prefix: String) -> String {
        prefix.utf8.count > 1 && prefix.hasSuffix("-") ? prefix.dropLast(2) + "a" : prefix
    }

    private static func matches(_ expression: RegularExpression?, _ text: String) -> Bool {
        expression?.matches(text) ?? false
    }

    // A constant, which the tests compile.
    private static let uuid = try? RegularExpression(
        "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"
    )
    // A constant, which the tests compile.
    private static let base64 = try? RegularExpression(
        "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"
    )
    // A constant, which the tests compile.
    private static let timeOfDay = try? RegularExpression(
        "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$"
    )

    /// A day of the calendar, as 2026-01-02.
    private static func isDate(_ text: String) -> Bool {
        guard text.utf8.count == 10 else { return false }
        do throws(EvaluationFailure) {
            return try ZonedTimestamp(rfc3339: text + "T00:00:00Z") != nil
        } catch {
            // A day of the year 0, which CEL timestamps do not include.
            return true
        }
    }

    /// A day and a time of day with its zone, in small or capital letters.
    private static func isDateTime(_ text: String) -> Bool {
        let parts = text.lowercased().split(separator: "t", omittingEmptySubsequences: false)
        return parts.count >= 2 && isDate(String(parts[0])) && matches(timeOfDay, String(parts[1]))
    }
}

extension FunctionLibrary {
    private static let format = CELType.opaque(OpaqueValue.formatType)

    /// `format.dns1123Label()` and the like, `format.named(…)`, `validate`.
    static let formatFunctions: [FunctionDeclaration] =
        NamedFormat.all.map { name, value in
            FunctionDeclaration(
                "format." + name,
                .global([], format, .nullary { () throws(EvaluationFailure) in .opaque(OpaqueValue(.format(value))) })
            )
        } + [
            FunctionDeclaration(
                "format.named",
                .global(
                    [.string],
                    .optional(format),
                    text { name throws(EvaluationFailure) in
                        .optional(NamedFormat.all[name].map { .opaque(OpaqueValue(.format($0))) })
                    }
                )
            ),
            FunctionDeclaration(
                "validate",
                .member(
                    [format, .string],
                    .optional(.list(.string)),
                    .binary { value, text, budget throws(EvaluationFailure) in
                        guard case .opaque(let opaque) = value, case .format(let format) = opaque.content,
                            case .string(let text) = text
                        else { throw .noSuchOverload }
                        // The formats are regular expressions in effect.
                        try budget.charge(text.utf8.count)
                        let problems = format.validate(text)
                        return .optional(problems.isEmpty ? nil : CELValue(list: problems.map { .string($0) }))
                    }
                )
            ),
        ]
}
