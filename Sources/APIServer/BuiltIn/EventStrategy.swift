import APIMachinery

/// Events, as `v1` and as `events.k8s.io/v1` show them. They are stored in the older form.
struct EventStrategy: BuiltInStrategy {
    /// Whether this is the newer form, in which most fields have other names.
    let isNew: Bool

    var allowsCreateOnUpdate: Bool { true }
    /// Errors about the newer form name no group: the reference checks both in their older form.
    var invalidGroup: String? { "" }

    func nameErrors(_ name: String, isPrefix: Bool) -> [String] {
        isPrefix ? Validation.pathSegmentPrefix(name) : Validation.pathSegment(name)
    }

    var typeName: String { isNew ? "EventsEvent" : "Event" }

    /// The names of fields in the older form, and those in the newer one.
    private static let names: [(old: String, new: String)] = [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ]

    var selectableFields: Set<String> {
        let about = isNew ? "regarding" : "involvedObject"
        var fields: Set<String> = ["reason", "type", "reportingComponent", "source"]
        for part in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
            fields.insert("\(about).\(part)")
        }
        if isNew { fields.formUnion(["reportingController"]) }
        return fields
    }

    func fieldValues(_ object: JSONValue) -> [String: String] {
        var values: [String: String] = [:]
        for part in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
            let text = object.value(at: "involvedObject", part)?.stringValue ?? ""
            values["involvedObject.\(part)"] = text
            values["regarding.\(part)"] = text
        }
        values["reason"] = object["reason"]?.stringValue ?? ""
        values["type"] = object["type"]?.stringValue ?? ""
        let component = object["reportingComponent"]?.stringValue ?? ""
        values["reportingComponent"] = component
        values["reportingController"] = component
        let source = object.value(at: "source", "component")?.stringValue ?? ""
        values["source"] = source.isEmpty ? component : source
        return values
    }

    func toStorage(_ object: inout JSONValue) { if isNew { rename(&object, { ($0.new, $0.old) }) } }
    func fromStorage(_ object: inout JSONValue) { if isNew { rename(&object, { ($0.old, $0.new) }) } }

    private func rename(_ object: inout JSONValue, _ direction: ((old: String, new: String)) -> (String, String)) {
        for pair in Self.names {
            let (from, to) = direction(pair)
            if let value = object[from] {
                object[from] = nil
                object[to] = value
            }
        }
    }

    func fillDefaults(_ object: inout JSONValue) {
        guard !isNew else { return }
        for field in ["reportingComponent", "reportingInstance"] where object[field] == nil { object[field] = "" }
        if object["source"] == nil { object["source"] = .object([:]) }
        for field in ["firstTimestamp", "lastTimestamp", "eventTime"] where object[field] == nil {
            object[field] = .null
        }
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        isNew ? newFormErrors(object) : oldFormErrors(object)
    }

    private func oldFormErrors(_ object: JSONValue) -> [FieldError] {
        let own = Unstructured(object).namespace
        let about = object.value(at: "involvedObject", "namespace")?.stringValue ?? ""
        let path = FieldPath("involvedObject").child("namespace")
        var errors: [FieldError] = []
        if about.isEmpty {
            if own != "default", own != "kube-system" {
                errors.append(.invalid(path, .string(about), "does not match event.namespace"))
            }
        } else if about != own {
            errors.append(.invalid(path, .string(about), "does not match event.namespace"))
        }
        if (object["eventTime"] ?? .null) != .null {
            errors += reportingErrors(object, controller: "reportingComponent")
        }
        return errors
    }

    private func newFormErrors(_ object: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        if (object["eventTime"] ?? .null) == .null { errors.append(.required(FieldPath("eventTime"))) }
        let own = Unstructured(object).namespace
        let about = object.value(at: "regarding", "namespace")?.stringValue ?? ""
        let isFitting = about.isEmpty ? own == "default" || own == "kube-system" : about == own
        if !isFitting {
            errors.append(
                .invalid(FieldPath("regarding").child("namespace"), .string(about), "does not match event.namespace")
            )
        }
        errors += reportingErrors(object, controller: "reportingController")
        let type = object["type"]?.stringValue ?? ""
        if type != "Normal", type != "Warning" {
            errors.append(.invalid(FieldPath("type"), .string(type), "has invalid value: \(type)"))
        }
        if let series = object["series"], (series["count"]?.intValue ?? 0) < 2 {
            errors.append(.invalid(FieldPath("series").child("count"), series["count"] ?? 0, "should be at least 2"))
        }
        if (object["note"]?.stringValue ?? "").utf8.count > 1024 {
            errors.append(.invalid(FieldPath("message"), "", "can have at most 1024 characters"))
        }
        return errors
    }

    private func reportingErrors(_ object: JSONValue, controller: String) -> [FieldError] {
        var errors: [FieldError] = []
        let name = object[controller]?.stringValue ?? ""
        if name.isEmpty { errors.append(.required(FieldPath("reportingController"))) }
        errors += Validation.qualifiedName(name).map { .invalid(FieldPath("reportingController"), .string(name), $0) }
        for field in ["reportingInstance", "action", "reason"] {
            let text = object[field]?.stringValue ?? ""
            if text.isEmpty {
                errors.append(.required(FieldPath(field)))
            } else if text.utf8.count > 128 {
                errors.append(.invalid(FieldPath(field), "", "can have at most 128 characters"))
            }
        }
        return errors
    }

    static let columns: [PrinterColumn] = [
        PrinterColumn(
            name: "Last Seen",
            type: "string",
            description: "The time at which the most recent occurrence of this event was recorded."
        ),
        PrinterColumn(
            name: "Type",
            type: "string",
            description: "Type of this event (Normal, Warning), new types could be added in the future"
        ),
        PrinterColumn(
            name: "Reason",
            type: "string",
            description:
                "This should be a short, machine understandable string that gives the reason for the transition "
                + "into the object's current status."
        ),
        PrinterColumn(name: "Object", type: "string", description: "The object that this event is about."),
        PrinterColumn(
            name: "Subobject",
            type: "string",
            description:
                "If referring to a piece of an object instead of an entire object, this string should contain a "
                + "valid JSON/Go field access statement.",
            priority: 1
        ),
        PrinterColumn(
            name: "Source",
            type: "string",
            description: "The component reporting this event. Should be a short machine understandable string.",
            priority: 1
        ),
        PrinterColumn(
            name: "Message",
            type: "string",
            description: "A human-readable description of the status of this operation."
        ),
        PrinterColumn(
            name: "First Seen",
            type: "string",
            description: "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
            priority: 1
        ),
        PrinterColumn(
            name: "Count",
            type: "string",
            description: "The number of times this event has occurred.",
            priority: 1
        ),
        PrinterColumn(name: "Name", type: "string", description: TableWriter.nameColumn.description, priority: 1),
    ]

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        var event = object
        toStorage(&event)
        func age(_ fields: String...) -> String {
            for field in fields {
                if let text = event[field]?.stringValue { return TableWriter.age(text, now: now) }
            }
            return "<unknown>"
        }
        let first = age("firstTimestamp", "eventTime")
        var last = age("lastTimestamp", "firstTimestamp", "eventTime")
        var count = event["count"]?.intValue ?? 1
        if let series = event["series"], let observed = series["lastObservedTime"]?.stringValue {
            last = TableWriter.age(observed, now: now)
            count = series["count"]?.intValue ?? count
        }
        let about = event["involvedObject"] ?? .null
        let kind = (about["kind"]?.stringValue ?? "").lowercased()
        let name = about["name"]?.stringValue ?? ""
        let component = event.value(at: "source", "component")?.stringValue ?? ""
        let host = event.value(at: "source", "host")?.stringValue ?? ""
        var source = component
        if source.isEmpty { source = event["reportingComponent"]?.stringValue ?? "" }
        let instance = host.isEmpty ? event["reportingInstance"]?.stringValue ?? "" : host
        if !instance.isEmpty { source += ", \(instance)" }
        var message = event["message"]?.stringValue ?? ""
        while message.last?.isWhitespace == true { message.removeLast() }
        return [
            .string(last), event["type"] ?? "", event["reason"] ?? "",
            .string(kind.isEmpty ? name : "\(kind)/\(name)"), about["fieldPath"] ?? "", .string(source),
            .string(message), .string(first), .int(max(count, 1)), .string(Unstructured(object).name),
        ]
    }
}
