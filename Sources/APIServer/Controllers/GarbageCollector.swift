import APIMachinery
import Logging
import Storage
import Synchronization

/// Follows owner references: deletes dependents whose owners are gone, holds owners back until their dependents
/// are gone (foreground), or lets dependents go free (orphan).
final class GarbageCollector: Sendable {
    typealias Reference = OwnerGraph.Reference

    private let core: ServerCore
    private let graph = Mutex(OwnerGraph())

    init(core: ServerCore) { self.core = core }

    /// Looks at every object once, for what happened before the server started.
    func scan() async {
        // Everybody's owners are known before anything is done: an owner must not go free while a dependent of a
        // kind that is read later would hold it.
        var concerned: [Reference] = []
        for resource in core.registry.contents.stored { concerned += await noteAll(resource) }
        await forEachConcurrently(concerned) { await self.visit($0) }
    }

    private func noteAll(_ resource: ServedResource) async -> [Reference] {
        guard case .objects(let backend) = resource.backend else { return [] }
        var request = PageRequest(limit: 500, selection: Selection(), isBrief: true)
        var concerned: [Reference] = []
        do throws(Status) {
            while true {
                let page = try await backend.page(request)
                for object in page.objects where !object.owners.isEmpty || object.isDeleting {
                    let reference = Reference(storageKey: resource.storageKey, path: object.path)
                    graph.withLock { $0.note(reference, object) }
                    concerned.append(reference)
                }
                guard let next = page.next else { return concerned }
                request.start = next
            }
        } catch {
            core.logger.error(
                "owners not read; objects of this kind are not collected until they change",
                metadata: ["resource": "\(resource.storageKey)", "error": "\(error)"]
            )
            return concerned
        }
    }

    /// Takes the next step after a change of one object.
    ///
    /// - Parameter deletedUIDs: the uids of the objects that went from this place.
    func visit(_ reference: Reference, deletedUIDs: Set<String> = []) async {
        do throws(Status) {
            let object = try await core.current(reference)
            graph.withLock { $0.note(reference, object) }
            if let object, let resource = core.resource(reference.storageKey) {
                if object.isDeleting {
                    try await finish(object, resource)
                } else {
                    try await check(object, resource, reportsStrangers: true)
                }
            }
        } catch {
            postpone(reference, error)
        }
        for uid in deletedUIDs {
            let dependents = graph.withLock { graph in
                graph.forget(owner: uid)
                return graph.dependents(of: uid)
            }
            await forEachConcurrently(dependents) { await self.visit(dependent: $0, absent: uid) }
        }
    }

    /// Looks at an object after an owner has changed.
    ///
    /// - Parameter absent: the uid of an owner that is gone for sure.
    private func visit(dependent reference: Reference, absent: String? = nil) async {
        do throws(Status) {
            guard let object = try await core.current(reference), let resource = core.resource(reference.storageKey)
            else { return }
            try await check(object, resource, absent: absent)
        } catch {
            postpone(reference, error)
        }
    }

    private func postpone(_ reference: Reference, _ error: Status) {
        graph.withLock { $0.postpone(reference) }
        core.logger.warning(
            "garbage collection postponed",
            metadata: ["object": "\(reference.storageKey) \(reference.path)", "error": "\(error)"]
        )
    }

    /// Does what could not be done before.
    func retryPostponed() async {
        let references = graph.withLock { $0.takePostponed() }
        await forEachConcurrently(Array(references)) { await self.visit($0) }
    }

    // MARK: Dependents

    private enum OwnerState { case solid, absent, waiting }

    /// Whether the owner that a reference names is there.
    private func state(of owner: OwnerReference, dependent: CachedObject) async throws(Status) -> OwnerState {
        let version = GroupVersion(apiVersion: owner.apiVersion)
        guard let version, let resource = core.registry.contents.resource(group: version.group, kind: owner.kind),
            let (_, backend) = core.stored(group: resource.group, plural: resource.names.plural)
        else { return .solid }  // Of a kind that is not served nothing is known.
        // An object of the cluster cannot belong to one in a namespace, and nobody can tell which one was meant.
        if resource.isNamespaced, dependent.namespace.isEmpty { return .solid }
        let path = resource.isNamespaced ? "\(dependent.namespace)/\(owner.name)" : owner.name
        guard let found = try await backend.object(at: path), found.uid == owner.uid else { return .absent }
        return found.isDeletingDependents ? .waiting : .solid
    }

