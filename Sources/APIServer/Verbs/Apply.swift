import APIMachinery

/// PATCH with an applied configuration: server-side apply.
enum ApplyVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext,
        _ patch: PatchDocument
    ) async throws(Status) -> APIResponse {
        let force = context.query.flag("force")
        let configuration = try read(patch, context)
        try checkIdentity(configuration, context, resource)
        let owner = FieldOwner(manager: context.fieldManager, subresource: context.info.subresource, now: context.now)
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        let outcome = try await writer.update(
            subresource: context.info.subresource,
            manager: nil,
            createIfMissing: context.info.subresource.isEmpty,
            isPatch: true
        ) { old throws(Status) in
            let uid = Unstructured(configuration).uid
            if old == nil, !uid.isEmpty {
                throw .conflict(
                    resource.groupResource,
                    name: context.info.name,
                    "uid mismatch: the provided object specified uid \(uid), and no existing object was found"
                )
            }
            var object = try owner.applied(configuration, to: old, force: force, resource: resource)
            if old == nil {
                object.set(nil, at: ["metadata", "resourceVersion"])
                if resource.isNamespaced { object.set(.string(context.info.namespace), at: ["metadata", "namespace"]) }
            }
            _ = try resource.strategy.decode(&object)
            return object
        }
        return try await Rendering.outcome(outcome, context: context, resource: resource)
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

    /// Holds the configuration's name and namespace against the path.
    static func checkIdentity(
        _ configuration: JSONValue,
        _ context: RequestContext,
        _ resource: ServedResource
    ) throws(Status) {
        let typed = Unstructured(configuration)
        let info = context.info
        guard !typed.name.isEmpty else {
            throw .badRequest(
                "the name of the object (\(info.name) based on URL) was undeterminable: name must be provided"
            )
        }
        if typed.name != info.name {
            throw .badRequest(
                "the name of the object (\(typed.name)) does not match the name on the URL (\(info.name))"
            )
        }
        if resource.isNamespaced {
            if !typed.namespace.isEmpty, typed.namespace != info.namespace {
                throw .badRequest(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            }
        }
    }
}
