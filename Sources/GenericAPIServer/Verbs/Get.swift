import APIMachinery
import HTTPServing

/// GET on one object.
enum GetVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        switch resource.backend {
        case .action: throw .methodNotAllowed(resource.groupResource, verb: "get")
        case .computed(let source):
            let namespace = resource.isNamespaced ? context.info.namespace : nil
            let objects = try await source.objects(namespace: namespace)
            guard let object = objects.first(where: { Unstructured($0).name == context.info.name }) else {
                throw .notFound(resource.groupResource, name: context.info.name)
            }
            return try await Rendering.object(object, context: context, resource: resource)
        case .objects(let backend):
            if let text = context.query["resourceVersion"], !text.isEmpty {
                guard let revision = Int64(text), revision >= 0 else { throw ListOptions.badVersion(text) }
                try await ListOptions.waitUntilKnown(revision, backend: backend)
            }
            let path = context.path(context.info.name, resource)
            guard let object = try await backend.object(at: path) else {
                throw .notFound(resource.groupResource, name: context.info.name)
            }
            return try await Rendering.cached(object, context: context, resource: resource)
        }
    }
}

extension RequestContext {
    /// Where an object of that name is, as the request's path says.
    package func path(_ name: String, _ resource: ServedResource) -> String {
        resource.isNamespaced && !info.namespace.isEmpty ? "\(info.namespace)/\(name)" : name
    }
}
