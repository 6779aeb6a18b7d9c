import APIMachinery
import HTTPServing

/// PUT on an object or on its status.
enum UpdateVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        try OptionErrors.check(context, kind: "UpdateOptions")
        var object = try ObjectDecoder.decode(context, resource: resource)
        try ObjectDecoder.fit(&object, context: context, resource: resource)
        try ObjectDecoder.checkName(object, context)
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        let owner = FieldOwner(
            manager: context.fieldManager,
            subresource: context.info.subresource,
            now: context.now
        )
        let wanted = object
        let outcome = try await writer.update(
            subresource: context.info.subresource,
            manager: owner,
            createIfMissing: resource.strategy.allowsCreateOnUpdate && context.info.subresource.isEmpty
        ) { _ throws(Status) in wanted }
        return try await Rendering.outcome(outcome, context: context, resource: resource)
    }
}
