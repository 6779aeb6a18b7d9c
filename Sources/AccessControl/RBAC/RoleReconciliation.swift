package import APIMachinery

/// Brings roles and bindings to what they should at least be: what is missing is added, what people have added stays,
/// and an object with the annotation `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
package enum RoleReconciliation {
    package static let annotation = "rbac.authorization.kubernetes.io/autoupdate"

    /// What is to be stored; `nil` if what is there will do.
    package static func wanted(_ expected: JSONValue, existing: JSONValue?) -> JSONValue? {
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
    package static func mustReplace(_ expected: JSONValue, existing: JSONValue) -> Bool {
        guard let role = expected["roleRef"] else { return false }
        return existing["roleRef"] != role
            && existing.value(at: ["metadata", "annotations", annotation])?.stringValue != "false"
    }
}
