public import APIMachinery

/// A list with what is needed to watch from it or to read its next page.
public struct ObjectList<Object: Sendable>: Sendable {
    public var items: [Object]
    /// The version that the list shows; a watch goes on from there.
    public var resourceVersion: String
    /// Where the next page begins; `nil` at the end.
    public var continueToken: String?
    /// How many more there are, if the server says so.
    public var remaining: Int64?

    /// A list of that version.
    public init(
        items: [Object],
        resourceVersion: String,
        continueToken: String? = nil,
        remaining: Int64? = nil
    ) {
        self.remaining = remaining
        self.items = items
        self.resourceVersion = resourceVersion
        self.continueToken = continueToken
    }
}

/// Objects of any kind, as JSON trees.
extension KubeClient {
    /// Reads an object, or its subresource.
    public func get(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        subresource: String? = nil,
        parameters: [String: String] = [:]
    ) async throws -> Unstructured {
        Unstructured(
            try await json(
                requests.get(
                    resource,
                    namespace: namespace,
                    name: name,
                    subresource: subresource,
                    parameters: parameters
                )
            )
        )
    }

    /// Reads one page of a collection, or all of it where the options set no limit.
    public func list(
        _ resource: GroupVersionResource,
        namespace: String,
        _ options: ListOptions = ListOptions()
    ) async throws -> ObjectList<Unstructured> {
        let json = try await json(requests.list(resource, namespace: namespace, options))
        // The items of a list of a core kind come without apiVersion and kind, which every consumer wants.
        let kind = json["kind"]?.stringValue.flatMap { $0.hasSuffix("List") ? String($0.dropLast(4)) : nil }
        let items = (json["items"]?.arrayValue ?? []).map { item in
            var object = Unstructured(item)
            if object.apiVersion.isEmpty { object.apiVersion = json["apiVersion"]?.stringValue ?? "" }
            if object.kind.isEmpty, let kind { object.kind = kind }
            return object
        }
        let token = json["metadata"]?["continue"]?.stringValue
        return ObjectList(
            items: items,
            resourceVersion: json["metadata"]?["resourceVersion"]?.stringValue ?? "",
            continueToken: token.flatMap { $0.isEmpty ? nil : $0 },
            remaining: json["metadata"]?["remainingItemCount"]?.intValue
        )
    }

    /// Reads a collection page by page. Throws a `Status` with `isExpired` if it took longer than the server remembers.
    public func listAll(
        _ resource: GroupVersionResource,
        namespace: String,
        _ options: ListOptions = ListOptions(),
        pageSize: Int = 500
    ) async throws -> ObjectList<Unstructured> {
        var options = options
        options.limit = pageSize
        var page = try await list(resource, namespace: namespace, options)
        var items = page.items
        while let token = page.continueToken {
            options.continueToken = token
            page = try await list(resource, namespace: namespace, options)
            items += page.items
        }
        return ObjectList(items: items, resourceVersion: page.resourceVersion)
    }

    /// Creates an object in the namespace that it names.
    public func create(
        _ resource: GroupVersionResource,
        _ object: Unstructured,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Unstructured {
        Unstructured(try await json(requests.create(resource, namespace: object.namespace, object.json, options)))
    }

    /// Posts to a subresource, such as `binding`; answers what the server says.
    @discardableResult
    public func create(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        subresource: String,
        _ object: JSONValue,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> JSONValue {
        try await json(
            requests.create(resource, namespace: namespace, name: name, subresource: subresource, object, options)
        )
    }

    /// Replaces an object (or, with `subresource: "status"`, its status). A `resourceVersion` in it must be current.
    public func update(
        _ resource: GroupVersionResource,
        _ object: Unstructured,
        subresource: String? = nil,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Unstructured {
        Unstructured(
            try await json(
                requests.update(
                    resource,
                    namespace: object.namespace,
                    name: object.name,
                    subresource: subresource,
                    object.json,
                    options
                )
            )
        )
    }

    /// Replaces an object's status.
    public func updateStatus(
        _ resource: GroupVersionResource,
        _ object: Unstructured,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Unstructured {
        try await update(resource, object, subresource: "status", options)
    }

    /// Changes an object, or its subresource. An apply needs a `fieldManager`.
    public func patch(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        subresource: String? = nil,
        _ patch: ObjectPatch,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Unstructured {
        Unstructured(
            try await json(
                requests.patch(resource, namespace: namespace, name: name, subresource: subresource, patch, options)
            )
        )
    }

    /// Changes an object's status.
    public func patchStatus(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        _ patch: ObjectPatch,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Unstructured {
        try await self.patch(resource, namespace: namespace, name: name, subresource: "status", patch, options)
    }

    /// Deletes an object; answers the object, if it still has to finish, or a Status.
    @discardableResult
    public func delete(
        _ resource: GroupVersionResource,
        namespace: String,
        name: String,
        _ options: DeleteOptions = DeleteOptions()
    ) async throws -> JSONValue {
        try await json(requests.delete(resource, namespace: namespace, name: name, options))
    }

    /// Deletes all objects that match.
    @discardableResult
    public func deleteCollection(
        _ resource: GroupVersionResource,
        namespace: String,
        matching list: ListOptions = ListOptions(),
        _ options: DeleteOptions = DeleteOptions()
    ) async throws -> JSONValue {
        try await json(requests.deleteCollection(resource, namespace: namespace, matching: list, options))
    }

    /// Watches a collection. The stream ends when the server ends it; broken connections throw.
    public func watch(
        _ resource: GroupVersionResource,
        namespace: String,
        _ options: WatchOptions = WatchOptions()
    ) async throws -> WatchStream {
        WatchStream(body: try await stream(requests.watch(resource, namespace: namespace, options)))
    }

    /// Reads a container's log as it arrives.
    public func podLogs(
        namespace: String,
        name: String,
        _ options: PodLogOptions = PodLogOptions()
    ) async throws -> APIResponse.Body {
        try await stream(requests.podLogs(namespace: namespace, name: name, options))
    }
}
