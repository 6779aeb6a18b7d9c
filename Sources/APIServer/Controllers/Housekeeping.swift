import APIMachinery
import Logging
import ServiceLifecycle
import Storage

/// The server's own controllers, driven by the committed changes: garbage collection, namespaces, definitions,
/// disruption budgets; and by the clock: watch time-outs, and what was left over.
///
/// The clock has a task of its own: however long a deletion takes, requests and watches end when their time is up.
struct Housekeeping: Service {
    private let core: ServerCore
    private let collector: GarbageCollector
    private let namespaces: NamespaceController
    private let definitions: CustomResourceCleanup
    private let disruptions: DisruptionController
    private let notes = ChangeNotes()
    private let disruptionNotes = DisruptionNotes()
    private let interval: Duration

    /// Notes taken at once, so that what they lead to is looked at once for all of them.
    private static let batch = 256
    /// Postponed work is tried again after so many intervals in which something may have changed.
    private static let sweepEvery = 5
    /// An eviction that came to nothing is forgotten within so many intervals after its time is up.
    private static let recountEvery = 30

    /// - Parameter interval: how often watches and waiting requests are told the time.
    init(core: ServerCore, interval: Duration = .seconds(1)) {
        self.core = core
        self.interval = interval
        collector = GarbageCollector(core: core)
        namespaces = NamespaceController(core: core)
        definitions = CustomResourceCleanup(core: core)
        disruptions = DisruptionController(core: core)
        core.listen { [notes, disruptionNotes, core] changes in
            notes.leave(changes)
            disruptionNotes.leave(changes, core)
        }
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await follow() }
                group.addTask { await followDisruptions() }
                group.addTask { await tick() }
                group.addTask { await retry() }
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
        for await _ in notes.arrivals.cancelOnGracefulShutdown() {
            while !Task.isCancelled, !Task.isShuttingDownGracefully, case let batch = notes.take(Self.batch),
                !batch.isEmpty
            {
                var later = Later()
                for note in batch { await handle(note, &later) }
                await collector.releaseOwners(later.owners)
                for name in later.namespaces { await reconcileNamespace(name) }
                for name in later.definitions { await reconcileDefinition(name) }
                if later.concernsRoles { await aggregateRoles() }
            }
        }
    }

    private func followDisruptions() async {
        await disruptions.reconcileAll()
        for await _ in disruptionNotes.arrivals.cancelOnGracefulShutdown() {
            for namespace in disruptionNotes.take() { await disruptions.reconcile(namespace) }
        }
    }

    /// What is looked at once after a batch of changes, however many of them call for it.
    private struct Later {
        var owners: Set<String> = []
        var namespaces: Set<String> = []
        var definitions: Set<String> = []
        var concernsRoles = false
    }

    private func handle(_ note: ChangeNote, _ later: inout Later) async {
        let kind = note.reference.storageKey
        if note.concernsCollector { await collector.visit(note.reference, deletedUIDs: note.deleted) }
        // An owner may wait for a dependent to go, or to say that it need not wait.
        later.owners.formUnion(note.owners)
        switch kind {
        case "namespaces": later.namespaces.insert(note.reference.path)
        case CustomResourceDefinitions.storageKey: later.definitions.insert(note.reference.path)
        case RoleIndex.Resource.clusterRoles.rawValue: later.concernsRoles = true
        default:
            guard !note.deleted.isEmpty else { break }
            // The last object of a namespace or of a kind may be what the deletion of these waits for.
            if !note.namespace.isEmpty, core.existingCache("namespaces")?.current(note.namespace)?.isDeleting == true {
                later.namespaces.insert(note.namespace)
            }
            if core.existingCache(CustomResourceDefinitions.storageKey)?.current(kind)?.isDeleting == true {
                later.definitions.insert(kind)
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
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            core.tick()
            // Only a cancellation ends the sleep early, and the loop with it.
            try? await Task.sleep(for: interval)
        }
    }

    /// Tries again what had to wait.
    private func retry() async {
        var rounds = 0
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            rounds += 1
            await collector.retryPostponed()
            if rounds % Self.sweepEvery == 0 { await sweepDeleting() }
            if rounds % Self.recountEvery == 0 { await disruptions.reconcileAll() }
            // Only a cancellation ends the sleep early, and the loop with it.
            try? await Task.sleep(for: interval)
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
