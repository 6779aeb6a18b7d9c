package import APIMachinery

/// The conditions in the status of an object, as `meta.SetStatusCondition` of Kubernetes changes them.
package enum StatusConditions {
    /// Sets a condition; its transition time moves only if its status changes.
    package static func set(
        _ type: String,
        to status: String,
        reason: String,
        message: String,
        in object: inout JSONValue,
        now: Timestamp
    ) {
        var conditions = object.value(at: "status", "conditions")?.arrayValue ?? []
        let index = conditions.firstIndex { $0["type"]?.stringValue == type }
        var since = JSONValue.string(now.rfc3339)
        if let index, conditions[index]["status"]?.stringValue == status {
            since = conditions[index]["lastTransitionTime"] ?? since
        }
        let condition: JSONValue = [
            "type": .string(type), "status": .string(status), "reason": .string(reason), "message": .string(message),
            "lastTransitionTime": since,
        ]
        if let index { conditions[index] = condition } else { conditions.append(condition) }
        object.set(.array(conditions), at: ["status", "conditions"])
    }

    package static func isTrue(_ type: String, in object: JSONValue) -> Bool {
        (object.value(at: "status", "conditions")?.arrayValue ?? [])
            .contains { $0["type"]?.stringValue == type && $0["status"]?.stringValue == "True" }
    }
}
