import APIMachinery
import Synchronization

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
        _ change: @Sendable (inout JSONValue) throws(Status) -> Void
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
                try change(&object)
                return object
            }
        } catch {
            guard error.code == 404 else { throw error }
        }
    }

    /// Does the same with all elements at once, so that their writes share commits.
    ///
    /// - Throws: the first failure, when all are done.
    func concurrently<Element: Sendable>(
        _ elements: [Element],
        _ work: @escaping @Sendable (Element) async throws(Status) -> Void
    ) async throws(Status) {
        let failure = await withTaskGroup(of: Status?.self) { group in
            for element in elements {
                group.addTask {
                    do throws(Status) {
                        try await work(element)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var first: Status?
            for await failure in group { first = first ?? failure }
            return first
        }
        if let failure { throw failure }
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

    /// Deletes every object of a resource, of one namespace or of all (`nil`), that is not being deleted already.
    ///
    /// - Throws: the first failure, after everything has been tried.
    func deleteAll(_ resource: ServedResource, _ backend: any ResourceBackend, namespace: String?) async throws(Status)
    {
        let failure = Mutex<Status?>(nil)
        var request = PageRequest(namespace: namespace, limit: 500, selection: Selection(), isBrief: true)
        while true {
            let page = try await backend.page(request)
            await forEachConcurrently(page.objects.filter { !$0.isDeleting }) { object in
                do throws(Status) {
                    try await self.internalDelete(
                        group: resource.group,
                        resource: resource.names.plural,
                        namespace: object.namespace,
                        name: object.name,
                        uid: object.uid,
                        propagation: .background
                    )
                } catch {
                    failure.withLock { if $0 == nil { $0 = error } }
                }
            }
            guard let next = page.next else { break }
            request.start = next
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// The object at that place now, whoever keeps it.
    func current(_ reference: OwnerGraph.Reference) async throws(Status) -> CachedObject? {
        if let cache = existingCache(reference.storageKey) { return cache.current(reference.path) }
        guard case .objects(let backend)? = resource(reference.storageKey)?.backend else { return nil }
        return try await backend.object(at: reference.path)
    }

    /// The resource of that name (`plural.group`).
    func resource(_ storageKey: String) -> ServedResource? {
        let name = storageKey.split(separator: ".", maxSplits: 1).map(String.init)
        return stored(group: name.count > 1 ? name[1] : "", plural: name[0])?.0
    }

    /// A stored resource in its storage version, or in the preferred one if that is not served. What no version
    /// serves any more has objects, too.
    func stored(group: String, plural: String) -> (ServedResource, any ResourceBackend)? {
        let contents = registry.contents
        let candidates = (contents.versions[group] ?? []).compactMap { contents.resource(group, $0, plural) }
        let served = candidates.first(where: \.isStorageForm) ?? candidates.first
        guard let resource = served ?? customResources?.storedForm(group: group, plural: plural),
            case .objects(let backend) = resource.backend
        else { return nil }
        return (resource, backend)
    }
}

extension RequestInfo {
    /// A request that came by no path.
    init() {}
}

/// Does something for every element, for a few of them at a time: writes that wait at the same time share a
/// transaction.
func forEachConcurrently<Element: Sendable>(
    _ elements: [Element],
    limit: Int = 32,
    _ body: @escaping @Sendable (Element) async -> Void
) async {
    await withTaskGroup(of: Void.self) { group in
        for (index, element) in elements.enumerated() {
            if index >= limit { await group.next() }
            group.addTask { await body(element) }
        }
    }
}
