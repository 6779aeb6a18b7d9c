package import APIMachinery
package import GenericAPIServer

/// Refuses objects of kinds whose definition is being deleted.
package struct TerminatingDefinitions: AdmissionPlugin {
    package let caches: ObjectCaches

    package init(caches: ObjectCaches) { self.caches = caches }

    package func admitCreate(
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
