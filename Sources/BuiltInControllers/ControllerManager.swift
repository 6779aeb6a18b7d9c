package import BuiltInKinds
import ControllerRuntime
package import GenericAPIServer
import ServiceLifecycle

/// The server's own controllers: garbage collection, namespaces, definitions, disruption budgets, aggregated roles. Each
/// has a queue of its own, which the committed changes fill.
package final class ControllerManager: Service {
    private let collector: GarbageCollector
    private let namespaces: NamespaceController
    private let definitions: CustomResourceCleanup
    private let disruptions: DisruptionController
    private let roles: RoleAggregationController

    package init(core: ServerCore, client: LoopbackClient, budgets: DisruptionBudgets) {
        let namespaces = NamespaceController(core: core, client: client)
        let definitions = CustomResourceCleanup(core: core, client: client)
        self.namespaces = namespaces
        self.definitions = definitions
        disruptions = DisruptionController(core: core, budgets: budgets)
        roles = RoleAggregationController(core: core, client: client)
        // The last object of a namespace or of a kind may be what the deletion of these waits for. They hear of it from
        // the collector, which must have seen the deletions of owners before a kind is gone.
        collector = GarbageCollector(core: core, client: client) { note in
            if !note.namespace.isEmpty { namespaces.objectsWent(from: note.namespace) }
            definitions.objectsWent(of: note.reference.storageKey)
        }
    }

    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await self.collector.run() }
                    group.addTask { await self.namespaces.run() }
                    group.addTask { await self.definitions.run() }
                    group.addTask { await self.disruptions.run() }
                    group.addTask { await self.roles.run() }
                }
            } onCancel: {
                shutDown()
            }
        } onGracefulShutdown: {
            self.shutDown()
        }
    }

    private func shutDown() {
        collector.shutDown()
        namespaces.queue.shutDown()
        definitions.queue.shutDown()
        disruptions.queue.shutDown()
        roles.queue.shutDown()
    }
}
