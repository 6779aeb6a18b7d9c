import APIMachinery

/// What somebody wants to do.
public struct AccessAttributes: Sendable, Hashable {
    public var user: UserInfo
    public var verb: String
    public var group = ""
    public var version = ""
    public var resource = ""
    public var subresource = ""
    public var namespace = ""
    public var name = ""
    /// The path, for requests that are not about a resource.
    public var path: String?

    /// A request about a path that is no resource.
    public init(user: UserInfo, verb: String, path: String) {
        self.user = user
        self.verb = verb
        self.path = path
    }

    /// A request about a resource; an empty name stands for all objects, an empty namespace for all namespaces.
    public init(
        user: UserInfo,
        verb: String,
        group: String,
        version: String = "",
        resource: String,
        subresource: String = "",
        namespace: String = "",
        name: String = ""
    ) {
        self.user = user
        self.verb = verb
        self.group = group
        self.version = version
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
    }

    init(user: UserInfo, info: RequestInfo) {
        self.init(
            user: user,
            verb: info.verb,
            group: info.group,
            version: info.version,
            resource: info.resource,
            subresource: info.subresource,
            namespace: info.namespace,
            name: info.name
        )
    }
}

/// What an authorizer says.
public enum AccessDecision: Sendable, Hashable {
    case allowed(reason: String)
    /// Not allowed; the reason may be empty.
    case denied(reason: String)
}

/// A set of verbs on a set of resources or paths, as RBAC states it. `*` stands for all.
public struct AccessRule: Sendable, Hashable {
    public var verbs: [String]
    public var groups: [String]
    /// Plurals; `pods/log` for a subresource.
    public var resources: [String]
    /// Object names; empty for all.
    public var names: [String]
    /// Only in this namespace; `nil` for all.
    public var namespace: String?
    /// Paths that are no resources; a trailing `*` stands for any rest.
    public var paths: [String]

    /// A rule about resources, or about paths.
    public init(
        verbs: [String],
        groups: [String] = [],
        resources: [String] = [],
        names: [String] = [],
        namespace: String? = nil,
        paths: [String] = []
    ) {
        self.verbs = verbs
        self.groups = groups
        self.resources = resources
        self.names = names
        self.namespace = namespace
        self.paths = paths
    }

    /// Whether the rule allows that.
    public func allows(_ attributes: AccessAttributes) -> Bool {
        func covers(_ list: [String], _ value: String) -> Bool { list.contains("*") || list.contains(value) }
        guard covers(verbs, attributes.verb) else { return false }
        if let path = attributes.path {
            return paths.contains { $0.hasSuffix("*") ? path.hasPrefix($0.dropLast()) : $0 == path }
        }
        let resource =
            attributes.subresource.isEmpty ? attributes.resource : "\(attributes.resource)/\(attributes.subresource)"
        return covers(groups, attributes.group) && covers(resources, resource)
            && (names.isEmpty || names.contains(attributes.name))
            && (namespace == nil || namespace == attributes.namespace)
    }
}

/// Decides who may do what.
public protocol Authorizer: Sendable {
    /// Whether that is allowed.
    func authorize(_ attributes: AccessAttributes) async -> AccessDecision

    /// The rules that a user has in a namespace, and whether these are all.
    func rules(for user: UserInfo, namespace: String) async -> (rules: [AccessRule], isComplete: Bool)
}

/// Members of `system:masters` may do everything, others what is listed for their name or one of their groups.
public struct ListedAuthorizer: Authorizer {
    private let rulesBySubject: [String: [AccessRule]]

    /// Every authenticated user may look around and ask what it may do.
    private static let everyone: [AccessRule] = [
        AccessRule(
            verbs: ["get"],
            paths: ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version"]
        ),
        AccessRule(verbs: ["get"], paths: ["/healthz", "/livez", "/readyz"]),
        AccessRule(
            verbs: ["create"],
            groups: ["authorization.k8s.io"],
            resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
        ),
        AccessRule(verbs: ["create"], groups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"]),
    ]

    /// - Parameter rules: what users or groups of these names may do.
    public init(rules: [String: [AccessRule]] = [:]) { rulesBySubject = rules }

    public func authorize(_ attributes: AccessAttributes) async -> AccessDecision {
        if attributes.user.isMaster { return .allowed(reason: "") }
        return own(attributes.user).contains { $0.allows(attributes) } ? .allowed(reason: "") : .denied(reason: "")
    }

    public func rules(for user: UserInfo, namespace: String) async -> (rules: [AccessRule], isComplete: Bool) {
        if user.isMaster {
            return (
                [AccessRule(verbs: ["*"], groups: ["*"], resources: ["*"]), AccessRule(verbs: ["*"], paths: ["*"])],
                true
            )
        }
        return (own(user).filter { $0.namespace == nil || $0.namespace == namespace }, true)
    }

    private func own(_ user: UserInfo) -> [AccessRule] {
        Self.everyone + ([user.name] + user.groups).flatMap { rulesBySubject[$0] ?? [] }
    }
}
