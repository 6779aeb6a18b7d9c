import APIMachinery

/// What is wrong with how a definition wants its objects converted between versions.
enum ConversionValidation {
    static func errors(_ spec: JSONValue, at path: FieldPath) -> [FieldError] {
        let conversion = spec["conversion"] ?? .null
        let strategy = conversion["strategy"]?.stringValue ?? ""
        let webhook = conversion["webhook"] ?? .null
        var errors: [FieldError] = []
        let place = path.child("strategy")
        if strategy != "None", spec["preserveUnknownFields"]?.boolValue == true {
            errors.append(.invalid(place, .string(strategy), "must be None if spec.preserveUnknownFields is true"))
        }
        errors += CustomResourceDefinitionValidation.choice(conversion["strategy"], ["None", "Webhook"], at: place)
        let client = path.child("webhookClientConfig")
        let versions = path.child("conversionReviewVersions")
        guard strategy == "Webhook" else {
            let detail = "should not be set when strategy is not set to Webhook"
            if webhook["clientConfig"]?.objectValue != nil { errors.append(.forbidden(client, detail)) }
            if webhook["conversionReviewVersions"]?.arrayValue?.isEmpty == false {
                errors.append(.forbidden(versions, detail))
            }
            return errors
        }
        if let config = webhook["clientConfig"], config.objectValue != nil {
            if (config["url"] == nil) == (config["service"] == nil) {
                errors.append(.required(client, "exactly one of url or service is required"))
            }
        } else {
            errors.append(.required(client, "required when strategy is set to Webhook"))
        }
        errors += reviewVersions(webhook["conversionReviewVersions"]?.arrayValue ?? [], at: versions)
        guard errors.isEmpty else { return errors }
        let detail =
            "conversion webhooks are not offered by this server; use None and keep the versions' schemas compatible"
        return [.invalid(place, .string(strategy), detail)]
    }

    private static func reviewVersions(_ versions: [JSONValue], at path: FieldPath) -> [FieldError] {
        if versions.isEmpty { return [.required(path)] }
        var errors: [FieldError] = []
        for (index, version) in versions.enumerated() {
            if versions[..<index].contains(version) {
                errors.append(.invalid(path.index(index), version, "duplicate version"))
                continue
            }
            errors += Validation.dns1035Label(version.stringValue ?? "").map {
                .invalid(path.index(index), version, $0)
            }
        }
        if !versions.contains("v1"), !versions.contains("v1beta1") {
            errors.append(.invalid(path, .array(versions), "must include at least one of v1, v1beta1"))
        }
        return errors
    }
}
