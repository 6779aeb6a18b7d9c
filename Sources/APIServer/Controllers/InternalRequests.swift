import APIMachinery

/// Writes that the server makes by itself. They go the same way as those of clients.
extension ServerCore {
    /// The user that the server's own controllers are.
    static let systemUser = UserInfo(name: "system:kube-controller-manager", groups: ["system:masters"])

    private func context(
        group: String,
        version: String,
        resource: String,
        namespace: String,
        name: String,
        subresource: String = "",
        verb: String
    ) -> RequestContext {
        var info = RequestInfo()
        info.group = group
        info.version = version
        info.resource = resource
        info.namespace = namespace
        info.name = name
        info.subresource = subresource
        info.verb = verb
        let request = APIRequest(
            method: "",
            path: "",
            headers: ["user-agent": "kube-controller-manager"],
            user: Self.systemUser
        )
        return RequestContext(request: request, info: info, form: OutputForm(), now: options.now())
    }

    /// Changes one object; nothing happens if it is gone.
    func internalUpdate(
        group: String,
        resource plural: String,
        namespace: String,
        name: String,
        subresource: String = "",
        _ change: @Sendable (inout JSONValue) -> Void
    ) async throws(Status) {
        guard let (resource, backend) = stored(group: group, plural: plural) else { return }
        let context = context(
            group: group,
            version: resource.version,
            resource: plural,
            namespace: namespace,
            name: name,
            subresource: subresource,
            verb: "update"
        )
        let writer = ObjectWriter(core: self, resource: resource, backend: backend, context: context)
        do throws(Status) {
            _ = try await writer.update(
                subresource: subresource,
                manager: FieldOwner(manager: "kube-controller-manager", subresource: subresource, now: context.now),
                isPatch: true
            ) { old throws(Status) in
                guard var object = old else { throw .notFound(resource.groupResource, name: name) }
                change(&object)
                return object
            }
        } catch {
            guard error.code == 404 else { throw error }
        }
    }

    /// Makes an object unless it is there.
    func internalCreate(group: String, resource plural: String, namespace: String, _ object: JSONValue)
        async throws(Status)
    {
        guard let (resource, backend) = stored(group: group, plural: plural) else { return }
        let context = context(
            group: group,
            version: resource.version,
            resource: plural,
            namespace: namespace,
            name: "",
            verb: "create"
        )
        let writer = ObjectWriter(core: self, resource: resource, backend: backend, context: context)
        var decoded = object
        if !namespace.isEmpty { decoded.set(.string(namespace), at: ["metadata", "namespace"]) }
        _ = try resource.strategy.decode(&decoded)
        do throws(Status) {
            _ = try await writer.create(decoded, manager: FieldOwner(manager: "kube-apiserver", now: context.now))
        } catch {
            guard error.reason == .alreadyExists else { throw error }
        }
    }

    /// Deletes one object; nothing happens if it is gone, or another one of that name.
    func internalDelete(
        group: String,
        resource plural: String,
        namespace: String,
        name: String,
        uid: String?,
        propagation: DeleteOptions.Propagation?
    ) async throws(Status) {
        guard let (resource, backend) = stored(group: group, plural: plural) else { return }
        let context = context(
            group: group,
            version: resource.version,
            resource: plural,
            namespace: namespace,
            name: name,
            verb: "delete"
        )
        var options = DeleteOptions()
        options.uid = uid
        options.propagation = propagation
        let deletion = Deletion(core: self, resource: resource, backend: backend, context: context, options: options)
        do throws(Status) {
            _ = try await deletion.run(path: context.path(name, resource), name: name)
        } catch {
            guard error.code == 404 || error.code == 409 else { throw error }
        }
    }

    /// A stored resource in its storage version, or in the preferred one if that is not served.
    func stored(group: String, plural: String) -> (ServedResource, any ResourceBackend)? {
        let contents = registry.contents
        let candidates = (contents.versions[group] ?? []).compactMap { contents.resource(group, $0, plural) }
        guard let resource = candidates.first(where: \.isStorageForm) ?? candidates.first,
            case .objects(let backend) = resource.backend
        else { return nil }
        return (resource, backend)
    }
}

extension RequestInfo {
    /// A request that came by no path.
    init() {}
}
