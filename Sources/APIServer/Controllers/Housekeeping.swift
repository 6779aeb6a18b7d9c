import APIMachinery
import Logging
import ServiceLifecycle
import Storage

/// The server's own controllers, driven by the committed changes: garbage collection, namespaces, definitions;
/// and by the clock: watch time-outs, and what was left over.
struct Housekeeping: Service {
    private let core: ServerCore
    private let collector: GarbageCollector
    private let namespaces: NamespaceController
    private let definitions: CustomResourceCleanup
    private let changes: AsyncStream<[ObjectChange]>

    init(core: ServerCore) {
        self.core = core
        collector = GarbageCollector(core: core)
        namespaces = NamespaceController(core: core)
        definitions = CustomResourceCleanup(core: core)
        let (stream, continuation) = AsyncStream<[ObjectChange]>.makeStream()
        changes = stream
        core.listen { continuation.yield($0) }
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await follow() }
                group.addTask { await tick() }
                await group.next()
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            core.endAllWatches()
        }
    }

    private func follow() async {
        await collector.scan()
        await sweep()
        for await batch in changes.cancelOnGracefulShutdown() {
            var later = Later()
            for change in batch { await handle(change, &later) }
            await collector.releaseOwners(later.owners)
            for name in later.namespaces { await reconcileNamespace(name) }
            for name in later.definitions { await reconcileDefinition(name) }
            if later.concernsRoles { await aggregateRoles() }
        }
    }

    /// What is looked at once after a batch of changes, however many of them call for it.
    private struct Later {
        var owners: Set<String> = []
        var namespaces: Set<String> = []
        var definitions: Set<String> = []
        var concernsRoles = false
    }

    private func handle(_ change: ObjectChange, _ later: inout Later) async {
        let reference = OwnerGraph.Reference(storageKey: change.key.resource, path: change.key.path)
        let document = change.attachment as? JSONValue
        let object = document.map { Unstructured($0) }
        let isGone = change.kind == .deleted
        let concernsOwners =
            isGone || object?.metadata("ownerReferences") != nil || object?.metadata("deletionTimestamp") != nil
        if concernsOwners || change.kind == .updated {
            await collector.visit(reference, deletedUID: isGone ? object?.uid : nil)
        }
        // An owner may wait for a dependent to go, or to say that it need not wait.
        if let owners = object?.ownerReferences, !owners.isEmpty { later.owners.formUnion(owners.map(\.uid)) }
        switch change.key.resource {
        case "namespaces": later.namespaces.insert(change.key.path)
        case CustomResourceDefinitions.storageKey: later.definitions.insert(change.key.path)
        case RoleIndex.Resource.clusterRoles.rawValue: later.concernsRoles = true
        default:
            guard isGone else { break }
            // The last object of a namespace or of a kind may be what the deletion of these waits for.
            if let namespace = object?.namespace, !namespace.isEmpty,
                core.existingCache("namespaces")?.current(namespace)?.isDeleting == true
            {
                later.namespaces.insert(namespace)
            }
            if core.existingCache(CustomResourceDefinitions.storageKey)?.current(change.key.resource)?.isDeleting
                == true
            {
                later.definitions.insert(change.key.resource)
            }
        }
    }

    private func reconcileNamespace(_ name: String) async {
        do throws(Status) {
            try await namespaces.reconcile(name)
        } catch {
            core.logger.warning("namespace postponed", metadata: ["namespace": "\(name)", "error": "\(error)"])
        }
    }

    private func reconcileDefinition(_ name: String) async {
        do throws(Status) {
            try await definitions.reconcile(name)
        } catch {
            core.logger.warning("definition postponed", metadata: ["name": "\(name)", "error": "\(error)"])
        }
    }

    private func aggregateRoles() async {
        do throws(Status) {
            try await RoleAggregation(core: core).run()
        } catch {
            core.logger.warning("rules of ClusterRoles not gathered", metadata: ["error": "\(error)"])
        }
    }

    /// Takes up again whatever is being deleted and had to wait.
    private func sweep() async {
        func names(_ storageKey: String) -> [String] {
            var names: [String] = []
            core.existingCache(storageKey)?.snapshot().objects.forEach { object in
                names.append(object.name)
                return true
            }
            return names
        }
        for name in names("namespaces") { await reconcileNamespace(name) }
        for name in names(CustomResourceDefinitions.storageKey) { await reconcileDefinition(name) }
    }

    private func tick() async {
        var seconds = 0
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            core.tick()
            seconds += 1
            await collector.retryPostponed()
            if seconds % 5 == 0 { await sweepDeleting() }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func sweepDeleting() async {
        func deleting(_ storageKey: String) -> [String] {
            var names: [String] = []
            core.existingCache(storageKey)?.snapshot().objects.forEach { object in
                if object.isDeleting { names.append(object.name) }
                return true
            }
            return names
        }
        for name in deleting("namespaces") { await reconcileNamespace(name) }
        for name in deleting(CustomResourceDefinitions.storageKey) { await reconcileDefinition(name) }
    }
}

/// Runs `operation`; on cancellation or graceful shutdown calls the handler, once or twice.
private func withTaskCancellationOrGracefulShutdownHandler(
    operation: () async -> Void,
    onCancelOrGracefulShutdown handler: @Sendable @escaping () -> Void
) async {
    await withTaskCancellationHandler {
        await withGracefulShutdownHandler {
            await operation()
        } onGracefulShutdown: {
            handler()
        }
    } onCancel: {
        handler()
    }
}
