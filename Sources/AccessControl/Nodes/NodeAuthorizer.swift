import APIMachinery
import Storage
import Synchronization

/// Lets nodes read the Secrets and ConfigMaps of their Pods, and no others
/// (`k8s.io/kubernetes/plugin/pkg/auth/authorizer/node`). It has no opinion on anything else. Other than there its decision
/// is final: no role lets a node read more.
final class NodeAuthorizer: Sendable {
    private static let group = "system:nodes"
    private static let prefix = "system:node:"
    private static let resources = ["secrets", "configmaps"]

    private let graph = Mutex(NodeGraph())

    /// Takes over all stored Pods.
    func load(pods: [(path: String, document: JSONValue)]) {
        var fresh = NodeGraph()
        for (path, document) in pods { fresh.set(path, document) }
        graph.withLock { [fresh] in $0 = fresh }
    }

    /// Takes over one committed change, if it is one of a Pod.
    ///
    /// - Throws: if the Pod cannot be read; its node may read nothing on its behalf then.
    func apply(_ change: ObjectChange) throws {
        guard change.key.resource == "pods" else { return }
        let path = change.key.path
        guard change.kind != .deleted else { return graph.withLock { $0.remove(path) } }
        do {
            let document = try change.attachment as? JSONValue ?? JSONValue(parsing: change.bytes)
            graph.withLock { $0.set(path, document) }
        } catch {
            graph.withLock { $0.remove(path) }
            throw error
        }
    }

    /// The decision on a node's wish to read a Secret or ConfigMap; `nil` for all other wishes.
    func authorize(_ attributes: AccessAttributes) -> AccessDecision? {
        guard attributes.path == nil, attributes.group.isEmpty, Self.resources.contains(attributes.resource),
            attributes.user.groups.contains(Self.group), attributes.user.name.hasPrefix(Self.prefix)
        else { return nil }
        let node = String(attributes.user.name.dropFirst(Self.prefix.count))
        guard ["get", "list", "watch"].contains(attributes.verb) else {
            return .denied(reason: "can only read resources of this type")
        }
        guard attributes.subresource.isEmpty else { return .denied(reason: "cannot read subresource") }
        guard !attributes.namespace.isEmpty else {
            return .denied(reason: "can only read namespaced object of this type")
        }
        guard !attributes.name.isEmpty else { return .denied(reason: "No Object name found") }
        let object = NodeGraph.Object(
            resource: attributes.resource,
            path: "\(attributes.namespace)/\(attributes.name)"
        )
        if graph.withLock({ $0.refers(node, to: object) }) { return .allowed(reason: "") }
        return .denied(reason: "no relationship found between node '\(node)' and this object")
    }
}
