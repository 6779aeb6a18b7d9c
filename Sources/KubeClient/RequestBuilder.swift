public import APIMachinery

/// Builds the requests of the Kubernetes API. Pure: what goes over the wire is tested without a server.
///
/// An empty namespace means all namespaces in lists and watches, and a cluster-scoped object elsewhere.
public struct RequestBuilder: Sendable {
    /// How long requests may take, except streams.
    public var timeout: Duration

    /// Builds requests that may take that long.
    public init(timeout: Duration = .seconds(30)) { self.timeout = timeout }

    /// The path of a collection, an object or a subresource.
    public static func path(
        _ resource: GroupVersionResource,
        namespace: String = "",
        name: String? = nil,
        subresource: String? = nil
    ) -> String {
        var path = resource.groupVersion.path
        if !namespace.isEmpty { path += "/namespaces/\(APIRequest.escape(namespace))" }
        path += "/\(resource.resource)"
        if let name { path += "/\(APIRequest.escape(name))" }
        if let subresource { path += "/\(subresource)" }
        return path
    }

    /// Reads one object.
    public func get(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        subresource: String? = nil,
        parameters: [String: String] = [:]
    ) -> APIRequest {
        let path = Self.path(resource, namespace: namespace, name: name, subresource: subresource)
        let query = parameters.sorted { $0.key < $1.key }.map { APIRequest.QueryItem($0.key, $0.value) }
        return APIRequest(.get, path, query: query, timeout: timeout)
    }

    /// Reads one page of a collection.
    public func list(_ resource: GroupVersionResource, namespace: String, _ options: ListOptions) -> APIRequest {
        APIRequest(.get, Self.path(resource, namespace: namespace), query: options.query, timeout: timeout)
    }

    /// Watches a collection. Has no time-out of its own: its consumer knows when silence means a dead connection.
    public func watch(_ resource: GroupVersionResource, namespace: String, _ options: WatchOptions) -> APIRequest {
        APIRequest(.get, Self.path(resource, namespace: namespace), query: options.query, timeout: nil)
    }

    /// Creates an object, or one of its subresources such as `eviction`.
    public func create(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String? = nil,
        subresource: String? = nil,
        _ object: JSONValue,
        _ options: WriteOptions
    ) -> APIRequest {
        let path = Self.path(resource, namespace: namespace, name: name, subresource: subresource)
        return write(.post, path, object, "application/json", options.query)
    }

    /// Replaces an object or its subresource.
    public func update(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        subresource: String? = nil,
        _ object: JSONValue,
        _ options: WriteOptions
    ) -> APIRequest {
        let path = Self.path(resource, namespace: namespace, name: name, subresource: subresource)
        return write(.put, path, object, "application/json", options.query)
    }

    /// Changes an object or its subresource.
    public func patch(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        subresource: String? = nil,
        _ patch: ObjectPatch,
        _ options: WriteOptions
    ) -> APIRequest {
        let path = Self.path(resource, namespace: namespace, name: name, subresource: subresource)
        var query = options.query
        if case .apply(_, force: true) = patch { query.append(.init("force", "true")) }
        var request = write(.patch, path, patch.body, patch.contentType, query)
        request.isIdempotent = patch.isIdempotent
        return request
    }

    /// Deletes one object.
    public func delete(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        _ options: DeleteOptions
    ) -> APIRequest {
        write(
            .delete,
            Self.path(resource, namespace: namespace, name: name),
            Self.body(options),
            "application/json",
            []
        )
    }

    /// Deletes all objects that match.
    public func deleteCollection(
        _ resource: GroupVersionResource,
        namespace: String,
        matching list: ListOptions,
        _ options: DeleteOptions
    ) -> APIRequest {
        write(
            .delete,
            Self.path(resource, namespace: namespace),
            Self.body(options),
            "application/json",
            list.query
        )
    }

    /// Reads a container's log; when following, for as long as it grows.
    public func podLogs(namespace: String, name: String, _ options: PodLogOptions) -> APIRequest {
        let pods = GroupVersionResource(group: "", version: "v1", resource: "pods")
        var request = APIRequest(
            .get,
            Self.path(pods, namespace: namespace, name: name, subresource: "log"),
            query: options.query,
            timeout: options.follow ? nil : timeout
        )
        request.headers["Accept"] = "text/plain, application/json, */*"
        return request
    }

    private func write(
        _ method: APIRequest.Method,
        _ path: String,
        _ body: JSONValue,
        _ contentType: String,
        _ query: [APIRequest.QueryItem]
    ) -> APIRequest {
        var request = APIRequest(method, path, query: query, timeout: timeout)
        request.headers["Content-Type"] = contentType
        request.body = body.bytes
        return request
    }

    private static func body(_ options: DeleteOptions) -> JSONValue {
        var body: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if let grace = options.gracePeriodSeconds { body["gracePeriodSeconds"] = .int(Int64(grace)) }
        if let policy = options.propagationPolicy { body["propagationPolicy"] = .string(policy.rawValue) }
        if let uid = options.uid { body.set(.string(uid), at: ["preconditions", "uid"]) }
        if let version = options.resourceVersion {
            body.set(.string(version), at: ["preconditions", "resourceVersion"])
        }
        if options.dryRun { body["dryRun"] = ["All"] }
        return body
    }
}
