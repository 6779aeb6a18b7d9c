package import APIMachinery
import AccessControl
package import GenericAPIServer

/// Gathers the rules of ClusterRoles that have an `aggregationRule` from the roles that it selects.
package struct RoleAggregation: Sendable {
    package let core: ServerCore
    package let client: LoopbackClient

    package init(core: ServerCore, client: LoopbackClient) {
        self.core = core
        self.client = client
    }

    /// Brings every aggregated role up to date.
    package func run() async throws(Status) {
        var cached: [CachedObject] = []
        core.caches[RoleIndex.Resource.clusterRoles.rawValue]?.snapshot().objects.forEach { object in
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
                try await client.update(
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
