import APIExtensions
import APIMachinery
import ControllerRuntime
import GenericAPIServer
import Storage

/// Deletes the objects of definitions that are being deleted, then lets the definitions go.
final class CustomResourceCleanup: Sendable {
    private static let storageKey = CustomResourceDefinitionStrategy.storageKey
    /// After so long what is still there is looked at again, even if nothing was heard of it.
    private static let retry = Duration.seconds(5)

    private let core: ServerCore
    private let client: LoopbackClient
    private let loop: ControllerLoop<String>

    init(core: ServerCore, client: LoopbackClient) {
        self.core = core
        self.client = client
        loop = ControllerLoop(name: "customresourcecleanup", logger: core.logger)
        core.caches.observe { [queue = loop.queue] changes in
            for change in changes where change.key.resource == Self.storageKey { queue.add(change.key.path) }
        }
    }

    /// The definitions to look at.
    var queue: WorkQueue<String> { loop.queue }

    /// Looks at every definition, then at those that change.
    func run() async {
        core.caches[Self.storageKey]?.snapshot().objects.forEach { object in
            queue.add(object.name)
            return true
        }
        await loop.run { name throws(Status) in try await self.reconcile(name) }
    }

    /// Looks again at a definition that is being deleted, after objects of its kind went.
    func objectsWent(of storageKey: String) {
        if core.caches[Self.storageKey]?.current(storageKey)?.isDeleting == true { queue.add(storageKey) }
    }

    private func reconcile(_ name: String) async throws(Status) -> Reconciliation {
        guard let stored = core.caches[Self.storageKey]?.current(name), stored.isDeleting,
            stored.finalizers.contains(CustomResourceDefinitionStrategy.cleanupFinalizer)
        else { return .done }
        let definition = try stored.document()
        let group = definition.value(at: "spec", "group")?.stringValue ?? ""
        let plural = definition.value(at: "spec", "names", "plural")?.stringValue ?? ""
        if let (resource, backend) = core.registry.contents.stored(group: group, plural: plural) {
            let request = PageRequest(limit: 1, selection: Selection())
            guard try await backend.page(request).objects.isEmpty else {
                try await change(
                    name,
                    to: "True",
                    "InstanceDeletionInProgress",
                    "CustomResource deletion is in progress"
                )
                // The definition goes when the deletions have been seen by the garbage collector, too, which could
                // not tell afterwards what the owners of dependents were.
                try await client.deleteAll(resource, namespace: nil)
                return .requeue(after: Self.retry)
            }
        }
        try await change(name, to: "False", "InstanceDeletionCompleted", "removed all instances", isLast: true)
        return .done
    }

    private func change(
        _ name: String,
        to status: String,
        _ reason: String,
        _ message: String,
        isLast: Bool = false
    ) async throws(Status) {
        let now = core.options.now()
        try await client.update(
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
            namespace: "",
            name: name,
            subresource: "status"
        ) { object in
            StatusConditions.set(
                "Terminating",
                to: status,
                reason: reason,
                message: message,
                in: &object,
                now: now
            )
            guard isLast else { return }
            let left = (object.value(at: "metadata", "finalizers")?.arrayValue ?? [])
                .filter { $0.stringValue != CustomResourceDefinitionStrategy.cleanupFinalizer }
            object.set(left.isEmpty ? nil : .array(left), at: ["metadata", "finalizers"])
        }
    }
}
