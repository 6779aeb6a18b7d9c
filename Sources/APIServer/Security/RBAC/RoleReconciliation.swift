import APIMachinery

/// Brings roles and bindings to what they should at least be: what is missing is added, what people have added stays,
/// and an object with the annotation `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
enum RoleReconciliation {
    static let annotation = "rbac.authorization.kubernetes.io/autoupdate"

    /// What is to be stored; `nil` if what is there will do.
    static func wanted(_ expected: JSONValue, existing: JSONValue?) -> JSONValue? {
        var expected = expected
        expected.set("true", at: ["metadata", "annotations", annotation])
        guard let existing else { return expected }
        guard existing.value(at: ["metadata", "annotations", annotation])?.stringValue != "false" else { return nil }
        var result = existing
        for field in ["labels", "annotations"] {
            for (key, value) in expected.value(at: "metadata", field)?.objectValue ?? [:] {
                result.set(value, at: ["metadata", field, key])
            }
        }
        if let aggregation = expected["aggregationRule"] {
            // The rules of such a role are another one's business.
            let held = result.value(at: "aggregationRule", "clusterRoleSelectors")?.arrayValue ?? []
            let missing = (aggregation["clusterRoleSelectors"]?.arrayValue ?? []).filter { !held.contains($0) }
            result.set(.array(held + missing), at: ["aggregationRule", "clusterRoleSelectors"])
        } else if expected["rules"] != nil {
            let held = PolicyRule.list(of: existing)
            let missing = RuleCoverage.missing(PolicyRule.list(of: expected), from: held)
            let added = RuleCoverage.compact(missing).map(\.json)
            result["rules"] = .array((existing["rules"]?.arrayValue ?? []) + added)
        }
        if let subjects = expected["subjects"]?.arrayValue {
            let held = existing["subjects"]?.arrayValue ?? []
            result["subjects"] = .array(held + subjects.filter { !held.contains($0) })
        }
        return result == existing ? nil : result
    }

    /// Whether a binding must be made anew, for its role cannot be changed.
    static func mustReplace(_ expected: JSONValue, existing: JSONValue) -> Bool {
        guard let role = expected["roleRef"] else { return false }
        return existing["roleRef"] != role
            && existing.value(at: ["metadata", "annotations", annotation])?.stringValue != "false"
    }
}

/// Stores the roles and bindings that the server begins with.
struct RoleBootstrap: Sendable {
    let core: ServerCore

    /// Reconciles ClusterRoles and ClusterRoleBindings, then gathers the rules of aggregated roles.
    func run(_ objects: [JSONValue]) async throws(Status) {
        // At once, so that they share commits: one after the other, each would wait for the disk.
        try await core.concurrently(objects) { expected throws(Status) in
            let plural = Unstructured(expected).kind == "ClusterRole" ? "clusterroles" : "clusterrolebindings"
            try await reconcile(expected, plural)
        }
        try await RoleAggregation(core: core).run()
    }

    private func reconcile(_ expected: JSONValue, _ plural: String) async throws(Status) {
        let name = Unstructured(expected).name
        let key = GroupResource(group: RoleIndex.group, resource: plural).description
        let cached = core.existingCache(key)?.current(name)
        var existing: JSONValue?
        if let cached { existing = try cached.document() }
        if let old = existing, RoleReconciliation.mustReplace(expected, existing: old) {
            try await core.internalDelete(
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
            return try await core.internalCreate(group: RoleIndex.group, resource: plural, namespace: "", wanted)
        }
        try await core.internalUpdate(group: RoleIndex.group, resource: plural, namespace: "", name: name) { object in
            // Read again within the update: somebody else may have been faster.
            if let renewed = RoleReconciliation.wanted(expected, existing: object) { object = renewed }
        }
    }
}

/// Gathers the rules of ClusterRoles that have an `aggregationRule` from the roles that it selects.
struct RoleAggregation: Sendable {
    let core: ServerCore

    /// Brings every aggregated role up to date.
    func run() async throws(Status) {
        var cached: [CachedObject] = []
        core.existingCache(RoleIndex.Resource.clusterRoles.rawValue)?.snapshot().objects.forEach { object in
            cached.append(object)
            return true
        }
        var roles: [JSONValue] = []
        for object in cached { roles.append(try object.document()) }
        // A role may be gathered from roles that are gathered themselves; a few rounds settle any sensible order.
        for _ in 0..<8 {
            var isSettled = true
            for index in roles.indices {
                guard let rules = Self.rules(of: roles[index], from: roles),
                    rules != (roles[index]["rules"]?.arrayValue ?? [])
                else { continue }
                isSettled = false
                roles[index]["rules"] = .array(rules)
                try await core.internalUpdate(
                    group: RoleIndex.group,
                    resource: "clusterroles",
                    namespace: "",
                    name: Unstructured(roles[index]).name
                ) { object in
                    if object["aggregationRule"] != nil { object["rules"] = .array(rules) }
                }
            }
            if isSettled { return }
        }
    }

    /// The rules that an aggregated role should have; `nil` if it is none.
    static func rules(of role: JSONValue, from roles: [JSONValue]) -> [JSONValue]? {
        guard let selectors = role.value(at: "aggregationRule", "clusterRoleSelectors")?.arrayValue else { return nil }
        let name = Unstructured(role).name
        var result: [JSONValue] = []
        for selector in selectors {
            // A selector that cannot be read selects no role; RoleStrategies refuses such.
            guard let parsed = try? JSONValueDecoder().decode(LabelSelector.self, from: selector),
                // As above.
                let selector = try? parsed.selector()
            else { continue }
            for other in roles {
                let typed = Unstructured(other)
                guard typed.name != name, selector.matches(typed.labels) else { continue }
                for rule in other["rules"]?.arrayValue ?? [] where !result.contains(rule) { result.append(rule) }
            }
        }
        return result
    }
}
