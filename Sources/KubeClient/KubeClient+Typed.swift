public import APIMachinery

/// Objects of known kinds, as Swift types.
extension KubeClient {
    /// Reads an object.
    public func get<Object: Resource>(
        _ type: Object.Type = Object.self,
        namespace: String = "",
        name: String
    ) async throws -> Object {
        try decode(await get(Object.resource, namespace: namespace, name: name))
    }

    /// Reads an object; `nil` if it does not exist.
    public func find<Object: Resource>(
        _ type: Object.Type = Object.self,
        namespace: String = "",
        name: String
    ) async throws -> Object? {
        do {
            return try await get(type, namespace: namespace, name: name)
        } catch let status as Status where status.isNotFound {
            return nil
        }
    }

    /// Reads a collection, in pages if it is long.
    public func list<Object: Resource>(
        _ type: Object.Type = Object.self,
        namespace: String = "",
        _ options: ListOptions = ListOptions()
    ) async throws -> ObjectList<Object> {
        let list = try await listAll(Object.resource, namespace: namespace, options)
        return ObjectList(items: try list.items.map { try decode($0) }, resourceVersion: list.resourceVersion)
    }

    /// Creates an object.
    public func create<Object: Resource>(
        _ object: Object,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try decode(await create(Object.resource, Unstructured(encoding: object), options))
    }

    /// Replaces an object. A `resourceVersion` in it must be current.
    public func update<Object: Resource>(
        _ object: Object,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try decode(await update(Object.resource, Unstructured(encoding: object), options))
    }

    /// Replaces an object's status.
    public func updateStatus<Object: Resource>(
        _ object: Object,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try decode(await updateStatus(Object.resource, Unstructured(encoding: object), options))
    }

    /// Changes an object.
    public func patch<Object: Resource>(
        _ type: Object.Type,
        namespace: String = "",
        name: String,
        subresource: String? = nil,
        _ patch: ObjectPatch,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try decode(
            await self.patch(
                Object.resource,
                namespace: namespace,
                name: name,
                subresource: subresource,
                patch,
                options
            )
        )
    }

    /// Changes an object's status.
    public func patchStatus<Object: Resource>(
        _ type: Object.Type,
        namespace: String = "",
        name: String,
        _ patch: ObjectPatch,
        _ options: WriteOptions = WriteOptions()
    ) async throws -> Object {
        try await self.patch(type, namespace: namespace, name: name, subresource: "status", patch, options)
    }

    /// Deletes an object.
    public func delete<Object: Resource>(
        _ type: Object.Type,
        namespace: String = "",
        name: String,
        _ options: DeleteOptions = DeleteOptions()
    ) async throws {
        try await delete(Object.resource, namespace: namespace, name: name, options)
    }

    /// A server that sends an object which does not fit its kind is at fault, and the message says where.
    private func decode<Object: Resource>(_ object: Unstructured) throws -> Object {
        do {
            return try object.decode(Object.self)
        } catch {
            let name = object.namespacedName
            throw Status.internalError("the server's \(Object.groupVersionKind.kind) \(name) is malformed: \(error)")
        }
    }
}
