package import APIMachinery

/// Refuses new objects for reasons that lie outside of them, before they are validated
/// (`k8s.io/apiserver/pkg/admission`).
package protocol AdmissionPlugin: Sendable {
    /// Throws if the object may not be made.
    ///
    /// - Parameter name: the object's name, which may have been generated.
    func admitCreate(
        of name: String,
        _ object: JSONValue,
        resource: ServedResource,
        context: RequestContext
    ) throws(Status)
}
