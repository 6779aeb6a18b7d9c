import APIMachinery
package import AccessControl

extension AccessAttributes {
    /// What a request is about; `info` is `nil` for paths that are no resources.
    package init(_ request: APIRequest, _ info: RequestInfo?) {
        guard let info else {
            self.init(user: request.user, verb: request.method.lowercased(), path: request.path)
            return
        }
        self.init(
            user: request.user,
            verb: info.verb,
            group: info.group,
            version: info.version,
            resource: info.resource,
            subresource: info.subresource,
            namespace: info.namespace,
            name: info.name
        )
        // Who lists or watches by one name asks for that object alone.
        if name.isEmpty, verb == "list" || verb == "watch", let text = request.query["fieldSelector"],
            // A selector that cannot be read is refused by the list itself.
            let selector = try? FieldSelector(parsing: text), let only = selector.exactValue(of: "metadata.name"),
            Validation.pathSegment(only).isEmpty
        {
            name = only
        }
    }
}
