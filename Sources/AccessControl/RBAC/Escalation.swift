package import APIMachinery

/// Keeps people from granting what they do not have themselves, as Kubernetes does: who writes a role must hold all
/// of its rules or may `escalate`; who binds one must hold them or may `bind` it.
package struct Escalation: Sendable {
    package let authorizer: RBACAuthorizer
    package let user: UserInfo
    /// Where the object is to be written; empty for the cluster.
    package let namespace: String
    /// The name in the request's path.
    package let name: String
    package let resource: GroupResource

    package init(
        authorizer: RBACAuthorizer,
        user: UserInfo,
        namespace: String,
        name: String,
        resource: GroupResource
    ) {
        self.authorizer = authorizer
        self.user = user
        self.namespace = namespace
        self.name = name
        self.resource = resource
    }

    /// Checks a role that is to be written.
    package func checkRole(_ object: JSONValue, old: JSONValue?) throws(Status) {
        guard !user.isMaster, !isAllowed("escalate", resource.resource, name: name) else { return }
        guard !concernsCollectionOnly(object, old) else { return }
        try confirm(PolicyRule.list(of: object), for: object)
        // What an aggregated role gathers in the future is not known now.
        guard Self.isAggregated(object) || old.map(Self.isAggregated) == true else { return }
        guard missing(PolicyRule.everything).isEmpty else {
            throw forbidden(object, "must have cluster-admin privileges to use the aggregationRule")
        }
    }

    /// Checks a binding that is to be written.
    package func checkBinding(_ object: JSONValue, old: JSONValue?) throws(Status) {
        guard !user.isMaster, !concernsCollectionOnly(object, old) else { return }
        let role = RoleIndex.RoleReference(object)
        let plural = role.kind == "ClusterRole" ? "clusterroles" : role.kind == "Role" ? "roles" : ""
        if !plural.isEmpty, isAllowed("bind", plural, name: role.name) { return }
        try confirm(try authorizer.rules(of: role, in: namespace), for: object)
    }

    private func isAllowed(_ verb: String, _ plural: String, name: String) -> Bool {
        let attributes = AccessAttributes(
            user: user,
            verb: verb,
            group: RoleIndex.group,
            version: "v1",
            resource: plural,
            namespace: namespace,
            name: name
        )
        return authorizer.authorize(attributes).isAllowed
    }

    private func missing(_ rules: [PolicyRule]) -> [PolicyRule] {
        RuleCoverage.missing(rules, from: authorizer.rules(for: user, namespace: namespace).rules)
    }

    private func confirm(_ rules: [PolicyRule], for object: JSONValue) throws(Status) {
        let missing = missing(rules)
        guard !missing.isEmpty else { return }
        let problem = authorizer.rules(for: user, namespace: namespace).problem
        let lines = Set(RuleCoverage.compact(missing).map(RuleCoverage.text)).sorted()
        throw forbidden(
            object,
            "user \"\(user.name)\" (groups=\(RuleCoverage.quoted(user.groups))) is attempting to grant RBAC permissions "
                + "not currently held:\n\(lines.joined(separator: "\n"))"
                + (problem.isEmpty ? "" : "; resolution errors: [\(problem)]")
        )
    }

    private func forbidden(_ object: JSONValue, _ detail: String) -> Status {
        .forbidden(resource, name: Unstructured(object).name, detail)
    }

    /// Whether nothing changes but what the garbage collector changes.
    private func concernsCollectionOnly(_ object: JSONValue, _ old: JSONValue?) -> Bool {
        guard var old else { return false }
        var new = object
        for field in ["ownerReferences", "finalizers", "managedFields", "resourceVersion"] {
            new.set(nil, at: ["metadata", field])
            old.set(nil, at: ["metadata", field])
        }
        return new == old
    }

    private static func isAggregated(_ role: JSONValue) -> Bool {
        role.value(at: "aggregationRule", "clusterRoleSelectors")?.arrayValue?.isEmpty == false
    }
}
