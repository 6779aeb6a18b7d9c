import APIMachinery
import Logging
import Storage
import Synchronization

/// Follows owner references: deletes dependents whose owners are gone, holds owners back until their dependents
/// are gone (foreground), or lets dependents go free (orphan).
final class GarbageCollector: Sendable {
    /// Where an object is.
    struct Reference: Sendable, Hashable {
        var storageKey: String
        var path: String
    }

    /// Who depends on whom, by uid; kept up to date from the committed changes.
    private struct Graph {
        var dependents: [String: Set<Reference>] = [:]
        var owners: [Reference: Set<String>] = [:]
        /// Objects that are deleted in the foreground and wait for their dependents, by uid.
        var waiting: [String: Reference] = [:]
    }

    private let core: ServerCore
    private let graph = Mutex(Graph())

    init(core: ServerCore) { self.core = core }

    /// Notes an object's owners; `nil` for an object that is gone.
    private func note(_ reference: Reference, _ object: CachedObject?) {
        let now = Set((object?.owners ?? []).map(\.uid))
        graph.withLock { graph in
            if let object, object.isDeleting, object.finalizers.contains("foregroundDeletion") {
                graph.waiting[object.uid] = reference
            }
            let before = graph.owners[reference] ?? []
            guard now != before else { return }
            for uid in before.subtracting(now) {
                graph.dependents[uid]?.remove(reference)
                if graph.dependents[uid]?.isEmpty == true { graph.dependents[uid] = nil }
            }
            for uid in now.subtracting(before) { graph.dependents[uid, default: []].insert(reference) }
            graph.owners[reference] = now.isEmpty ? nil : now
        }
    }

    private func dependents(of uid: String) -> Set<Reference> { graph.withLock { $0.dependents[uid] ?? [] } }

    /// Looks at every object once, for what happened before the server started.
    func scan() async {
        for resource in core.registry.contents.stored {
            await visitAll(resource)
        }
    }

    private func visitAll(_ resource: ServedResource) async {
        guard let cache = core.existingCache(resource.storageKey) else { return }
        var all: [CachedObject] = []
        cache.snapshot().objects.forEach { object in
            if !object.owners.isEmpty || object.isDeleting { all.append(object) }
            return true
        }
        for object in all { note(Reference(storageKey: resource.storageKey, path: object.path), object) }
        for object in all {
            await visit(Reference(storageKey: resource.storageKey, path: object.path), deletedUID: nil)
        }
    }

    /// Takes the next step after a change of one object.
    ///
    /// - Parameter deletedUID: the uid of the object, if the change was that it went.
    func visit(_ reference: Reference, deletedUID: String?) async {
        let object = core.existingCache(reference.storageKey)?.current(reference.path)
        note(reference, object)
        do throws(Status) {
            if let object, let resource = resource(reference.storageKey) {
                if object.isDeleting { try await finish(object, resource) } else { try await check(object, resource) }
            }
            guard let deletedUID else { return }
            graph.withLock { $0.waiting[deletedUID] = nil }
            for dependent in dependents(of: deletedUID) {
                guard let resource = self.resource(dependent.storageKey),
                    let object = core.existingCache(dependent.storageKey)?.current(dependent.path)
                else { continue }
                try await check(object, resource)
            }
        } catch {
            core.logger.warning(
                "garbage collection postponed",
                metadata: ["object": "\(reference.path)", "error": "\(error)"]
            )
        }
    }

    private func resource(_ storageKey: String) -> ServedResource? {
        let name = storageKey.split(separator: ".", maxSplits: 1).map(String.init)
        return core.stored(group: name.count > 1 ? name[1] : "", plural: name[0])?.0
    }

    // MARK: Dependents

    private enum OwnerState { case solid, absent, waiting }

