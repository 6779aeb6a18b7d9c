import APIMachinery
import FoundationEssentials

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
            } else if let url = config["url"]?.stringValue {
                errors += urlErrors(url, at: client.child("url"))
            } else {
                errors += serviceErrors(config["service"] ?? .null, at: client.child("service"))
            }
        } else {
            errors.append(.required(client, "required when strategy is set to Webhook"))
        }
        return errors + reviewVersions(webhook["conversionReviewVersions"]?.arrayValue ?? [], at: versions)
    }

    private static func urlErrors(_ text: String, at path: FieldPath) -> [FieldError] {
        let form = "; desired format: https://host[/path]"
        guard let url = URLComponents(string: text) else {
            return [.required(path, "url must be a valid URL" + form)]
        }
        var errors: [FieldError] = []
        func refuse(_ value: String, _ detail: String) { errors.append(.invalid(path, .string(value), detail + form)) }
        if url.scheme != "https" { refuse(url.scheme ?? "", "'https' is the only allowed URL scheme") }
        if (url.host ?? "").isEmpty { refuse("", "host must be specified") }
        if let user = url.user { refuse(user, "user information is not permitted in the URL") }
        if let fragment = url.fragment, !fragment.isEmpty { refuse(fragment, "fragments are not permitted in the URL") }
        if let query = url.query, !query.isEmpty { refuse(query, "query parameters are not permitted in the URL") }
        return errors
    }

    private static func serviceErrors(_ service: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for field in ["name", "namespace"] where (service[field]?.stringValue ?? "").isEmpty {
            errors.append(.required(path.child(field), "service \(field) is required"))
        }
        if let port = service["port"]?.intValue, !(1...65535).contains(port) {
            let detail = "port is not valid: must be between 1 and 65535, inclusive"
            errors.append(.invalid(path.child("port"), .int(port), detail))
        }
        if let text = service["path"]?.stringValue, !text.hasPrefix("/") {
            errors.append(.invalid(path.child("path"), .string(text), "must start with a '/'"))
        }
        return errors
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
