import APIMachinery

/// Empties namespaces that are being deleted, and fills new ones with what every namespace has.
struct NamespaceController: Sendable {
    let core: ServerCore

    /// The namespaces that are there from the beginning.
    static let initial = ["default", "kube-system", "kube-public", "kube-node-lease"]

    /// Makes the initial namespaces that are missing.
    func bootstrap() async throws(Status) {
        for name in Self.initial {
            guard core.existingCache("namespaces")?.current(name) == nil else { continue }
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
        var isEmpty = true
        for resource in core.registry.contents.stored where resource.isNamespaced {
            guard case .objects(let backend) = resource.backend else { continue }
            let page = try await backend.page(PageRequest(namespace: name, selection: Selection()))
            for object in page.objects {
                isEmpty = false
                guard !object.isDeleting else { continue }
                try await core.internalDelete(
                    group: resource.group,
                    resource: resource.names.plural,
                    namespace: name,
                    name: object.name,
                    uid: object.uid,
                    propagation: .background
                )
            }
            if try await !backend.page(PageRequest(namespace: name, limit: 1, selection: Selection())).objects.isEmpty {
                isEmpty = false
            } else if !page.objects.isEmpty {
                isEmpty = true
            }
        }
        guard isEmpty, try await contents(of: name) == 0 else { return }
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

    private func contents(of name: String) async throws(Status) -> Int {
        var count = 0
        for resource in core.registry.contents.stored where resource.isNamespaced {
            guard case .objects(let backend) = resource.backend else { continue }
            count += try await backend.page(PageRequest(namespace: name, limit: 1, selection: Selection())).objects
                .count
        }
        return count
    }
}

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
        let now = core.options.now()
        if let (_, backend) = core.stored(group: group, plural: plural) {
            try await core.internalUpdate(
                group: "apiextensions.k8s.io",
                resource: "customresourcedefinitions",
                namespace: "",
                name: name,
                subresource: "status"
            ) { object in
                CustomResourceConditions.set(
                    "Terminating",
                    to: "True",
                    reason: "InstanceDeletionInProgress",
                    message: "CustomResource deletion is in progress",
                    in: &object,
                    now: now
                )
            }
            for object in try await backend.page(PageRequest(selection: Selection())).objects where !object.isDeleting {
                try await core.internalDelete(
                    group: group,
                    resource: plural,
                    namespace: object.namespace,
                    name: object.name,
                    uid: object.uid,
                    propagation: .background
                )
            }
            guard try await backend.page(PageRequest(limit: 1, selection: Selection())).objects.isEmpty else { return }
        }
        try await core.internalUpdate(
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
            namespace: "",
            name: name
        ) { object in
            let left = (object.value(at: "metadata", "finalizers")?.arrayValue ?? [])
                .filter { $0.stringValue != CustomResourceDefinitionStrategy.cleanupFinalizer }
            object.set(left.isEmpty ? nil : .array(left), at: ["metadata", "finalizers"])
        }
    }
}
