import APIMachinery
import HTTPServing

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
        if let handler = resource.handlers[subresource.name] {
            return try await handler.respond(core, resource, backend, context)
        }
        switch (subresource.name, verb) {
        case ("scale", _): return try await ScaleVerbs.run(core, resource, backend, context)
        case (_, "get"): return try await GetVerb.run(core, resource, context)
        case (_, "update"): return try await UpdateVerb.run(core, resource, backend, context)
        case (_, "patch"): return try await PatchVerb.run(core, resource, backend, context)
        default: throw Dispatcher.methodNotOffered
        }
    }
}
