package import APIMachinery
package import AccessControl
import Synchronization

/// How the server's own parts write. Everything goes the way of clients' writes, by the same rules, but for
/// authentication, authorization, flow control and the audit log: all of it is done as ``user``.
package struct LoopbackClient: Sendable {
    /// The user that the server's own controllers are.
    package static let user = UserInfo(name: "system:kube-controller-manager", groups: ["system:masters"])

    package let core: ServerCore

    package init(core: ServerCore) { self.core = core }

    private func context(
        _ resource: ServedResource,
        namespace: String,
        name: String,
        subresource: String = "",
        verb: String
    ) -> RequestContext {
        var info = RequestInfo()
        info.group = resource.group
        info.version = resource.version
        info.resource = resource.names.plural
        info.namespace = namespace
        info.name = name
        info.subresource = subresource
        info.verb = verb
        let request = APIRequest(
            method: "",
            path: "",
            headers: ["user-agent": "kube-controller-manager"],
            user: Self.user
        )
        return RequestContext(request: request, info: info, form: OutputForm(), now: core.options.now())
    }

    /// Changes one object; nothing happens if it is gone.
    ///
    /// - Parameter change: may be called several times, each time with what is stored then.
    package func update(
        group: String,
        resource plural: String,
        namespace: String,
        name: String,
        subresource: String = "",
        _ change: @Sendable (inout JSONValue) throws(Status) -> Void
    ) async throws(Status) {
        guard let (resource, backend) = core.registry.contents.stored(group: group, plural: plural) else { return }
        let context = context(
            resource,
            namespace: namespace,
            name: name,
            subresource: subresource,
            verb: "update"
        )
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
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

    /// Makes an object unless it is there.
    package func create(group: String, resource plural: String, namespace: String, _ object: JSONValue)
        async throws(Status)
    {
        guard let (resource, backend) = core.registry.contents.stored(group: group, plural: plural) else { return }
        let context = context(resource, namespace: namespace, name: "", verb: "create")
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        var decoded = object
        if !namespace.isEmpty { decoded.set(.string(namespace), at: ["metadata", "namespace"]) }
        _ = try resource.strategy.decode(&decoded)
        do throws(Status) {
            _ = try await writer.create(decoded, manager: FieldOwner(manager: "kube-apiserver", now: context.now))
        } catch {
            guard error.reason == .alreadyExists else { throw error }
        }
    }

    /// Applies a manifest with force, as the field manager of that name.
    package func apply(_ manifest: JSONValue, manager: String) async throws(Status) {
        let object = Unstructured(manifest)
        guard let kind = object.groupVersionKind,
            let resource = core.registry.contents.resource(group: kind.group, kind: kind.kind, version: kind.version),
            case .objects(let backend) = resource.backend
        else {
            throw .badRequest(
                "a manifest of kind \(object.kind) (\(object.apiVersion)) cannot be applied: it is not served"
            )
        }
        let namespace = object.namespace.isEmpty ? "default" : object.namespace
        let context = context(
            resource,
            namespace: resource.isNamespaced ? namespace : "",
            name: object.name,
            verb: "patch"
        )
        do throws(Status) {
            try await ApplyVerb.apply(manifest, core, resource, backend, context, manager: manager, force: true)
        } catch {
            throw .badRequest(
                "the manifest of \(object.kind) \(object.name) was refused: \(error.message ?? "\(error)")"
            )
        }
    }

    /// Deletes one object; nothing happens if it is gone, or another one of that name.
    package func delete(
        group: String,
        resource plural: String,
        namespace: String,
        name: String,
        uid: String?,
        propagation: DeleteOptions.Propagation?
    ) async throws(Status) {
        guard let (resource, backend) = core.registry.contents.stored(group: group, plural: plural) else { return }
        let context = context(resource, namespace: namespace, name: name, verb: "delete")
        var options = DeleteOptions()
        options.uid = uid
        options.propagation = propagation
        let deletion = Deletion(core: core, resource: resource, backend: backend, context: context, options: options)
        do throws(Status) {
            _ = try await deletion.run(path: context.path(name, resource), name: name)
        } catch {
            guard error.code == 404 || error.code == 409 else { throw error }
        }
    }

    /// Deletes every object of a resource, of one namespace or of all (`nil`), that is not being deleted already.
    ///
    /// - Throws: the first failure, after everything has been tried.
    package func deleteAll(_ resource: ServedResource, namespace: String?) async throws(Status) {
        guard case .objects(let backend) = resource.backend else { return }
        let failure = Mutex<Status?>(nil)
        var request = PageRequest(namespace: namespace, limit: 500, selection: Selection(), isBrief: true)
        while true {
            let page = try await backend.page(request)
            await forEachConcurrently(page.objects.filter { !$0.isDeleting }) { object in
                do throws(Status) {
                    try await delete(
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
}

/// Does something for every element, for a few of them at a time: writes that wait at the same time share a
/// transaction.
package func forEachConcurrently<Element: Sendable>(
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

/// Does the same with all elements at once, so that their writes share commits.
///
/// - Throws: the first failure, when all are done.
package func concurrently<Element: Sendable>(
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

/// Does something for every element, for a few of them at a time, until one fails: what is under way then is finished,
/// and nothing more is started. The same if the task is cancelled.
///
/// - Throws: the first failure.
package func forEachConcurrently<Element: Sendable>(
    untilFailure elements: [Element],
    limit: Int = 32,
    _ body: @escaping @Sendable (Element) async throws(Status) -> Void
) async throws(Status) {
    let failure = await withTaskGroup(of: Status?.self) { group -> Status? in
        for (index, element) in elements.enumerated() {
            if index >= limit, let failure = await group.next() ?? nil { return failure }
            if Task.isCancelled { return .cancelled }
            group.addTask {
                do throws(Status) {
                    try await body(element)
                    return nil
                } catch {
                    return error
                }
            }
        }
        for await case let failure? in group { return failure }
        return nil
    }
    if let failure { throw failure }
}
