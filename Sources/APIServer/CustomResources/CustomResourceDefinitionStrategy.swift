import APIMachinery

/// CustomResourceDefinitions.
struct CustomResourceDefinitionStrategy: BuiltInStrategy {
    static let cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

    var typeName: String { "CustomResourceDefinition" }
    var hasGeneration: Bool { true }
    var allowsUnconditionalUpdate: Bool { false }
    var returnsDeletedObject: Bool { false }
    var deletionFinalizer: String? { Self.cleanupFinalizer }

    func fillDefaults(_ object: inout JSONValue) {
        guard var spec = object["spec"] else { return }
        let kind = spec.value(at: "names", "kind")?.stringValue ?? ""
        if spec.value(at: "names", "singular")?.stringValue ?? "" == "", !kind.isEmpty {
            spec.set(.string(kind.lowercased()), at: ["names", "singular"])
        }
        if spec.value(at: "names", "listKind")?.stringValue ?? "" == "", !kind.isEmpty {
            spec.set(.string("\(kind)List"), at: ["names", "listKind"])
        }
        if spec["conversion"] == nil { spec["conversion"] = ["strategy": "None"] }
        object["spec"] = spec
    }

    func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        let versions = object.value(at: "spec", "versions")?.arrayValue ?? []
        let stored = versions.filter { $0["storage"]?.boolValue == true }.compactMap { $0["name"] }
        object["status"] = [
            "conditions": .array([]), "storedVersions": .array(stored),
            "acceptedNames": ["plural": "", "kind": ""],
        ]
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        if subresource == "status" {
            let metadata = object["metadata"]
            var kept = old
            kept["status"] = object["status"]
            if let fields = metadata?["managedFields"] { kept.set(fields, at: ["metadata", "managedFields"]) }
            object = kept
            return
        }
        object["status"] = old["status"]
        if object["spec"] != old["spec"] {
            object.set(.int(Unstructured(old).generation + 1), at: ["metadata", "generation"])
        }
        // A version that objects may be stored in stays on the list until somebody has migrated them.
        var stored = object.value(at: "status", "storedVersions")?.arrayValue ?? []
        for version in object.value(at: "spec", "versions")?.arrayValue ?? []
        where version["storage"]?.boolValue == true {
            if let name = version["name"], !stored.contains(name) { stored.append(name) }
        }
        object.set(.array(stored), at: ["status", "storedVersions"])
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        CustomResourceDefinitionValidation.createErrors(object)
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        if subresource == "status" { return [] }
        return CustomResourceDefinitionValidation.updateErrors(object, old: old)
    }

    func markForDeletion(_ object: inout JSONValue) {
        CustomResourceConditions.set(
            "Terminating",
            to: "True",
            reason: "InstanceDeletionPending",
            message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            in: &object,
            now: Timestamp.now()
        )
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        [object.value(at: "metadata", "creationTimestamp") ?? .null]
    }
}

/// The conditions of a CustomResourceDefinition.
enum CustomResourceConditions {
    static func set(
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

    static func isTrue(_ type: String, in object: JSONValue) -> Bool {
        (object.value(at: "status", "conditions")?.arrayValue ?? [])
            .contains { $0["type"]?.stringValue == type && $0["status"]?.stringValue == "True" }
    }
}
