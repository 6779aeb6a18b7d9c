import APIMachinery

/// Refuses objects of kinds whose definition is being deleted.
struct TerminatingDefinitions: AdmissionPlugin {
    let caches: ObjectCaches

    func admitCreate(
        of name: String,
        _ object: JSONValue,
        resource: ServedResource,
        context: RequestContext
    ) throws(Status) {
        guard resource.isCustom,
            caches[CustomResourceDefinitionStrategy.storageKey]?.current(resource.storageKey)?.isDeleting == true
        else { return }
        throw .forbidden(
            resource.groupResource,
            name: name,
            "create not allowed while custom resource definition is terminating"
        )
    }
}
