import APIMachinery

/// Requests on something within an object.
enum SubresourceVerbs {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let info = context.info
        guard let subresource = resource.subresource(info.subresource), case .objects(let backend) = resource.backend,
            info.rest.isEmpty
        else {
            if resource.isCustom { throw .notFound(resource.groupResource, name: info.name) }
            throw Dispatcher.unknown
        }
        let verb = info.verb == "watch" ? "get" : info.verb
        guard subresource.verbs.contains(verb) else {
            throw resource.isCustom
                ? Status.methodNotAllowed(resource.groupResource, verb: verb) : Dispatcher.methodNotOffered
        }
        if let provided = backend as? ProvidedBackend,
            let answer = try await provided.perform(context, at: context.path(info.name, resource))
        {
            return Rendering.encode(answer, status: verb == "create" ? 201 : 200, context: context)
        }
        switch (subresource.name, verb) {
        case ("scale", _): return try await ScaleVerbs.run(core, resource, backend, context)
        case ("log", _): return try await PodLogVerb.run(core, resource, backend, context)
        case ("binding", _): return try await BindingVerb.run(core, resource, backend, context)
        case (_, "get"): return try await GetVerb.run(core, resource, context)
        case (_, "update"): return try await UpdateVerb.run(core, resource, backend, context)
        case (_, "patch"): return try await PatchVerb.run(core, resource, backend, context)
        default: throw Dispatcher.methodNotOffered
        }
    }
}

/// The number of replicas of an object, seen as `autoscaling/v1 Scale`.
enum ScaleVerbs {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        guard let paths = resource.scale else { throw .notFound(resource.groupResource, name: context.info.name) }
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        switch context.info.verb {
        case "update":
            try OptionErrors.check(context, kind: "UpdateOptions")
            let body = try BodyReader.read(context).value
            try checkIdentity(body, context)
            return try await write(writer, paths, context) { _ throws(Status) in body }
        case "patch":
            let patch = try PatchDocument(context, resource: resource)
            try OptionErrors.checkPatch(context, isApply: patch.dialect == .apply)
            if patch.dialect == .apply { return try await apply(patch, writer, paths, context) }
            return try await write(writer, paths, context) { scale throws(Status) in
                let (changed, _) = try patch.apply(to: scale, resource: resource)
                return changed
            }
        default:
            guard let stored = try await backend.object(at: writer.path) else {
                throw .notFound(resource.groupResource, name: context.info.name)
            }
            let object = try writer.read(stored)
            guard object.value(at: paths.specReplicas) != nil else {
                let field = "." + paths.specReplicas.joined(separator: ".")
                throw .internalError("the spec replicas field \"\(field)\" does not exist")
            }
            return Rendering.encode(scale(of: object, paths), status: 200, context: context)
        }
    }

    private static func write(
        _ writer: ObjectWriter,
        _ paths: ScalePaths,
        _ context: RequestContext,
        _ change: (JSONValue) throws(Status) -> JSONValue
    ) async throws(Status) -> APIResponse {
        let owner = FieldOwner(manager: context.fieldManager, subresource: "scale", now: context.now)
        let outcome = try await writer.update(subresource: "scale", manager: owner, isPatch: true) {
            old throws(Status) in
            guard let old else { throw .notFound(writer.resource.groupResource, name: context.info.name) }
            let wanted = try change(scale(of: old, paths))
            let number = try replicas(wanted["spec"]?["replicas"] ?? 0, of: old, writer, paths)
            var object = old
            object.set(.int(number), at: paths.specReplicas)
            object.set(wanted["metadata"]?["resourceVersion"], at: ["metadata", "resourceVersion"])
            return object
        }
        return Rendering.encode(scale(of: outcome.object, paths), status: 200, context: context)
    }

    /// Applies to the object what the configuration says of its scale, and records the manager for that field.
    private static func apply(
        _ patch: PatchDocument,
        _ writer: ObjectWriter,
        _ paths: ScalePaths,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let scale = try ApplyVerb.read(patch, context)
        try ApplyVerb.checkIdentity(scale, context, writer.resource)
        try checkIdentity(scale, context)
        let owner = FieldOwner(manager: context.fieldManager, subresource: "scale", now: context.now)
        let outcome = try await writer.update(subresource: "scale", manager: nil, isPatch: true) {
            old throws(Status) in
            guard let old else { throw .notFound(writer.resource.groupResource, name: context.info.name) }
            let parent = Unstructured(old)
            var configuration: JSONValue = [
                "apiVersion": .string(parent.apiVersion), "kind": .string(parent.kind),
                "metadata": ["name": .string(parent.name)],
            ]
            if let replicas = scale["spec"]?["replicas"] {
                let count = try Self.replicas(replicas, of: old, writer, paths)
                configuration.set(.int(count), at: paths.specReplicas)
            }
            return try owner.applied(
                configuration,
                to: old,
                force: context.query.flag("force"),
                resource: writer.resource
            )
        }
        return Rendering.encode(Self.scale(of: outcome.object, paths), status: 200, context: context)
    }

    /// Refuses what is no Scale, or one of another object.
    private static func checkIdentity(_ body: JSONValue, _ context: RequestContext) throws(Status) {
        let typed = Unstructured(body)
        guard ["", "Scale"].contains(typed.kind), ["", "autoscaling/v1"].contains(typed.apiVersion) else {
            throw .badRequest(
                "\(typed.kind) in version \"\(typed.apiVersion)\" cannot be handled as a Scale: expected "
                    + "autoscaling/v1 Scale"
            )
        }
        guard typed.name.isEmpty || typed.name == context.info.name else {
            throw .badRequest(
                "the name of the object (\(typed.name)) does not match the name on the URL (\(context.info.name))"
            )
        }
        guard typed.namespace.isEmpty || typed.namespace == context.info.namespace else {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    /// The number of replicas that a Scale asks for.
    private static func replicas(
        _ value: JSONValue,
        of object: JSONValue,
        _ writer: ObjectWriter,
        _ paths: ScalePaths
    ) throws(Status) -> Int64 {
        guard let number = value.intValue else {
            throw PatchDocument.invalidResult(value, "spec.replicas must be an integer")
        }
        guard number >= 0 else {
            let field = FieldPath("." + paths.specReplicas.joined(separator: "."))
            throw writer.invalid(object, [.invalid(field, .int(number), "should be a non-negative integer")])
        }
        return number
    }

    private static func scale(of object: JSONValue, _ paths: ScalePaths) -> JSONValue {
        var metadata: JSONValue = .object([:])
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let value = object["metadata"]?[field] { metadata[field] = value }
        }
        var spec: JSONValue = .object([:])
        if let replicas = object.value(at: paths.specReplicas)?.intValue, replicas != 0 {
            spec["replicas"] = .int(replicas)
        }
        var status: JSONValue = ["replicas": .int(object.value(at: paths.statusReplicas)?.intValue ?? 0)]
        if let path = paths.labelSelector, let selector = object.value(at: path)?.stringValue, !selector.isEmpty {
            status["selector"] = .string(selector)
        }
        return ["kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status]
    }
}
