import APIMachinery

/// Empties namespaces that are being deleted, and fills new ones with what every namespace has.
struct NamespaceController: Sendable {
    let core: ServerCore

    /// The namespaces that are there from the beginning.
    static let initial = ["default", "kube-system", "kube-public", "kube-node-lease"]

    /// Makes the initial namespaces that are missing.
    func bootstrap() async throws(Status) {
        try await core.concurrently(Self.initial) { name throws(Status) in
            guard core.existingCache("namespaces")?.current(name) == nil else { return }
            let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
            try await core.internalCreate(group: "", resource: "namespaces", namespace: "", object)
        }
    }

    /// Takes the next step with one namespace.
    func reconcile(_ name: String) async throws(Status) {
        guard let namespace = core.existingCache("namespaces")?.current(name) else { return }
        guard namespace.isDeleting else {
            if core.existingCache("serviceaccounts")?.current("\(name)/default") == nil {
                let account: JSONValue = [
                    "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"],
                ]
                try await core.internalCreate(group: "", resource: "serviceaccounts", namespace: name, account)
            }
            return
        }
        let definition = try namespace.document()
        guard definition.value(at: "spec", "finalizers")?.arrayValue?.contains("kubernetes") == true else { return }
        var leftovers = NamespaceLeftovers()
        let resources = core.registry.contents.stored.filter(\.isNamespaced)
        // Pods end first: what they use is there until they have ended.
        for resource in resources where resource.storageKey == "pods" { await empty(name, of: resource, &leftovers) }
        if leftovers.isEmpty {
            for resource in resources where resource.storageKey != "pods" {
                await empty(name, of: resource, &leftovers)
            }
        }
        let found = leftovers
        let now = core.options.now()
        try await core.internalUpdate(
            group: "",
            resource: "namespaces",
            namespace: "",
            name: name,
            subresource: "status"
        ) { found.describe(in: &$0, now: now) }
        guard leftovers.isEmpty else { return }
        try await core.internalUpdate(
            group: "",
            resource: "namespaces",
            namespace: "",
            name: name,
            subresource: "finalize"
        ) { object in
            let left = (object.value(at: "spec", "finalizers")?.arrayValue ?? []).filter { $0 != "kubernetes" }
            object.set(.array(left), at: ["spec", "finalizers"])
        }
    }

    /// Deletes all objects of a resource in the namespace and counts those that stay for now.
    private func empty(_ name: String, of resource: ServedResource, _ leftovers: inout NamespaceLeftovers) async {
        guard case .objects(let backend) = resource.backend else { return }
        do throws(Status) {
            try await core.deleteAll(resource, backend, namespace: name)
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
            CustomResourceConditions.set(
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
