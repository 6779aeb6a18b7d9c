import APIMachinery

/// Deletes the objects of definitions that are being deleted, then lets the definitions go.
struct CustomResourceCleanup: Sendable {
    let core: ServerCore

    func reconcile(_ name: String) async throws(Status) {
        guard let stored = core.existingCache(CustomResourceDefinitions.storageKey)?.current(name), stored.isDeleting,
            stored.finalizers.contains(CustomResourceDefinitionStrategy.cleanupFinalizer)
        else { return }
        let definition = try stored.document()
        let group = definition.value(at: "spec", "group")?.stringValue ?? ""
        let plural = definition.value(at: "spec", "names", "plural")?.stringValue ?? ""
        if let (resource, backend) = core.stored(group: group, plural: plural) {
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
                return try await core.deleteAll(resource, backend, namespace: nil)
            }
        }
        try await change(name, to: "False", "InstanceDeletionCompleted", "removed all instances", isLast: true)
    }

    private func change(
        _ name: String,
        to status: String,
        _ reason: String,
        _ message: String,
        isLast: Bool = false
    ) async throws(Status) {
        let now = core.options.now()
        try await core.internalUpdate(
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
            namespace: "",
            name: name,
            subresource: "status"
        ) { object in
            CustomResourceConditions.set(
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
