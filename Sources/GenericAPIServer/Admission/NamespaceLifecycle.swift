package import APIMachinery

/// Refuses objects in namespaces that are missing or on their way out
/// (`k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`).
package struct NamespaceLifecycle: AdmissionPlugin {
    private static let namespaces = GroupResource(group: "", resource: "namespaces")

    package let caches: ObjectCaches

    package init(caches: ObjectCaches) { self.caches = caches }

    package func admitCreate(
        of name: String,
        _ object: JSONValue,
        resource: ServedResource,
        context: RequestContext
    ) throws(Status) {
        guard resource.isNamespaced else { return }
        let namespace = context.info.namespace
        guard let found = caches[Self.namespaces.description]?.current(namespace) else {
            throw .notFound(Self.namespaces, name: namespace)
        }
        guard found.isDeleting else { return }
        var status = Status.forbidden(
            resource.groupResource,
            name: name,
            "unable to create new content in namespace \(namespace) because it is being terminated"
        )
        status.details?.causes = [
            .init(
                reason: "NamespaceTerminating",
                message: "namespace \(namespace) is being terminated",
                field: "metadata.namespace"
            )
        ]
        throw status
    }
}
