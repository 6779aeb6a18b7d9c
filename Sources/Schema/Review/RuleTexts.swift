internal import APIMachinery

/// What can be said of rules without compiling them.
extension SchemaReview {
    static let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

    func ruleTexts(_ schema: JSONSchemaProps, _ path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, rule) in schema.validations.enumerated() {
            let place = path.child("x-kubernetes-validations").index(index)
            let message = rule.message ?? ""
            let trimmedRule = rule.rule.trimmed
            let trimmedMessage = message.trimmed
            if trimmedRule.isEmpty {
                errors.append(.required(place.child("rule"), "rule is not specified"))
            } else if !message.isEmpty && trimmedMessage.isEmpty {
                errors.append(.invalid(place.child("message"), .string(message), "must be non-empty if specified"))
            } else if trimmedMessage.hasLineBreaks {
                errors.append(.invalid(place.child("message"), .string(message), "must not contain line breaks"))
            } else if trimmedRule.hasLineBreaks && trimmedMessage.isEmpty {
                let words = "message must be specified if rule contains line breaks"
                errors.append(.required(place.child("message"), words))
            }
            if let expression = rule.messageExpression, !expression.isEmpty, expression.trimmed.isEmpty {
                let words = "messageExpression must be non-empty if specified"
                errors.append(.required(place.child("messageExpression"), words))
            }
            if let reason = rule.reason, !Self.reasons.contains(reason) {
                errors.append(.notSupported(place.child("reason"), .string(reason), Self.reasons))
            }
            guard let fieldPath = rule.fieldPath, !fieldPath.isEmpty else { continue }
            let fieldPlace = place.child("fieldPath")
            if fieldPath.trimmed.isEmpty {
                errors.append(.invalid(fieldPlace, .string(fieldPath), "must be non-empty if specified"))
            }
            if fieldPath.hasLineBreaks {
                errors.append(.invalid(fieldPlace, .string(fieldPath), "must not contain line breaks"))
            }
            // Whether it can be read is the question.
            if (try? SchemaPath(fieldPath, in: StructuralSchema(schema))) == nil {
                errors.append(.invalid(fieldPlace, .string(fieldPath), "must be a valid path"))
            }
        }
        return errors
    }
}

extension String {
    /// The text without blanks at its ends.
    var trimmed: String {
        let isBlank: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        let front = unicodeScalars.drop(while: isBlank)
        return String(String.UnicodeScalarView(front.reversed().drop(while: isBlank).reversed()))
    }

    var hasLineBreaks: Bool { utf8.contains(0x0A) || utf8.contains(0x0D) }
}
