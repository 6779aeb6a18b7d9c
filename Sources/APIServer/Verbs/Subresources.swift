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
            let document = try BodyReader.read(context)
            let body = document.value
            guard body["kind"]?.stringValue == "Scale", body["apiVersion"]?.stringValue == "autoscaling/v1" else {
                throw .badRequest(
                    "\(body["kind"]?.stringValue ?? "") in version \"\(body["apiVersion"]?.stringValue ?? "")\" "
                        + "cannot be handled as a Scale: expected autoscaling/v1 Scale"
                )
            }
            guard body["metadata"]?["name"]?.stringValue ?? context.info.name == context.info.name else {
                throw .badRequest("the name of the object does not match the name on the URL (\(context.info.name))")
            }
            return try await write(writer, paths, context) { _ throws(Status) in body }
        case "patch":
            let patch = try PatchDocument(context, resource: resource)
            try OptionErrors.checkPatch(context, isApply: patch.dialect == .apply)
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
            let replicas = wanted["spec"]?["replicas"] ?? 0
            guard let number = replicas.intValue else {
                throw PatchDocument.invalidResult(wanted, "spec.replicas must be an integer")
            }
            guard number >= 0 else {
                let field = "." + paths.specReplicas.joined(separator: ".")
                throw writer.invalid(
                    old,
                    [.invalid(FieldPath(field), .int(number), "should be a non-negative integer")]
                )
            }
            var object = old
            object.set(.int(number), at: paths.specReplicas)
            object.set(wanted["metadata"]?["resourceVersion"], at: ["metadata", "resourceVersion"])
            return object
        }
        return Rendering.encode(scale(of: outcome.object, paths), status: 200, context: context)
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
