package import APIMachinery

/// The rule of counts in a status: none is below zero.
package enum StatusCounts {
    package static func errors(_ object: JSONValue, fields: [String]) -> [FieldError] {
        fields.compactMap { field in
            let count = object.value(at: "status", field)?.intValue ?? 0
            guard count < 0 else { return nil }
            return .invalid(FieldPath("status").child(field), .int(count), "must be greater than or equal to 0")
        }
    }
}
