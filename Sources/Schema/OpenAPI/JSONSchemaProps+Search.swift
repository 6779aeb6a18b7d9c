/// Looking through a schema and everything below it.
extension JSONSchemaProps {
    /// The schemas directly below this one.
    var children: [JSONSchemaProps] {
        var inner = allOf + anyOf + oneOf + properties.values
        inner += [itemSchema, additionalSchema, not?.value].compactMap { $0 }
        if case .schemas(let schemas)? = items { inner += schemas }
        return inner
    }

    /// Whether the condition holds for this schema or for one below it.
    public func contains(_ condition: (JSONSchemaProps) -> Bool) -> Bool {
        condition(self) || children.contains { $0.contains(condition) }
    }

    /// The formats that are not known, and so not checked, in this schema and below, as often as they occur.
    public var unknownFormats: [String] {
        var found: [String] = []
        if let format, !format.isEmpty {
            let isKnown =
                switch type ?? "" {
                case "", "string": StringFormat(named: format) != nil
                case "integer": ["int32", "int64"].contains(format)
                case "number": ["float", "double"].contains(format)
                default: false
                }
            if !isKnown { found.append(format) }
        }
        return children.reduce(into: found) { $0 += $1.unknownFormats }
    }
}
