package import APIMachinery
package import GenericAPIServer

/// Makes the namespaces that are there from the beginning.
package struct NamespaceBootstrap: Sendable {
    private static let initial = ["default", "kube-system", "kube-public", "kube-node-lease"]

    package let core: ServerCore
    package let client: LoopbackClient

    package init(core: ServerCore, client: LoopbackClient) {
        self.core = core
        self.client = client
    }

    /// Makes those that are missing.
    package func run() async throws(Status) {
        // At once, so that they share commits.
        try await concurrently(Self.initial) { name throws(Status) in
            guard core.caches["namespaces"]?.current(name) == nil else { return }
            let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
            try await client.create(group: "", resource: "namespaces", namespace: "", object)
        }
    }
}
