import APIMachinery
import HTTPServing

/// DELETE on a collection.
///
/// Several objects are deleted at a time, so that the store's commits are shared; the first error ends it, after those
/// that are under way. What is deleted by then stays deleted.
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
        // The answer names what was deleted. Outputs of runs are not read for it: there may be gigabytes.
        request.isBrief = true
        let page = try await backend.page(request)
        let deletion = Deletion(core: core, resource: resource, backend: backend, context: context, options: options)
        try await forEachConcurrently(untilFailure: page.objects) { object throws(Status) in
            do throws(Status) {
                _ = try await deletion.run(path: object.path, name: object.name)
            } catch {
                // Another request has deleted it: what was wanted has happened.
                guard error.code == 404 else { throw error }
            }
        }
        return try await Rendering.list(page, continue: nil, context: context, resource: resource)
    }
}
