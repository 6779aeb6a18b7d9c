package import APIMachinery

/// What somebody wants to do.
package struct AccessAttributes: Sendable, Hashable {
    package var user: UserInfo
    package var verb: String
    package var group = ""
    package var version = ""
    package var resource = ""
    package var subresource = ""
    /// Empty for objects of the cluster, and for a look over all namespaces.
    package var namespace = ""
    /// Empty for all objects.
    package var name = ""
    /// The path, for requests that are not about a resource.
    package var path: String?

    /// A request about a path that is no resource.
    package init(user: UserInfo, verb: String, path: String) {
        self.user = user
        self.verb = verb
        self.path = path
    }

    /// A request about a resource.
    package init(
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

    /// What was refused, in the words of Kubernetes.
    package var refusal: String {
        var text = "User \"\(user.name)\" cannot \(verb) "
        if let path {
            text += "path \"\(path)\""
        } else {
            let whole = subresource.isEmpty ? resource : "\(resource)/\(subresource)"
            text += "resource \"\(whole)\" in API group \"\(group)\" "
            text += namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(namespace)\""
        }
        // Nothing that a browser could take for markup.
        return text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// The 403 for this.
    package func forbidden(_ reason: String) -> Status {
        let detail = reason.isEmpty ? refusal : "\(refusal): \(reason)"
        guard path == nil else {
            return Status(code: 403, reason: .forbidden, message: "forbidden: \(detail)", details: Status.Details())
        }
        return .forbidden(GroupResource(group: group, resource: resource), name: name, detail)
    }
}

/// What the authorizer says; a reason may be empty.
package enum AccessDecision: Sendable, Hashable {
    case allowed(reason: String)
    case denied(reason: String)

    package var isAllowed: Bool { if case .allowed = self { true } else { false } }

    package var reason: String {
        switch self {
        case .allowed(let reason), .denied(let reason): reason
        }
    }
}

/// Decides what a user may do.
package protocol Authorizer: Sendable {
    func authorize(_ attributes: AccessAttributes) -> AccessDecision
}
