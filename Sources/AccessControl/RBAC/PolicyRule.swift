package import APIMachinery

/// A set of verbs on a set of resources or of paths, as `rbac.authorization.k8s.io/v1` states it. `*` stands for all.
package struct PolicyRule: Sendable, Hashable {
    package var verbs: [String]
    package var apiGroups: [String] = []
    /// Plurals; `pods/log` for a subresource, `*/scale` for that subresource of everything.
    package var resources: [String] = []
    /// Names of objects; empty for all.
    package var resourceNames: [String] = []
    /// Paths; a trailing `*` stands for any rest.
    package var nonResourceURLs: [String] = []

    package init(
        verbs: [String],
        apiGroups: [String] = [],
        resources: [String] = [],
        resourceNames: [String] = [],
        nonResourceURLs: [String] = []
    ) {
        self.verbs = verbs
        self.apiGroups = apiGroups
        self.resources = resources
        self.resourceNames = resourceNames
        self.nonResourceURLs = nonResourceURLs
    }

    package static let all = "*"

    /// Everything there is.
    package static let everything = [
        PolicyRule(verbs: [all], apiGroups: [all], resources: [all]),
        PolicyRule(verbs: [all], nonResourceURLs: [all]),
    ]

    /// Whether the rule allows that.
    func allows(_ attributes: AccessAttributes) -> Bool {
        guard verbs.contains(where: { $0 == Self.all || $0 == attributes.verb }) else { return false }
        if let path = attributes.path { return nonResourceURLs.contains { Self.urlCovers($0, path) } }
        return apiGroups.contains { $0 == Self.all || $0 == attributes.group }
            && resources.contains { Self.resource($0, matches: attributes.resource, attributes.subresource) }
            && (resourceNames.isEmpty || resourceNames.contains(attributes.name))
    }

    private static func resource(_ rule: String, matches resource: String, _ subresource: String) -> Bool {
        if rule == all { return true }
        if subresource.isEmpty { return rule == resource }
        let bytes = rule.utf8
        guard bytes.count > subresource.utf8.count, rule.hasSuffix(subresource) else { return false }
        let head = rule.dropLast(subresource.count)
        return head == "*/" || (head.last == "/" && head.dropLast() == resource)
    }

    /// Whether a path of a rule stands for that path, or for all that this pattern stands for.
    static func urlCovers(_ pattern: String, _ path: String) -> Bool {
        if pattern == all || pattern == path { return true }
        guard pattern.hasSuffix(all) else { return false }
        var prefix = Substring(pattern)
        while prefix.last == "*" { prefix.removeLast() }
        return path.hasPrefix(prefix)
    }
}

// MARK: JSON

extension PolicyRule {
    package init(_ json: JSONValue) {
        func texts(_ field: String) -> [String] { json[field]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        verbs = texts("verbs")
        apiGroups = texts("apiGroups")
        resources = texts("resources")
        resourceNames = texts("resourceNames")
        nonResourceURLs = texts("nonResourceURLs")
    }

    /// The rules of a role.
    package static func list(of role: JSONValue) -> [PolicyRule] {
        (role["rules"]?.arrayValue ?? []).map(PolicyRule.init)
    }

    package var json: JSONValue {
        var result: JSONValue = ["verbs": .array(verbs.map(JSONValue.string))]
        for (field, texts) in [
            ("apiGroups", apiGroups), ("resources", resources), ("resourceNames", resourceNames),
            ("nonResourceURLs", nonResourceURLs),
        ] where !texts.isEmpty {
            result[field] = .array(texts.map(JSONValue.string))
        }
        return result
    }
}
