package import APIMachinery
package import HTTPServing

/// Answers the requests on one subresource of a kind, where that is more than a part of the object: a Pod's log, its
/// eviction, what a provider adds.
package protocol SubresourceHandler: Sendable {
    /// The answer to a request whose verb the subresource has.
    func respond(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse
}
