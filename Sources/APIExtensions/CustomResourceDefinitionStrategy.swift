package import APIMachinery
package import GenericAPIServer

/// CustomResourceDefinitions.
package struct CustomResourceDefinitionStrategy: BuiltInStrategy {
    /// Serves what the definitions define.
    package let handler: CustomResourceHandler

    package static let storageKey = "customresourcedefinitions.apiextensions.k8s.io"
    package static let cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

    package var typeName: String { "CustomResourceDefinition" }
    package func metadataChecks(subresource: String) -> MetadataChecks { [.created, .changed] }
    package var hasGeneration: Bool { true }
    package var allowsUnconditionalUpdate: Bool { false }
    package var returnsDeletedObject: Bool { false }
    package var deletionFinalizer: String? { Self.cleanupFinalizer }

    package func fillDefaults(_ object: inout JSONValue) {
        guard var spec = object["spec"] else { return }
        let kind = spec.value(at: "names", "kind")?.stringValue ?? ""
        if spec.value(at: "names", "singular")?.stringValue ?? "" == "" {
            spec.set(.string(kind.lowercased()), at: ["names", "singular"])
        }
        if spec.value(at: "names", "listKind")?.stringValue ?? "" == "", !kind.isEmpty {
            spec.set(.string("\(kind)List"), at: ["names", "listKind"])
        }
        if spec["conversion"] == nil { spec["conversion"] = ["strategy": "None"] }
        let service = ["conversion", "webhook", "clientConfig", "service"]
        if let config = spec.value(at: service), config.objectValue != nil, config["port"] == nil {
            spec.set(.int(443), at: service + ["port"])
        }
        object["spec"] = spec
    }

    package func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        let versions = object.value(at: "spec", "versions")?.arrayValue ?? []
        let stored = versions.first { $0["storage"]?.boolValue == true }?["name"].map { [$0] } ?? []
        object["status"] = [
            "conditions": .array([]), "storedVersions": .array(stored),
            "acceptedNames": ["plural": "", "kind": ""],
        ]
    }

    package func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        if subresource == "status" {
            // As in the reference, metadata may be changed along with the status.
            object["spec"] = old["spec"]
            return
        }
        object["status"] = old["status"]
        if object["spec"] != old["spec"] {
            object.set(.int(Unstructured(old).generation + 1), at: ["metadata", "generation"])
        }
        // A version that objects may be stored in stays on the list until somebody has migrated them.
        var stored = object.value(at: "status", "storedVersions")?.arrayValue ?? []
        let versions = object.value(at: "spec", "versions")?.arrayValue ?? []
        let storage = versions.first { $0["storage"]?.boolValue == true }
        if let name = storage?["name"], !stored.contains(name) { stored.append(name) }
        object.set(.array(stored), at: ["status", "storedVersions"])
    }

    package func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        warn(of: SchemaErrors.unknownFormats(object["spec"] ?? .null), context)
        warnOfConversion(object, context)
        return CustomResourceDefinitionValidation.createErrors(object)
    }

    private func warnOfConversion(_ object: JSONValue, _ context: RequestContext) {
        let webhook = ConversionWebhook(object["spec"] ?? .null) { _ in [] }
        if let warning = webhook?.warning { context.warn(warning) }
    }

    private func warn(of formats: [String], _ context: RequestContext) {
        for format in formats { context.warn("unrecognized format \(JSONValue.string(format).text)") }
    }

    package func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        if subresource == "status" { return CustomResourceDefinitionValidation.statusErrors(object) }
        if object["spec"] != old["spec"] {
            let known = SchemaErrors.unknownFormats(old["spec"] ?? .null)
            let found = SchemaErrors.unknownFormats(object["spec"] ?? .null)
            warn(of: found.filter { !known.contains($0) }, context)
            warnOfConversion(object, context)
        }
        return CustomResourceDefinitionValidation.updateErrors(object, old: old)
    }

    package func markForDeletion(_ object: inout JSONValue) {
        StatusConditions.set(
            "Terminating",
            to: "True",
            reason: "InstanceDeletionPending",
            message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            in: &object,
            now: Timestamp.now()
        )
    }

    /// A new kind is served at once, and one that is gone is no longer.
    package func didWrite(_ name: String) async { await handler.definitionChanged(name) }

    package func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        [object.value(at: "metadata", "creationTimestamp") ?? .null]
    }
}
