import APIMachinery
import GenericAPIServer

/// Events, as `v1` and as `events.k8s.io/v1` show them. They are stored in the older form.
struct EventStrategy: BuiltInStrategy {
    /// Whether this is the newer form, in which most fields have other names.
    let isNew: Bool

    var allowsCreateOnUpdate: Bool { true }
    /// Errors about the newer form name no group: the reference checks both in their older form.
    var invalidGroup: String? { "" }

    func nameErrors(_ name: String, isPrefix: Bool) -> [String] {
        // Names of the older form are only held against what all names must be.
        guard isNew else { return isPrefix ? Validation.pathSegmentPrefix(name) : Validation.pathSegment(name) }
        return Validation.dns1123Subdomain(isPrefix ? Self.maskTrailingDash(name) : name)
    }

    func metadataChecks(subresource: String) -> MetadataChecks { isNew ? [.created, .changed, .finalizers] : [] }

    var typeName: String { isNew ? "EventsEvent" : "Event" }

    /// The names of fields in the older form, and those in the newer one.
    private static let names: [(old: String, new: String)] = [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ]

    var selectableFields: Set<String> {
        let about = isNew ? "regarding" : "involvedObject"
        var fields: Set<String> =
            isNew ? ["reason", "type", "reportingController"] : ["reason", "type", "reportingComponent", "source"]
        for part in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
            fields.insert("\(about).\(part)")
        }
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

    func toStorage(_ object: inout JSONValue) {
        guard isNew else { return }
        rename(&object, { ($0.new, $0.old) })
        Self.complete(&object, isNew: false)
    }

    func fromStorage(_ object: inout JSONValue) {
        guard isNew else { return }
        rename(&object, { ($0.old, $0.new) })
        Self.complete(&object, isNew: true)
    }

    private func rename(_ object: inout JSONValue, _ direction: ((old: String, new: String)) -> (String, String)) {
        for pair in Self.names {
            let (from, to) = direction(pair)
            if let value = object[from] {
                object[from] = nil
                object[to] = value
            }
        }
    }

    /// Fields that are written even if they are empty, and those that then are not: each form has others.
    private static func complete(_ object: inout JSONValue, isNew: Bool) {
        for field in isNew ? ["regarding", "deprecatedSource"] : ["involvedObject", "source"] where object[field] == nil
        {
            object[field] = .object([:])
        }
        let times =
            isNew ? ["deprecatedFirstTimestamp", "deprecatedLastTimestamp"] : ["firstTimestamp", "lastTimestamp"]
        for field in times + ["eventTime"] where object[field] == nil { object[field] = .null }
        for field in [isNew ? "reportingController" : "reportingComponent", "reportingInstance"] {
            let isEmpty = (object[field]?.stringValue ?? "").isEmpty
            if isEmpty { object[field] = isNew ? nil : "" }
        }
        let count = isNew ? "deprecatedCount" : "count"
        if object[count] == 0 { object[count] = nil }
        guard var series = object["series"], series.objectValue != nil else { return }
        if series["lastObservedTime"] == nil { series["lastObservedTime"] = .null }
        if isNew { series["count"] = series["count"] ?? 0 } else if series["count"] == 0 { series["count"] = nil }
        object["series"] = series
    }

    func fillDefaults(_ object: inout JSONValue) { Self.complete(&object, isNew: isNew) }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        EventValidation.createErrors(older(object), isStrict: isNew)
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        EventValidation.updateErrors(older(object), old: older(old), isStrict: isNew)
    }

    /// The event in the older form, in which the reference looks at it and names its fields.
    private func older(_ object: JSONValue) -> JSONValue {
        var event = object
        toStorage(&event)
        return event
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