    /// Deletes an object none of whose owners is left, and drops references to owners that are gone.
    ///
    /// - Parameters:
    ///   - absent: the uid of an owner that is gone for sure, even if its kind is not served any more.
    ///   - reportsStrangers: whether an Event tells of owners in other namespaces.
    private func check(
        _ object: CachedObject,
        _ resource: ServedResource,
        absent: String? = nil,
        reportsStrangers: Bool = false
    ) async throws(Status) {
        guard !object.owners.isEmpty, !object.isDeleting else { return }
        var gone: Set<String> = []
        var isHeld = false
        var isWaiting = false
        for owner in object.owners {
            let state = owner.uid == absent ? .absent : try await state(of: owner, dependent: object)
            switch state {
            case .solid: isHeld = true
            case .absent: gone.insert(owner.uid)
            case .waiting:
                isWaiting = true
                gone.insert(owner.uid)
            }
            if reportsStrangers, state == .absent || object.namespace.isEmpty {
                await ForeignOwners(core: core).report(owner, of: object, resource)
            }
        }
        if isHeld {
            guard !gone.isEmpty else { return }
            try await drop(gone, from: object, resource)
            return
        }
        let dependents = graph.withLock { $0.dependents(of: object.uid) }
        var propagation = DeleteOptions.Propagation.background
        if isWaiting, !dependents.isEmpty {
            propagation = .foreground
            // In a circle each would wait for the other.
            if try await anyDeletesDependents(dependents) { try await unblock(object, resource) }
        } else if object.finalizers.contains("orphan") {
            propagation = .orphan
        } else if object.finalizers.contains("foregroundDeletion") {
            propagation = .foreground
        }
        try await core.internalDelete(
            group: resource.group,
            resource: resource.names.plural,
            namespace: object.namespace,
            name: object.name,
            uid: object.uid,
            propagation: propagation
        )
    }

    private func anyDeletesDependents(_ references: [Reference]) async throws(Status) -> Bool {
        for reference in references {
            if try await core.current(reference)?.isDeletingDependents == true { return true }
        }
        return false
    }

    private func drop(_ uids: Set<String>, from object: CachedObject, _ resource: ServedResource) async throws(Status) {
        try await changeOwners(of: object, resource) { owners in
            owners.filter { !uids.contains($0["uid"]?.stringValue ?? "") }
        }
    }

    /// Lets an object hold up no owner's deletion any more.
    private func unblock(_ object: CachedObject, _ resource: ServedResource) async throws(Status) {
        try await changeOwners(of: object, resource) { owners in
            owners.map { owner in
                var owner = owner
                if owner["blockOwnerDeletion"] == true { owner["blockOwnerDeletion"] = false }
                return owner
            }
        }
    }

    private func changeOwners(
        of object: CachedObject,
        _ resource: ServedResource,
        _ change: @escaping @Sendable ([JSONValue]) -> [JSONValue]
    ) async throws(Status) {
        let uid = object.uid
        try await core.internalUpdate(
            group: resource.group,
            resource: resource.names.plural,
            namespace: object.namespace,
            name: object.name
        ) { document in
            guard Unstructured(document).uid == uid else { return }
            let left = change(document.value(at: "metadata", "ownerReferences")?.arrayValue ?? [])
            document.set(left.isEmpty ? nil : .array(left), at: ["metadata", "ownerReferences"])
        }
    }

    // MARK: Owners

    /// Does what the finalizers of a deleted owner stand for.
    private func finish(_ owner: CachedObject, _ resource: ServedResource) async throws(Status) {
        if owner.finalizers.contains("orphan") {
            for reference in graph.withLock({ $0.dependents(of: owner.uid) }) {
                guard let dependent = try await core.current(reference),
                    let resource = core.resource(reference.storageKey)
                else { continue }
                try await drop([owner.uid], from: dependent, resource)
            }
            try await remove("orphan", from: owner, resource)
        }
        guard owner.finalizers.contains("foregroundDeletion") else { return }
        let dependents = graph.withLock { $0.dependents(of: owner.uid) }
        await forEachConcurrently(dependents) { await self.visit(dependent: $0) }
        for reference in dependents {
            let left = try await core.current(reference)?.owners ?? []
            if left.contains(where: { $0.uid == owner.uid && $0.blockOwnerDeletion == true }) { return }
        }
        try await remove("foregroundDeletion", from: owner, resource)
    }

    /// Looks again at the owners of objects that went or changed.
    func releaseOwners(_ uids: Set<String>) async {
        let waiting = graph.withLock { $0.waiting(among: uids) }
        await forEachConcurrently(waiting) { await self.visit($0) }
    }

    private func remove(_ finalizer: String, from object: CachedObject, _ resource: ServedResource) async throws(Status)
    {
        try await core.internalUpdate(
            group: resource.group,
            resource: resource.names.plural,
            namespace: object.namespace,
            name: object.name
        ) { document in
            let left = (document.value(at: "metadata", "finalizers")?.arrayValue ?? [])
                .filter { $0.stringValue != finalizer }
            document.set(left.isEmpty ? nil : .array(left), at: ["metadata", "finalizers"])
        }
    }
}

extension CachedObject {
    /// Whether it is deleted in the foreground: it goes after its dependents.
    var isDeletingDependents: Bool { isDeleting && finalizers.contains("foregroundDeletion") }
}
