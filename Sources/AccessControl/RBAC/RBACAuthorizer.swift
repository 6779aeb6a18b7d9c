package import APIMachinery
package import Storage
import Synchronization

/// Decides who may do what by the roles and bindings that are stored. Members of `system:masters` may do everything, and
/// of Secrets and ConfigMaps nodes may read what their Pods refer to.
///
/// It learns of every committed change before the writer gets its answer, so a right holds from the next request on.
package final class RBACAuthorizer: Authorizer {
    private let index = Mutex(RoleIndex())
    private let nodes = NodeAuthorizer()

    package init() {}

    // MARK: Keeping it current

    /// Takes over all stored objects.
    ///
    /// - Parameter objects: reads the objects of a resource, which it gets by its storage key.
    package func load(_ objects: (String) throws(Status) -> [(path: String, document: JSONValue)]) throws(Status) {
        var fresh = RoleIndex()
        for resource in RoleIndex.Resource.allCases {
            for (path, document) in try objects(resource.rawValue) { fresh.set(resource, path: path, document) }
        }
        replace(fresh)
        nodes.load(pods: try objects("pods"))
    }

    /// Takes over an index as a whole.
    package func replace(_ fresh: RoleIndex) { index.withLock { $0 = fresh } }

    /// Takes over one committed change, if it is one of roles, bindings or Pods.
    ///
    /// - Throws: if the object cannot be read, which grants nothing then.
    package func apply(_ change: ObjectChange) throws {
        try nodes.apply(change)
        guard change.key.resource.utf8.last == UInt8(ascii: "o"),
            let resource = RoleIndex.Resource(rawValue: change.key.resource)
        else { return }
        let path = change.key.path
        // What was granted before is so no more, whether the object has gone or cannot be read.
        guard change.kind != .deleted else { return index.withLock { $0.remove(resource, path: path) } }
        do {
            let document = try change.attachment as? JSONValue ?? JSONValue(parsing: change.bytes)
            index.withLock { $0.set(resource, path: path, document) }
        } catch {
            index.withLock { $0.remove(resource, path: path) }
            throw error
        }
    }

    // MARK: Deciding

    /// Whether that is allowed.
    package func authorize(_ attributes: AccessAttributes) -> AccessDecision {
        if attributes.user.isMaster { return .allowed(reason: "") }
        // Not even a role that is left over from an older version lets a node read more.
        if let decision = nodes.authorize(attributes) { return decision }
        return index.withLock { index in
            var source: String?
            let errors = index.visit(attributes.user, in: attributes.namespace) { grant in
                guard grant.rules.contains(where: { $0.allows(attributes) }) else { return true }
                source = grant.source
                return false
            }
            if let source { return .allowed(reason: "RBAC: allowed by \(source)") }
            return .denied(reason: errors.isEmpty ? "" : "RBAC: \(Self.text(errors))")
        }
    }

    /// The rules that a user has in a namespace, and what was wrong with bindings of that user (or an empty text).
    package func rules(for user: UserInfo, namespace: String) -> (rules: [PolicyRule], problem: String) {
        index.withLock { index in
            var rules: [PolicyRule] = []
            let errors = index.visit(user, in: namespace) { grant in
                rules += grant.rules
                return true
            }
            return (rules, errors.isEmpty ? "" : Self.text(errors))
        }
    }

    /// The rules of a role to which a binding in that namespace refers.
    package func rules(of role: RoleIndex.RoleReference, in namespace: String) throws(Status) -> [PolicyRule] {
        try index.withLock { $0.rules(of: role, in: namespace) }.get()
    }

    private static func text(_ errors: [Status]) -> String {
        let texts = errors.map { $0.message ?? "" }
        return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    }
}
