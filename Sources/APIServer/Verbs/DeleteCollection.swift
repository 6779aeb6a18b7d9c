import APIMachinery

/// DELETE on a collection.
enum DeleteCollectionVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let listOptions = try ListOptions(context, isWatch: false)
        let selection = try Selection(context, resource: resource)
        let options = try DeleteOptions(context)
        let namespace = resource.isNamespaced && !context.info.namespace.isEmpty ? context.info.namespace : nil
        var request = PageRequest(namespace: namespace, selection: selection)
        request.limit = listOptions.limit
        let page = try await backend.page(request)
        let deletion = Deletion(core: core, resource: resource, backend: backend, context: context, options: options)
        for object in page.objects {
            do throws(Status) {
                _ = try await deletion.run(path: object.path, name: object.name)
            } catch {
                // Somebody else was faster: what was wanted has happened.
                guard error.code == 404 else { throw error }
            }
        }
        return try await Rendering.list(page, continue: nil, context: context, resource: resource)
    }
}
