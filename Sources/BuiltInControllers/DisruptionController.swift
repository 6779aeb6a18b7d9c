import APIMachinery
import BuiltInKinds
import ControllerRuntime
import GenericAPIServer
import Storage

/// Keeps the status of PodDisruptionBudgets, for all budgets of a namespace at once.
final class DisruptionController: Sendable {
    private static let storageKey = PodDisruptionBudgetStrategy.storageKey
    /// An eviction that came to nothing is forgotten this long after its time is up.
    private static let recount = Duration.seconds(30)

    private let core: ServerCore
    private let budgets: DisruptionBudgets
    private let loop: ControllerLoop<String>

    init(core: ServerCore, budgets: DisruptionBudgets) {
        self.core = core
        self.budgets = budgets
        loop = ControllerLoop(name: "disruption", logger: core.logger)
        core.caches.observe { [caches = core.caches, registry = core.registry, queue = loop.queue] changes in
            guard let cache = caches[Self.storageKey], cache.snapshot().objects.count > 0 else { return }
            let contents = registry.contents
            for change in changes where Self.concerns(change, contents) {
                queue.add(String(change.key.path.prefix { $0 != "/" }))
            }
        }
    }

    /// Namespaces whose budgets may allow something else than before.
    var queue: WorkQueue<String> { loop.queue }

    /// Whether the change may alter what budgets allow: of a Pod, of a budget, or of whatever has a scale.
    private static func concerns(_ change: ObjectChange, _ contents: ResourceRegistry.Contents) -> Bool {
        switch change.key.resource {
        case "pods", storageKey: true
        default: change.kind == .updated && contents.stored(change.key.resource)?.scale != nil
        }
    }

    /// Looks at every namespace with budgets, then at those where something changes.
    func run() async {
        core.caches[Self.storageKey]?.snapshot().objects.forEach { object in
            queue.add(object.namespace)
            return true
        }
        await loop.run { namespace throws(Status) in try await self.reconcile(namespace) }
    }

    /// Brings the status of all budgets of a namespace up to date.
    private func reconcile(_ namespace: String) async throws(Status) -> Reconciliation {
        let budgets = try budgets.budgets(in: namespace)
        for budget in budgets {
            guard try self.budgets.status(of: budget) != budget.object["status"] else { continue }
            // Computed anew from what is stored then: an eviction may have written it meanwhile.
            try await self.budgets.update(budget) { object throws(Status) in
                object["status"] = try self.budgets.status(of: DisruptionBudget(object))
            }
        }
        return budgets.isEmpty ? .done : .requeue(after: Self.recount)
    }
}
