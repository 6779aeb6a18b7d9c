import APIMachinery
import HTTPServing

/// GET on a collection.
enum ListVerb {
    /// The objects of a streamed list that are in memory at a time.
    private static let streamedPage = 500

    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let options = try ListOptions(context, isWatch: false)
        let selection = try Selection(context, resource: resource)
        let namespace = resource.isNamespaced && !context.info.namespace.isEmpty ? context.info.namespace : nil
        switch resource.backend {
        case .action: throw .methodNotAllowed(resource.groupResource, verb: "list")
        case .computed(let source):
            let objects = try await source.objects(namespace: namespace).filter { document in
                // Computed objects are few; they are looked at as stored ones are.
                let object = CachedObject(path: "", revision: 0, bytes: [], document: document, fields: [:])
                return selection.matches(object)
            }
            return try await Rendering.list(computed: objects, context: context, resource: resource)
        case .objects(let backend):
            var request = try await page(options, selection, namespace, backend)
            var isStreamed = false
            if backend.readsByPages {
                for name in backend.listParameters { request.parameters[name] = context.query[name] }
                request.isBrief = context.query.flag("brief") || context.form.leavesObjectsOut(context.query)
                // What is kept elsewhere is in memory only while it is sent.
                isStreamed = request.limit == nil && request.parameters.isEmpty
                if isStreamed { request.limit = streamedPage }
            }
            var page: Page
            do throws(Status) {
                page = try await backend.page(request)
            } catch {
                guard error.code == 410, let token = options.token else { throw error }
                throw expiredContinuation(token)
            }
            if isStreamed, let start = page.next {
                request.start = start
                return try Rendering.stream(page, then: request, of: backend, context: context, resource: resource)
            }
            let token = page.next.map { ContinueToken(revision: page.revision, start: $0).text }
            // The last page is of the same revision as the others.
            if let token = options.token, token.revision > 0 { page.revision = token.revision }
            return try await Rendering.list(page, continue: token, context: context, resource: resource)
        }
    }

    private static func page(
        _ options: ListOptions,
        _ selection: Selection,
        _ namespace: String?,
        _ backend: any ResourceBackend
    ) async throws(Status) -> PageRequest {
        var request = PageRequest(namespace: namespace, limit: options.limit, selection: selection)
        if let token = options.token {
            request.start = token.start
            // A token of no revision goes on with the newest state.
            request.revision = token.revision > 0 ? token.revision : nil
            return request
        }
        guard let revision = options.revision, revision > 0 else { return request }
        try await ListOptions.waitUntilKnown(revision, backend: backend)
        let isPaged = options.limit != nil && options.match == nil
        if options.match == .exact || isPaged { request.revision = revision }
        return request
    }

    /// The 410 of a list that took too long, with a token that goes on in the newest state.
    private static func expiredContinuation(_ token: ContinueToken) -> Status {
        var status = Status(
            code: 410,
            reason: .expired,
            message:
                "The provided continue parameter is too old to display a consistent list result. You can start a "
                + "new list without the continue parameter, or use the continue token in this response to "
                + "retrieve the remainder of the results. Continuing with the provided token results in "
                + "an inconsistent list - objects that were created, modified, or deleted between the "
                + "time the first chunk was returned and now may show up in the list."
        )
        // No revision stands for the newest state.
        status.continueToken = ContinueToken(revision: -1, start: token.start).text
        return status
    }
}
