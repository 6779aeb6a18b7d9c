import APIMachinery
import HTTPServing

/// PATCH with an applied configuration: server-side apply.
enum ApplyVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext,
        _ patch: PatchDocument
    ) async throws(Status) -> APIResponse {
        let outcome = try await apply(
            try read(patch, context),
            core,
            resource,
            backend,
            context,
            manager: context.fieldManager,
            force: context.query.flag("force")
        )
        return try await Rendering.outcome(outcome, context: context, resource: resource)
    }

    /// Applies a configuration to the object that the context names.
    @discardableResult
    static func apply(
        _ configuration: JSONValue,
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext,
        manager: String,
        force: Bool
    ) async throws(Status) -> ObjectWriter.Outcome {
        let owner = FieldOwner(manager: manager, subresource: context.info.subresource, now: context.now)
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        return try await writer.update(
            subresource: context.info.subresource,
            manager: nil,
            createIfMissing: context.info.subresource.isEmpty,
            isPatch: true
        ) { old throws(Status) in
            var object = try owner.applied(configuration, to: old, force: force, resource: resource)
            let uid = Unstructured(configuration).uid
            if old == nil, !uid.isEmpty {
                throw .conflict(
                    resource.groupResource,
                    name: context.info.name,
                    "uid mismatch: the provided object specified uid \(uid), and no existing object was found"
                )
            }
            try ObjectDecoder.fit(&object, context: context, resource: resource)
            try ObjectDecoder.checkName(object, context)
            _ = try resource.strategy.decode(&object)
            return object
        }
    }

    /// The applied configuration in a request's body.
    static func read(_ patch: PatchDocument, _ context: RequestContext) throws(Status) -> JSONValue {
        do {
            let (value, duplicates) = try YAMLText.parse(patch.bytes)
            guard duplicates.isEmpty else {
                throw Status(
                    code: 500,
                    reason: nil,
                    message: "error decoding YAML: \(duplicates.joined(separator: ", "))"
                )
            }
            // Nothing is a configuration of no type, which is refused as such.
            if value.isNull { return .object([:]) }
            guard value.objectValue != nil else {
                throw Status.badRequest(
                    "error decoding YAML: an applied configuration is an object, not \(value.typeName)"
                )
            }
            return value
        } catch let status as Status {
            throw status
        } catch {
            throw .badRequest("error decoding YAML: \(error)")
        }
    }
}
