import APIMachinery
import ControllerRuntime
import GenericAPIServer
import Storage

/// Empties namespaces that are being deleted, and fills new ones with what every namespace has.
final class NamespaceController: Sendable {
    private static let storageKey = "namespaces"
    /// After so long what is still there is looked at again, even if nothing was heard of it.
    private static let retry = Duration.seconds(5)

    private let core: ServerCore
    private let client: LoopbackClient
    private let loop: ControllerLoop<String>

    init(core: ServerCore, client: LoopbackClient) {
        self.core = core
        self.client = client
        loop = ControllerLoop(name: "namespace", logger: core.logger)
        core.caches.observe { [queue = loop.queue] changes in
            for change in changes where change.key.resource == Self.storageKey { queue.add(change.key.path) }
        }
    }

    /// The namespaces to look at.
    var queue: WorkQueue<String> { loop.queue }

    /// Looks at every namespace, then at those that change.
    func run() async {
        core.caches[Self.storageKey]?.snapshot().objects.forEach { object in
            queue.add(object.name)
            return true
        }
        await loop.run { name throws(Status) in try await self.reconcile(name) }
    }

    /// Looks again at a namespace that is being deleted, after objects went from it.
    func objectsWent(from name: String) {
        if core.caches[Self.storageKey]?.current(name)?.isDeleting == true { queue.add(name) }
    }

    /// Takes the next step with one namespace.
    @discardableResult
    func reconcile(_ name: String) async throws(Status) -> Reconciliation {
        guard let namespace = core.caches[Self.storageKey]?.current(name) else { return .done }
        guard namespace.isDeleting else {
            if core.caches["serviceaccounts"]?.current("\(name)/default") == nil {
                let account: JSONValue = [
                    "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"],
                ]
                try await client.create(group: "", resource: "serviceaccounts", namespace: name, account)
            }
            return .done
        }
        let definition = try namespace.document()
        guard definition.value(at: "spec", "finalizers")?.arrayValue?.contains("kubernetes") == true else {
            return .done
        }
        var leftovers = NamespaceLeftovers()
        let resources = core.registry.contents.stored.filter(\.isNamespaced)
        // What is given time to end, as Pods are, ends first: what it uses is there until then.
        for resource in resources where resource.strategy.isGraceful { await empty(name, of: resource, &leftovers) }
        if leftovers.isEmpty {
            for resource in resources where !resource.strategy.isGraceful {
                await empty(name, of: resource, &leftovers)
            }
        }
        let found = leftovers
        let now = core.options.now()
        try await client.update(
            group: "",
            resource: "namespaces",
            namespace: "",
            name: name,
            subresource: "status"
        ) { found.describe(in: &$0, now: now) }
        guard leftovers.isEmpty else { return .requeue(after: Self.retry) }
        try await client.update(
            group: "",
            resource: "namespaces",
            namespace: "",
            name: name,
            subresource: "finalize"
        ) { object in
            let left = (object.value(at: "spec", "finalizers")?.arrayValue ?? []).filter { $0 != "kubernetes" }
            object.set(.array(left), at: ["spec", "finalizers"])
        }
        return .done
    }

    /// Deletes all objects of a resource in the namespace and counts those that stay for now.
    private func empty(_ name: String, of resource: ServedResource, _ leftovers: inout NamespaceLeftovers) async {
        guard case .objects(let backend) = resource.backend else { return }
        do throws(Status) {
            try await client.deleteAll(resource, namespace: name)
            var request = PageRequest(namespace: name, limit: 500, selection: Selection(), isBrief: true)
            while true {
                let page = try await backend.page(request)
                for object in page.objects { leftovers.count(object, of: resource) }
                guard let next = page.next else { return }
                request.start = next
            }
        } catch {
            leftovers.failures.append(error.message ?? "\(error)")
        }
    }
}

/// What a namespace that is being deleted still holds, and how its status says so
/// (`pkg/controller/namespace/deletion` of Kubernetes).
struct NamespaceLeftovers: Sendable {
    private var objects: [String: Int] = [:]
    private var finalizers: [String: Int] = [:]
    var failures: [String] = []

    var isEmpty: Bool { objects.isEmpty && failures.isEmpty }

    mutating func count(_ object: CachedObject, of resource: ServedResource) {
        objects["\(resource.names.plural).\(resource.group)", default: 0] += 1
        for finalizer in object.finalizers { finalizers[finalizer, default: 0] += 1 }
    }

    /// Writes the conditions of a terminating namespace.
    func describe(in namespace: inout JSONValue, now: Timestamp) {
        func set(_ type: String, _ problem: (reason: String, message: String)?, reason: String, message: String) {
            StatusConditions.set(
                type,
                to: problem == nil ? "False" : "True",
                reason: problem?.reason ?? reason,
                message: problem?.message ?? message,
                in: &namespace,
                now: now
            )
        }
        set(
            "NamespaceDeletionDiscoveryFailure",
            nil,
            reason: "ResourcesDiscovered",
            message: "All resources successfully discovered"
        )
        set(
            "NamespaceDeletionGroupVersionParsingFailure",
            nil,
            reason: "ParsedGroupVersions",
            message: "All legacy kube types successfully parsed"
        )
        let failed = failures.isEmpty ? nil : "Failed to delete all resource types, \(failures.count) remaining: "
        set(
            "NamespaceDeletionContentFailure",
            failed.map { ("ContentDeletionFailed", $0 + failures.sorted().joined(separator: ", ")) },
            reason: "ContentDeleted",
            message: "All content successfully deleted, may be waiting on finalization"
        )
        let kinds = objects.map { "\($0) has \($1) resource instances" }.sorted().joined(separator: ", ")
        set(
            "NamespaceContentRemaining",
            objects.isEmpty ? nil : ("SomeResourcesRemain", "Some resources are remaining: \(kinds)"),
            reason: "ContentRemoved",
            message: "All content successfully removed"
        )
        let held = finalizers.map { "\($0) in \($1) resource instances" }.sorted().joined(separator: ", ")
        let holding = "Some content in the namespace has finalizers remaining: \(held)"
        set(
            "NamespaceFinalizersRemaining",
            finalizers.isEmpty ? nil : ("SomeFinalizersRemain", holding),
            reason: "ContentHasNoFinalizers",
            message: "All content-preserving finalizers finished"
        )
    }
}
