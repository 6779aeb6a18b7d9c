import APIMachinery

/// What is wrong with an event, which is looked at in its older form whatever form it came in
/// (`pkg/apis/core/validation/events.go`).
enum EventValidation {
    /// Of a new event; strictly if it came in the newer form.
    static func createErrors(_ event: JSONValue, isStrict: Bool) -> [FieldError] {
        var errors = commonErrors(event)
        guard isStrict else { return errors }
        errors += seriesErrors(event)
        if !isSet(event["eventTime"]) { errors.append(.required(FieldPath("eventTime"))) }
        let type = text(event, "type")
        if type != "Normal", type != "Warning" {
            errors.append(.invalid(FieldPath("type"), "", "has invalid value: \(type)"))
        }
        for field in ["firstTimestamp", "lastTimestamp", "count"] where isSet(event[field]) && event[field] != 0 {
            errors.append(.invalid(FieldPath(field), "", "needs to be unset"))
        }
        if ["component", "host"].contains(where: { !(event.value(at: "source", $0)?.stringValue ?? "").isEmpty }) {
            errors.append(.invalid(FieldPath("source"), "", "needs to be unset"))
        }
        return errors
    }

    /// Of a changed event: of the newer form only the series may change.
    static func updateErrors(_ event: JSONValue, old: JSONValue, isStrict: Bool) -> [FieldError] {
        var errors = commonErrors(event)
        guard isStrict else { return errors }
        if event["series"] != old["series"] { errors += seriesErrors(event) }
        // The reason is looked at twice.
        for field in [
            "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "reason",
            "type", "eventTime", "action", "related", "reportingComponent", "reportingInstance",
        ] where event[field] != old[field] {
            let name = field == "reportingComponent" ? "reportingController" : field
            errors.append(.invalid(FieldPath(name), event[field] ?? .null, "field is immutable"))
        }
        return errors
    }

    private static func seriesErrors(_ event: JSONValue) -> [FieldError] {
        guard let series = event["series"], series.objectValue != nil else { return [] }
        var errors: [FieldError] = []
        if (series["count"]?.intValue ?? 0) < 2 {
            errors.append(.invalid(FieldPath("series.count"), "", "should be at least 2"))
        }
        if !isSet(series["lastObservedTime"]) { errors.append(.required(FieldPath("series.lastObservedTime"))) }
        return errors
    }

    private static func commonErrors(_ event: JSONValue) -> [FieldError] {
        let own = Unstructured(event).namespace
        let about = event.value(at: "involvedObject", "namespace")?.stringValue ?? ""
        let misfit = FieldError.invalid(
            FieldPath("involvedObject").child("namespace"),
            .string(about),
            "does not match event.namespace"
        )
        var errors: [FieldError] = []
        if isSet(event["eventTime"]) {
            // An event with a time of its own may be about an object of any namespace.
            if about.isEmpty, own != "default", own != "kube-system" { errors.append(misfit) }
            errors += reporterErrors(event)
        } else if about.isEmpty ? own != "default" : about != own {
            errors.append(misfit)
        }
        let names = Validation.dns1123Subdomain(own)
        return errors + names.map { .invalid(FieldPath("namespace"), .string(own), $0) }
    }

    private static func reporterErrors(_ event: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let controller = FieldPath("reportingController")
        let name = text(event, "reportingComponent")
        if name.isEmpty { errors.append(.required(controller)) }
        errors += Validation.qualifiedName(name).map { .invalid(controller, .string(name), $0) }
        for field in ["reportingInstance", "action", "reason"] {
            let given = text(event, field)
            if given.isEmpty { errors.append(.required(FieldPath(field))) }
            errors += lengthErrors(given, FieldPath(field), maximum: 128)
        }
        return errors + lengthErrors(text(event, "message"), FieldPath("message"), maximum: 1024)
    }

    private static func lengthErrors(_ text: String, _ path: FieldPath, maximum: Int) -> [FieldError] {
        text.utf8.count > maximum ? [.invalid(path, "", "can have at most \(maximum) characters")] : []
    }

    private static func text(_ event: JSONValue, _ field: String) -> String { event[field]?.stringValue ?? "" }

    private static func isSet(_ value: JSONValue?) -> Bool { value.map { !$0.isNull } ?? false }
}
