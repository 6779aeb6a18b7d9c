import APIMachinery

/// Makes the namespaces that are there from the beginning.
struct NamespaceBootstrap: Sendable {
    private static let initial = ["default", "kube-system", "kube-public", "kube-node-lease"]

    let core: ServerCore
    let client: LoopbackClient

    /// Makes those that are missing.
    func run() async throws(Status) {
        // At once, so that they share commits.
        try await concurrently(Self.initial) { name throws(Status) in
            guard core.caches["namespaces"]?.current(name) == nil else { return }
            let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
            try await client.create(group: "", resource: "namespaces", namespace: "", object)
        }
    }
}
