package import APIMachinery
import AccessControl
package import GenericAPIServer

/// Stores the roles and bindings that the server begins with.
package struct RoleBootstrap: Sendable {
    package let core: ServerCore
    package let client: LoopbackClient

    package init(core: ServerCore, client: LoopbackClient) {
        self.core = core
        self.client = client
    }

    /// Reconciles ClusterRoles and ClusterRoleBindings.
    package func run(_ objects: [JSONValue]) async throws(Status) {
        // At once, so that they share commits: one after the other, each would wait for the disk.
        try await concurrently(objects) { expected throws(Status) in
            let plural = Unstructured(expected).kind == "ClusterRole" ? "clusterroles" : "clusterrolebindings"
            try await reconcile(expected, plural)
        }
    }

    private func reconcile(_ expected: JSONValue, _ plural: String) async throws(Status) {
        let name = Unstructured(expected).name
        let key = GroupResource(group: RoleIndex.group, resource: plural).description
        let cached = core.caches[key]?.current(name)
        var existing: JSONValue?
        if let cached { existing = try cached.document() }
        if let old = existing, RoleReconciliation.mustReplace(expected, existing: old) {
            try await client.delete(
                group: RoleIndex.group,
                resource: plural,
                namespace: "",
                name: name,
                uid: cached?.uid,
                propagation: .background
            )
            existing = nil
        }
        guard let wanted = RoleReconciliation.wanted(expected, existing: existing) else { return }
        guard existing != nil else {
            return try await client.create(group: RoleIndex.group, resource: plural, namespace: "", wanted)
        }
        try await client.update(group: RoleIndex.group, resource: plural, namespace: "", name: name) { object in
            // Read again within the update: somebody else may have been faster.
            if let renewed = RoleReconciliation.wanted(expected, existing: object) { object = renewed }
        }
    }
}
