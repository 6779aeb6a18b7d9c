/// Whether rules grant all that other rules grant, and what is missing.
///
/// As Kubernetes compares them (`k8s.io/component-helpers/auth/rbac/validation`): rule by rule, so that a right that
/// only several rules together grant counts as missing.
enum RuleCoverage {
    /// What of `wanted` is not granted by `held`, one right a rule.
    static func missing(_ wanted: [PolicyRule], from held: [PolicyRule]) -> [PolicyRule] {
        wanted.flatMap(breakDown).filter { single in !held.contains { covers($0, single) } }
    }

    /// The rule as rules of one verb on one resource or path each.
    private static func breakDown(_ rule: PolicyRule) -> [PolicyRule] {
        var result: [PolicyRule] = []
        for group in rule.apiGroups {
            for resource in rule.resources {
                for verb in rule.verbs {
                    let single = PolicyRule(verbs: [verb], apiGroups: [group], resources: [resource])
                    guard !rule.resourceNames.isEmpty else {
                        result.append(single)
                        continue
                    }
                    for name in rule.resourceNames {
                        var named = single
                        named.resourceNames = [name]
                        result.append(named)
                    }
                }
            }
        }
        for url in rule.nonResourceURLs {
            for verb in rule.verbs { result.append(PolicyRule(verbs: [verb], nonResourceURLs: [url])) }
        }
        return result
    }

    private static func covers(_ owner: PolicyRule, _ single: PolicyRule) -> Bool {
        func holds(_ list: [String], _ wanted: [String]) -> Bool {
            list.contains(PolicyRule.all) || wanted.allSatisfy(list.contains)
        }
        let resources =
            owner.resources.contains(PolicyRule.all)
            || single.resources.allSatisfy { resource in
                if owner.resources.contains(resource) { return true }
                guard let slash = resource.firstIndex(of: "/") else { return false }
                return owner.resources.contains("*" + resource[slash...])
            }
        let names =
            owner.resourceNames.isEmpty
            || (!single.resourceNames.isEmpty && single.resourceNames.allSatisfy(owner.resourceNames.contains))
        return holds(owner.verbs, single.verbs) && holds(owner.apiGroups, single.apiGroups) && resources && names
            && single.nonResourceURLs.allSatisfy { url in
                owner.nonResourceURLs.contains { PolicyRule.urlCovers($0, url) }
            }
    }

    /// Joins the verbs of rules that are about the same single resource.
    static func compact(_ rules: [PolicyRule]) -> [PolicyRule] {
        var result: [PolicyRule] = []
        var places: [[String]: Int] = [:]
        for rule in rules {
            let isSimple =
                rule.resourceNames.isEmpty && rule.nonResourceURLs.isEmpty && rule.apiGroups.count == 1
                && rule.resources.count == 1
            let key = rule.apiGroups + rule.resources
            if isSimple, let place = places[key] {
                result[place].verbs += rule.verbs
            } else {
                if isSimple { places[key] = result.count }
                result.append(rule)
            }
        }
        return result
    }

    /// A rule as Kubernetes shows it in messages.
    static func text(_ rule: PolicyRule) -> String {
        let parts = [
            ("APIGroups", rule.apiGroups), ("Resources", rule.resources), ("NonResourceURLs", rule.nonResourceURLs),
            ("ResourceNames", rule.resourceNames), ("Verbs", rule.verbs),
        ]
        let shown = parts.filter { !$1.isEmpty }.map { "\($0):\(quoted($1))" }
        return "{\(shown.joined(separator: ", "))}"
    }

    /// A list of texts as Go's `%q` shows it.
    static func quoted(_ texts: [String]) -> String {
        "[" + texts.map { "\"\($0)\"" }.joined(separator: " ") + "]"
    }
}
