import APIMachinery
import ControllerRuntime
import GenericAPIServer
import Logging
import Storage
import Synchronization

/// Follows owner references: deletes dependents whose owners are gone, holds owners back until their dependents
/// are gone (foreground), or lets dependents go free (orphan).
final class GarbageCollector: Sendable {
    typealias Reference = OwnerGraph.Reference

    private let core: ServerCore
    private let client: LoopbackClient
    private let graph = Mutex(OwnerGraph())
    private let notes = ChangeNotes()
    /// Called when the collector has seen that objects went.
    private let onDeletion: @Sendable (ChangeNote) -> Void
    /// References wait in its queue; what is to be known of them is in the notes.
    private let loop: ControllerLoop<Reference>

    /// So many references are worked on at a time: writes that wait at the same time share a transaction.
    private static let workers = 32

    init(
        core: ServerCore,
        client: LoopbackClient,
        onDeletion: @escaping @Sendable (ChangeNote) -> Void = { _ in }
    ) {
        self.core = core
        self.client = client
        self.onDeletion = onDeletion
        loop = ControllerLoop(name: "garbagecollector", workers: Self.workers, logger: core.logger)
        core.caches.observe { [weak self] changes in self?.follow(changes) }
    }

    /// Takes note of committed changes; called by the store's writer.
    private func follow(_ changes: [ObjectChange]) {
        for change in changes {
            let note = ChangeNote(change) { reference in graph.withLock { $0.hasOwners(reference) } }
            guard let note else { continue }
            notes.add(note)
            loop.queue.add(note.reference)
        }
    }

    /// Looks at every object once, then follows the changes.
    func run() async {
        await scan()
        await loop.run { reference throws(Status) in try await self.reconcile(reference) }
    }

    func shutDown() { loop.queue.shutDown() }

    /// Nothing waits and nothing is worked on.
    var isIdle: Bool { loop.queue.isIdle }

    /// Looks at every object once, for what happened before the server started.
    private func scan() async {
        // Everybody's owners are known before anything is done: an owner must not go free while a dependent of a
        // kind that is read later would hold it.
        for resource in core.registry.contents.stored {
            for reference in await noteAll(resource) { enqueue(reference) { $0.isChanged = true } }
        }
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
            // The server is stopping, and the next start reads them.
            guard !Task.isCancelled else { return concerned }
            core.logger.error(
                "owners not read; objects of this kind are not collected until they change",
                metadata: ["resource": "\(resource.storageKey)", "error": "\(error)"]
            )
            return concerned
        }
    }

    /// Has a place looked at, with more to be known of it.
    private func enqueue(_ reference: Reference, _ addition: (inout ChangeNote) -> Void = { _ in }) {
        var note = ChangeNote(reference)
        addition(&note)
        notes.add(note)
        loop.queue.add(reference)
    }

    /// Takes the next step after changes of one object or of its owners.
    private func reconcile(_ reference: Reference) async throws(Status) -> Reconciliation {
        let note = notes.take(reference)
        do throws(Status) {
            try await visit(note)
        } catch {
            notes.add(note)
            throw error
        }
        return .done
    }

    private func visit(_ note: ChangeNote) async throws(Status) {
        let object = try await current(note.reference)
        graph.withLock { $0.note(note.reference, object) }
        for uid in note.deleted {
            let dependents = graph.withLock { graph in
                graph.forget(owner: uid)
                return graph.dependents(of: uid)
            }
            for dependent in dependents { enqueue(dependent) { $0.absent.insert(uid) } }
        }
        // An owner may wait for a dependent to go, or to say that it need not wait.
        for owner in graph.withLock({ $0.waiting(among: note.owners) }) { enqueue(owner) }
        if let object, let resource = core.registry.contents.stored(note.reference.storageKey) {
            if object.isDeleting {
                try await finish(object, resource)
            } else {
                try await check(object, resource, absent: note.absent, reportsStrangers: note.isChanged)
            }
        }
        if !note.deleted.isEmpty { onDeletion(note) }
    }

    /// The object at that place now, whoever keeps it.
    private func current(_ reference: Reference) async throws(Status) -> CachedObject? {
        if let cache = core.caches[reference.storageKey] { return cache.current(reference.path) }
        guard case .objects(let backend)? = core.registry.contents.stored(reference.storageKey)?.backend else {
            return nil
        }
        return try await backend.object(at: reference.path)
    }

    // MARK: Dependents

    private enum OwnerState { case solid, absent, waiting }

    /// Whether the owner that a reference names is there.
    private func state(of owner: OwnerReference, dependent: CachedObject) async throws(Status) -> OwnerState {
        let version = GroupVersion(apiVersion: owner.apiVersion)
        guard let version, let resource = core.registry.contents.resource(group: version.group, kind: owner.kind),
            let (_, backend) = core.registry.contents.stored(group: resource.group, plural: resource.names.plural)
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
    ///   - absent: the uids of owners that are gone for sure, even if their kind is not served any more.
    ///   - reportsStrangers: whether an Event tells of owners in other namespaces.
    private func check(
        _ object: CachedObject,
        _ resource: ServedResource,
        absent: Set<String>,
        reportsStrangers: Bool
    ) async throws(Status) {
        guard !object.owners.isEmpty, !object.isDeleting else { return }
        var gone: Set<String> = []
        var isHeld = false
        var isWaiting = false
        for owner in object.owners {
            let state = absent.contains(owner.uid) ? .absent : try await state(of: owner, dependent: object)
            switch state {
            case .solid: isHeld = true
            case .absent: gone.insert(owner.uid)
            case .waiting:
                isWaiting = true
                gone.insert(owner.uid)
            }
            if reportsStrangers, state == .absent || object.namespace.isEmpty {
                await ForeignOwners(core: core, client: client).report(owner, of: object, resource)
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
        try await client.delete(
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
            if try await current(reference)?.isDeletingDependents == true { return true }
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
        try await client.update(
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
            let dependents = graph.withLock { $0.dependents(of: owner.uid) }
            try await forEachConcurrently(untilFailure: dependents) { reference throws(Status) in
                guard let dependent = try await self.current(reference),
                    let resource = self.core.registry.contents.stored(reference.storageKey)
                else { return }
                try await self.drop([owner.uid], from: dependent, resource)
            }
            try await remove("orphan", from: owner, resource)
        }
        guard owner.finalizers.contains("foregroundDeletion") else { return }
        let dependents = graph.withLock { $0.dependents(of: owner.uid) }
        for reference in dependents { enqueue(reference) }
        for reference in dependents {
            let left = try await current(reference)?.owners ?? []
            if left.contains(where: { $0.uid == owner.uid && $0.blockOwnerDeletion == true }) { return }
        }
        try await remove("foregroundDeletion", from: owner, resource)
    }

    private func remove(_ finalizer: String, from object: CachedObject, _ resource: ServedResource) async throws(Status)
    {
        try await client.update(
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
