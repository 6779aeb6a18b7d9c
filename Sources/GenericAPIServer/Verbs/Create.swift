import APIMachinery
import HTTPServing

/// POST on a collection.
enum CreateVerb {
    static func run(_ core: ServerCore, _ resource: ServedResource, _ context: RequestContext) async throws(Status)
        -> APIResponse
    {
        try OptionErrors.check(context, kind: "CreateOptions")
        var object = try ObjectDecoder.decode(context, resource: resource)
        switch resource.backend {
        case .action(let action):
            return try await Rendering.object(
                try await action.perform(object, context),
                context: context,
                resource: resource,
                status: 201
            )
        case .computed: throw .methodNotAllowed(resource.groupResource, verb: "create")
        case .objects(let backend):
            try ObjectDecoder.fit(&object, context: context, resource: resource)
            context.audit?.concerns(object)
            let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
            let owner = FieldOwner(manager: context.fieldManager, now: context.now)
            let outcome = try await writer.create(object, manager: owner)
            context.audit?.concerns(outcome.object)
            return try await Rendering.outcome(outcome, context: context, resource: resource)
        }
    }
}