    /// Whether the owner that a reference names is there.
    private func state(of owner: OwnerReference, dependent: CachedObject) async -> OwnerState {
        let version = GroupVersion(apiVersion: owner.apiVersion)
        guard let version, let resource = core.registry.contents.resource(group: version.group, kind: owner.kind),
            let (_, backend) = core.stored(group: resource.group, plural: resource.names.plural)
        else { return .solid }  // Of a kind that is not served nothing is known.
        let path = resource.isNamespaced ? "\(dependent.namespace)/\(owner.name)" : owner.name
        guard let found = try? await backend.object(at: path), found.uid == owner.uid else { return .absent }
        let isWaiting = found.isDeleting && found.finalizers.contains("foregroundDeletion")
        return isWaiting ? .waiting : .solid
    }

    /// Deletes an object none of whose owners is left, and drops references to owners that are gone.
    private func check(_ object: CachedObject, _ resource: ServedResource) async throws(Status) {
        guard !object.owners.isEmpty, !object.isDeleting else { return }
        var gone: Set<String> = []
        var isHeld = false
        var isWaiting = false
        for owner in object.owners {
            switch await state(of: owner, dependent: object) {
            case .solid: isHeld = true
            case .absent: gone.insert(owner.uid)
            case .waiting:
                isWaiting = true
                gone.insert(owner.uid)
            }
        }
        if isHeld {
            guard !gone.isEmpty else { return }
            try await drop(gone, from: object, resource)
            return
        }
        let hasDependents = !dependents(of: object.uid).isEmpty
        var propagation: DeleteOptions.Propagation = isWaiting && hasDependents ? .foreground : .background
        if object.finalizers.contains("orphan") { propagation = .orphan }
        if object.finalizers.contains("foregroundDeletion") { propagation = .foreground }
        try await core.internalDelete(
            group: resource.group,
            resource: resource.names.plural,
            namespace: object.namespace,
            name: object.name,
            uid: object.uid,
            propagation: propagation
        )
    }

    private func drop(_ uids: Set<String>, from object: CachedObject, _ resource: ServedResource) async throws(Status) {
        try await core.internalUpdate(
            group: resource.group,
            resource: resource.names.plural,
            namespace: object.namespace,
            name: object.name
        ) { document in
            let left = (document.value(at: "metadata", "ownerReferences")?.arrayValue ?? [])
                .filter { !uids.contains($0["uid"]?.stringValue ?? "") }
            document.set(left.isEmpty ? nil : .array(left), at: ["metadata", "ownerReferences"])
        }
    }

    // MARK: Owners

    /// Does what the finalizers of a deleted owner stand for.
    private func finish(_ owner: CachedObject, _ resource: ServedResource) async throws(Status) {
        if owner.finalizers.contains("orphan") {
            for reference in dependents(of: owner.uid) {
                guard let dependent = core.existingCache(reference.storageKey)?.current(reference.path),
                    let resource = self.resource(reference.storageKey)
                else { continue }
                try await drop([owner.uid], from: dependent, resource)
            }
            try await remove("orphan", from: owner, resource)
        }
        guard owner.finalizers.contains("foregroundDeletion") else { return }
        var isBlocked = false
        for reference in dependents(of: owner.uid) {
            guard let dependent = core.existingCache(reference.storageKey)?.current(reference.path),
                let resource = self.resource(reference.storageKey)
            else { continue }
            try await check(dependent, resource)
            guard let left = core.existingCache(reference.storageKey)?.current(reference.path),
                left.uid == dependent.uid
            else { continue }
            if left.owners.contains(where: { $0.uid == owner.uid && $0.blockOwnerDeletion == true }) {
                isBlocked = true
            }
        }
        if !isBlocked { try await remove("foregroundDeletion", from: owner, resource) }
    }

    /// Looks again at the owners of an object that went.
    func releaseOwners(_ uids: [String]) async {
        let waiting = graph.withLock { graph in uids.compactMap { graph.waiting[$0] } }
        for reference in waiting { await visit(reference, deletedUID: nil) }
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
