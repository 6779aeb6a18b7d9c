internal import APIMachinery

/// One way in which a value breaks its schema, before it is put into words.
///
/// The path is gathered from the inside out while the walk returns, so that valid objects cost no paths.
struct Violation: Sendable {
    /// One step of the path.
    enum Step: Sendable {
        case property(String)
        /// A member that is not a property; at the root its name begins with a dot, as in the reference.
        case additional(String)
        case index(Int)
    }

    /// What is wrong; the words come from `k8s.io/kube-openapi/pkg/validation/errors`.
    enum Fault: Sendable {
        case type(expected: String, actual: String)
        case format(String, value: String)
        case required(String)
        case enumeration(value: JSONValue, allowed: [JSONValue])
        case tooLong(maximum: Int64)
        case tooShort(value: String, minimum: Int64)
        case pattern(value: String, pattern: String)
        case tooManyItems(actual: Int, maximum: Int64)
        case tooFewItems(actual: Int, minimum: Int64)
        case duplicateItems
        case tooManyProperties(actual: Int, maximum: Int64)
        case tooFewProperties(actual: Int, minimum: Int64)
        case propertyNotAllowed(String)
        case maximum(value: JSONValue, bound: JSONValue, exclusive: Bool)
        case minimum(value: JSONValue, bound: JSONValue, exclusive: Bool)
        case multipleOf(value: JSONValue, factor: JSONValue)
        case factorNotPositive(JSONValue)
        /// A number outside the range of its type: `Checked value must be of type integer (default format)`.
        case range(prefix: String, type: String, format: String)
        case anyOf
        case oneOf(String)
        case allOf(String)
        case not
    }

    var fault: Fault
    /// The innermost step first.
    var path: [Step] = []

    init(_ fault: Fault) { self.fault = fault }

    /// The violation as the API server reports it, for a value that is itself at `root`.
    func fieldError(at root: FieldPath) -> FieldError {
        var name = Self.name(path.reversed())
        if case .required(let key) = fault { name += ".\(key)" }
        let trimmed = name.hasPrefix(".") ? String(name.dropFirst()) : name
        let field = trimmed.isEmpty ? root.description : root.child(trimmed).description
        func invalid(_ value: JSONValue, _ words: String) -> FieldError {
            FieldError(reason: .invalid, field: field, body: "Invalid value: \(GoText.shown(value)): \(words)")
        }
        func wrongType(_ type: String, _ value: String) -> FieldError {
            let shown = GoText.quoted(value)
            let words = "\(name) in body must be of type \(type): \(shown)"
            return FieldError(reason: .typeInvalid, field: field, body: "Invalid value: \(shown): \(words)")
        }
        /// A fault without a field, with its place in the text.
        func whole(_ words: String) -> FieldError {
            FieldError(reason: .invalid, field: root.description, body: "Invalid value: \"\": \(words)")
        }
        switch fault {
        case .type(let expected, let actual): return wrongType(expected, actual)
        case .format(let format, let value): return wrongType(format, value)
        case .required: return FieldError(reason: .required, field: field, body: "Required value")
        case .enumeration(let value, let allowed):
            let texts = allowed.map { $0.stringValue ?? $0.text }.map(GoText.quoted)
            let supported = texts.isEmpty ? "" : ": supported values: \(texts.joined(separator: ", "))"
            return FieldError(
                reason: .notSupported,
                field: field,
                body: "Unsupported value: \(GoText.shown(value))\(supported)"
            )
        case .tooLong(let maximum):
            return FieldError(
                reason: .tooLong,
                field: field,
                body: "Too long: may not be more than \(maximum) bytes"
            )
        case .tooShort(let value, let minimum):
            return invalid(.string(value), "\(name) in body should be at least \(minimum) chars long")
        case .pattern(let value, let pattern):
            return invalid(.string(value), "\(name) in body should match '\(pattern)'")
        case .tooManyItems(let actual, let maximum), .tooManyProperties(let actual, let maximum):
            let items =
                maximum < 0 ? "has too many items" : "must have at most \(maximum) item\(maximum == 1 ? "" : "s")"
            return FieldError(reason: .tooMany, field: field, body: "Too many: \(actual): \(items)")
        case .tooFewItems(let actual, let minimum):
            return invalid(.int(Int64(actual)), "\(name) in body should have at least \(minimum) items")
        case .duplicateItems: return invalid("", "\(name) in body shouldn't contain duplicates")
        case .tooFewProperties(let actual, let minimum):
            return invalid(.int(Int64(actual)), "\(name) in body should have at least \(minimum) properties")
        case .propertyNotAllowed(let key):
            return invalid(.string(key), "\(name).\(key) in body is a forbidden property")
        case .maximum(let value, let bound, let exclusive):
            let words = exclusive ? "less than" : "less than or equal to"
            return invalid(value, "\(name) in body should be \(words) \(GoText.shown(bound))")
        case .minimum(let value, let bound, let exclusive):
            let words = exclusive ? "greater than" : "greater than or equal to"
            return invalid(value, "\(name) in body should be \(words) \(GoText.shown(bound))")
        case .multipleOf(let value, let factor):
            return invalid(value, "\(name) in body should be a multiple of \(GoText.shown(factor))")
        case .factorNotPositive(let factor):
            return invalid(
                factor,
                "factor MultipleOf declared for \(name) must be positive: \(GoText.shown(factor))"
            )
        case .range(let prefix, let type, let format):
            let kind = format.isEmpty ? "\(type) (default format)" : "\(type) with format \(format)"
            return whole("\(prefix) value must be of type \(kind) in \(name)")
        case .anyOf: return whole("\(GoText.quoted(name)) must validate at least one schema (anyOf)")
        case .oneOf(let more):
            return whole("\(GoText.quoted(name)) must validate one and only one schema (oneOf). \(more)")
        case .allOf(let more): return whole("\(GoText.quoted(name)) must validate all the schemas (allOf)\(more)")
        case .not: return whole("\(GoText.quoted(name)) must not validate the schema (not)")
        }
    }

    private static func name(_ path: some Sequence<Step>) -> String {
        var text = ""
        for step in path {
            switch step {
            case .property(let name): text += text.isEmpty ? name : ".\(name)"
            case .additional(let name): text += ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}
