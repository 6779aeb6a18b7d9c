package import APIMachinery

/// All roles and bindings, by what a request asks for: whose rules apply in this namespace?
///
/// A request costs a look-up for the user's name and one for each of its groups, however many bindings there are.
package struct RoleIndex: Sendable {
    package static let group = "rbac.authorization.k8s.io"

    /// The four resources, as the store calls them.
    package enum Resource: String, CaseIterable, Sendable {
        case roles = "roles.rbac.authorization.k8s.io"
        case clusterRoles = "clusterroles.rbac.authorization.k8s.io"
        case roleBindings = "rolebindings.rbac.authorization.k8s.io"
        case clusterRoleBindings = "clusterrolebindings.rbac.authorization.k8s.io"
    }

    /// Somebody to whom a role is bound.
    package struct Subject: Sendable, Hashable {
        package var kind: String
        package var name: String
        package var namespace: String

        package init(_ json: JSONValue) {
            kind = json["kind"]?.stringValue ?? ""
            name = json["name"]?.stringValue ?? ""
            namespace = json["namespace"]?.stringValue ?? ""
        }
    }

    /// The role that a binding binds.
    package struct RoleReference: Sendable, Hashable {
        package var kind: String
        package var name: String

        package init(_ binding: JSONValue) {
            kind = binding.value(at: "roleRef", "kind")?.stringValue ?? ""
            name = binding.value(at: "roleRef", "name")?.stringValue ?? ""
        }
    }

    /// A binding of either kind; that of the cluster has no namespace.
    package struct Binding: Sendable {
        package var name: String
        package var namespace: String
        package var role: RoleReference
        package var subjects: [Subject]
    }

    /// Rules that apply to a user, and why.
    package struct Grant {
        package var binding: Binding
        package var subject: Subject
        package var rules: [PolicyRule]

        /// Where the rules come from, as Kubernetes says it.
        package var source: String {
            let kind = binding.namespace.isEmpty ? "ClusterRoleBinding" : "RoleBinding"
            let name = binding.namespace.isEmpty ? binding.name : "\(binding.name)/\(binding.namespace)"
            var who = subject.name
            if subject.kind == "ServiceAccount" {
                who += "/" + (subject.namespace.isEmpty ? binding.namespace : subject.namespace)
            }
            return "\(kind) \"\(name)\" of \(binding.role.kind) \"\(binding.role.name)\" to \(subject.kind) \"\(who)\""
        }
    }

    private enum Key: Hashable {
        case user(String)
        case group(String)
    }

    private var rules: [Resource: [String: [PolicyRule]]] = [:]
    private var bindings: [String: [String: Binding]] = [:]
    /// By namespace (empty for the cluster) and subject: the names of bindings.
    private var names: [String: [Key: Set<String>]] = [:]

    // MARK: Keeping it current

    /// Takes an object over as it is now.
    package mutating func set(_ resource: Resource, path: String, _ object: JSONValue) {
        switch resource {
        case .roles, .clusterRoles: rules[resource, default: [:]][path] = PolicyRule.list(of: object)
        case .roleBindings, .clusterRoleBindings:
            remove(resource, path: path)
            let (namespace, name) = Self.split(path)
            let subjects = (object["subjects"]?.arrayValue ?? []).map(Subject.init)
            let binding = Binding(
                name: name,
                namespace: namespace,
                role: RoleReference(object),
                subjects: subjects
            )
            bindings[namespace, default: [:]][name] = binding
            for subject in subjects {
                guard let key = Self.key(subject, in: namespace) else { continue }
                names[namespace, default: [:]][key, default: []].insert(name)
            }
        }
    }

    /// Forgets an object.
    package mutating func remove(_ resource: Resource, path: String) {
        switch resource {
        case .roles, .clusterRoles: rules[resource]?[path] = nil
        case .roleBindings, .clusterRoleBindings:
            let (namespace, name) = Self.split(path)
            guard let old = bindings[namespace]?.removeValue(forKey: name) else { return }
            for subject in old.subjects {
                guard let key = Self.key(subject, in: namespace) else { continue }
                names[namespace]?[key]?.remove(name)
                if names[namespace]?[key]?.isEmpty == true { names[namespace]?[key] = nil }
            }
        }
    }

    private static func split(_ path: String) -> (namespace: String, name: String) {
        guard let slash = path.firstIndex(of: "/") else { return ("", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private static func key(_ subject: Subject, in namespace: String) -> Key? {
        switch subject.kind {
        case "User": return .user(subject.name)
        case "Group": return .group(subject.name)
        case "ServiceAccount":
            let home = subject.namespace.isEmpty ? namespace : subject.namespace
            return home.isEmpty ? nil : .user(ServiceAccounts.userName(namespace: home, name: subject.name))
        default: return nil
        }
    }

    // MARK: Asking it

    /// Calls `visit` with every grant that applies to a user in a namespace (and in the cluster), until it says stop.
    ///
    /// - Returns: what is wrong with bindings of that user, as roles that are missing.
    package func visit(_ user: UserInfo, in namespace: String, _ visit: (Grant) -> Bool) -> [Status] {
        var errors: [Status] = []
        for scope in namespace.isEmpty ? [""] : ["", namespace] {
            guard let keys = names[scope] else { continue }
            var found = keys[.user(user.name)] ?? []
            for group in user.groups { if let more = keys[.group(group)] { found.formUnion(more) } }
            for name in found.sorted() {
                guard let binding = bindings[scope]?[name],
                    let subject = binding.subjects.first(where: { applies($0, to: user, in: scope) })
                else { continue }
                switch rules(of: binding.role, in: scope) {
                case .success(let rules):
                    guard visit(Grant(binding: binding, subject: subject, rules: rules)) else { return errors }
                case .failure(let error): if !errors.contains(error) { errors.append(error) }
                }
            }
        }
        return errors
    }

    private func applies(_ subject: Subject, to user: UserInfo, in namespace: String) -> Bool {
        switch Self.key(subject, in: namespace) {
        case .user(let name): name == user.name
        case .group(let name): user.groups.contains(name)
        case nil: false
        }
    }

    /// The rules of the role that a binding in that namespace refers to.
    package func rules(of role: RoleReference, in namespace: String) -> Result<[PolicyRule], Status> {
        let found: [PolicyRule]? =
            switch role.kind {
            case "Role": rules[.roles]?["\(namespace)/\(role.name)"]
            case "ClusterRole": rules[.clusterRoles]?[role.name]
            default: nil
            }
        if let found { return .success(found) }
        guard role.kind == "Role" || role.kind == "ClusterRole" else {
            return .failure(.internalError("unsupported role reference kind: \"\(role.kind)\""))
        }
        return .failure(.notFound(GroupResource(group: Self.group, resource: role.kind.lowercased()), name: role.name))
    }
}

/// How service accounts are called as users.
package enum ServiceAccounts {
    private static let prefix = "system:serviceaccount:"

    package static func userName(namespace: String, name: String) -> String { "\(prefix)\(namespace):\(name)" }

    /// The groups of every service account of a namespace.
    package static func groups(namespace: String) -> [String] {
        ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"]
    }

    /// Takes such a user's name apart; `nil` if it is none.
    package static func split(_ userName: String) -> (namespace: String, name: String)? {
        guard userName.hasPrefix(prefix) else { return nil }
        let parts = userName.dropFirst(prefix.count).split(separator: ":", omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == 2, Validation.dns1123Label(parts[0]).isEmpty,
            Validation.dns1123Subdomain(parts[1]).isEmpty
        else { return nil }
        return (parts[0], parts[1])
    }
}
