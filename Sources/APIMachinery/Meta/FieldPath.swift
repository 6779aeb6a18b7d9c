/// Where in an object a field is: `spec.steps[2].dependsOn[0]`, `metadata.labels[a/b]`.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    /// The path as text, in the form that Kubernetes' messages have.
    public let description: String

    /// A path that begins with that member.
    public init(_ root: String) { description = root }

    private init(text: String) { description = text }

    /// The object itself, which has no path.
    public static let root = FieldPath(text: "")

    /// A member of the value at this path.
    public func child(_ names: String...) -> FieldPath {
        FieldPath(text: names.reduce(description) { $0.isEmpty ? $1 : "\($0).\($1)" })
    }

    /// An element of the list at this path.
    public func index(_ position: Int) -> FieldPath { FieldPath(text: "\(description)[\(position)]") }

    /// A value in the map at this path.
    public func key(_ key: String) -> FieldPath { FieldPath(text: "\(description)[\(key)]") }
}

/// One thing that is wrong with one field, in Kubernetes' terms and words
/// (`k8s.io/apimachinery/pkg/util/validation/field`).
public struct FieldError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is; the raw value is the `reason` of a Status' cause.
    public enum Reason: String, Sendable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case notFound = "FieldValueNotFound"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
        case internalError = "InternalError"
    }

    public var reason: Reason
    public var field: String
    /// The message without the field: `Invalid value: 0: must be greater than zero`.
    public var body: String

    /// A fault with a message worded by the caller.
    public init(reason: Reason, field: String, body: String) {
        self.reason = reason
        self.field = field
        self.body = body
    }

    public var description: String { field.isEmpty ? "<nil>: \(body)" : "\(field): \(body)" }

    /// A field that must be there is not.
    public static func required(_ path: FieldPath, _ detail: String = "") -> FieldError {
        FieldError(reason: .required, field: path.description, body: join("Required value", detail))
    }

    /// A value that breaks a rule.
    public static func invalid(_ path: FieldPath, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(
            reason: .invalid,
            field: path.description,
            body: join("Invalid value: \(GoText.shown(value))", detail)
        )
    }

    /// A value of the wrong JSON type.
    public static func typeInvalid(_ path: FieldPath, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(
            reason: .typeInvalid,
            field: path.description,
            body: join("Invalid value: \(GoText.shown(value))", detail)
        )
    }

    /// A value outside a fixed set.
    public static func notSupported(_ path: FieldPath, _ value: JSONValue, _ supported: [String]) -> FieldError {
        let list = supported.isEmpty ? "" : "supported values: " + supported.map(GoText.quoted).joined(separator: ", ")
        return FieldError(
            reason: .notSupported,
            field: path.description,
            body: join("Unsupported value: \(GoText.shown(value))", list)
        )
    }

    /// A value that occurs twice where it must be unique.
    public static func duplicate(_ path: FieldPath, _ value: JSONValue) -> FieldError {
        FieldError(reason: .duplicate, field: path.description, body: "Duplicate value: \(GoText.shown(value))")
    }

    /// A reference to something that does not exist.
    public static func notFound(_ path: FieldPath, _ value: JSONValue) -> FieldError {
        FieldError(reason: .notFound, field: path.description, body: "Not found: \(GoText.shown(value))")
    }

    /// A field that may not be set here or changed now.
    public static func forbidden(_ path: FieldPath, _ detail: String) -> FieldError {
        FieldError(reason: .forbidden, field: path.description, body: join("Forbidden", detail))
    }

    /// A text with too many bytes.
    public static func tooLong(_ path: FieldPath, maximum: Int) -> FieldError {
        FieldError(
            reason: .tooLong,
            field: path.description,
            body: "Too long: may not be more than \(maximum) bytes"
        )
    }

    /// A list with too many elements.
    public static func tooMany(_ path: FieldPath, actual: Int, maximum: Int) -> FieldError {
        FieldError(
            reason: .tooMany,
            field: path.description,
            body: "Too many: \(actual): must have at most \(maximum) item\(maximum == 1 ? "" : "s")"
        )
    }

    private static func join(_ head: String, _ detail: String) -> String {
        detail.isEmpty ? head : "\(head): \(detail)"
    }
}
