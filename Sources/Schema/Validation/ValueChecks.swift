internal import APIMachinery

/// The checks of one schema node that look at a value alone.
struct ValueChecks: Sendable {
    /// The format, if it is one that is checked for this type; others are not.
    let format: String
    let stringFormat: StringFormat?
    let maximum: Double?
    let exclusiveMaximum: Bool
    let minimum: Double?
    let exclusiveMinimum: Bool
    let multipleOf: Double?
    let maxLength: Int64?
    let minLength: Int64?
    let pattern: String
    let matcher: Pattern?
    /// Why the pattern could not be compiled.
    let patternError: String?
    let maxItems: Int64?
    let minItems: Int64?
    let uniqueItems: Bool
    let maxProperties: Int64?
    let minProperties: Int64?
    let required: [String]
    let enumeration: [JSONValue]

    init(_ schema: JSONSchemaProps) {
        let type = schema.isIntOrString ? "" : schema.type ?? ""
        let given = schema.format ?? ""
        var format = ""
        var stringFormat: StringFormat?
        switch type {
        case "", "string":
            stringFormat = StringFormat(named: given)
            if stringFormat != nil { format = given }
        case "integer": if given == "int32" || given == "int64" { format = given }
        case "number": if given == "float" || given == "double" { format = given }
        default: break
        }
        self.format = format
        self.stringFormat = stringFormat
        maximum = schema.maximum
        exclusiveMaximum = schema.exclusiveMaximum
        minimum = schema.minimum
        exclusiveMinimum = schema.exclusiveMinimum
        multipleOf = schema.multipleOf
        maxLength = schema.maxLength
        minLength = schema.minLength
        pattern = schema.pattern ?? ""
        var matcher: Pattern?
        var patternError: String?
        if let pattern = schema.pattern, !pattern.isEmpty {
            do {
                matcher = try Pattern(pattern)
            } catch {
                patternError = error.description
            }
        }
        self.matcher = matcher
        self.patternError = patternError
        maxItems = schema.maxItems
        minItems = schema.minItems
        uniqueItems = schema.uniqueItems
        maxProperties = schema.maxProperties
        minProperties = schema.minProperties
        required = schema.required
        enumeration = schema.enumeration ?? []
    }
}
