import APIMachinery
import AccessControl
import GenericAPIServer

/// Roles and ClusterRoles.
struct RoleStrategy: BuiltInStrategy {
    let isClusterWide: Bool
    let authorizer: RBACAuthorizer

    var typeName: String { isClusterWide ? "ClusterRole" : "Role" }
    var allowsCreateOnUpdate: Bool { true }

    func nameErrors(_ name: String, isPrefix: Bool) -> [String] { Validation.pathSegment(name) }

    func authorizeWrite(_ object: JSONValue, old: JSONValue?, _ context: RequestContext) throws(Status) {
        let resource = GroupResource(group: RoleIndex.group, resource: isClusterWide ? "clusterroles" : "roles")
        try Escalation(authorizer, context, resource).checkRole(object, old: old)
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        var errors: [FieldError] = []
        for (position, rule) in (object["rules"]?.arrayValue ?? []).enumerated() {
            errors += self.errors(in: rule, at: FieldPath("rules").index(position))
        }
        guard let aggregation = object["aggregationRule"] else { return errors }
        let path = FieldPath("aggregationRule").child("clusterRoleSelectors")
        let selectors = aggregation["clusterRoleSelectors"]?.arrayValue ?? []
        if selectors.isEmpty {
            errors.append(
                .required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")
            )
        }
        for (position, json) in selectors.enumerated() {
            // The decoder has refused what is no selector.
            guard let selector = try? JSONValueDecoder().decode(LabelSelector.self, from: json) else { continue }
            errors += selector.validate(at: path.index(position))
        }
        return errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] { validate(object, context) }

    private func errors(in rule: JSONValue, at path: FieldPath) -> [FieldError] {
        func isEmpty(_ field: String) -> Bool { rule[field]?.arrayValue?.isEmpty ?? true }
        var errors: [FieldError] = []
        if isEmpty("verbs") {
            errors.append(.required(path.child("verbs"), "verbs must contain at least one value"))
        }
        if !isEmpty("nonResourceURLs") {
            let urls = rule["nonResourceURLs"] ?? []
            let field = path.child("nonResourceURLs")
            if !isClusterWide {
                errors.append(.invalid(field, urls, "namespaced rules cannot apply to non-resource URLs"))
            }
            if !isEmpty("apiGroups") || !isEmpty("resources") || !isEmpty("resourceNames") {
                errors.append(
                    .invalid(field, urls, "rules cannot apply to both regular resources and non-resource URLs")
                )
            }
            return errors
        }
        if isEmpty("apiGroups") {
            errors.append(.required(path.child("apiGroups"), "resource rules must supply at least one api group"))
        }
        if isEmpty("resources") {
            errors.append(.required(path.child("resources"), "resource rules must supply at least one resource"))
        }
        return errors
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        [object.value(at: "metadata", "creationTimestamp") ?? .null]
    }
}

/// RoleBindings and ClusterRoleBindings.
struct RoleBindingStrategy: BuiltInStrategy {
    let isClusterWide: Bool
    let authorizer: RBACAuthorizer

    var typeName: String { isClusterWide ? "ClusterRoleBinding" : "RoleBinding" }
    var allowsCreateOnUpdate: Bool { true }

    func nameErrors(_ name: String, isPrefix: Bool) -> [String] { Validation.pathSegment(name) }

    func authorizeWrite(_ object: JSONValue, old: JSONValue?, _ context: RequestContext) throws(Status) {
        let plural = isClusterWide ? "clusterrolebindings" : "rolebindings"
        let resource = GroupResource(group: RoleIndex.group, resource: plural)
        try Escalation(authorizer, context, resource).checkBinding(object, old: old)
    }

    func fillDefaults(_ object: inout JSONValue) {
        if object["roleRef"] != nil, (object.value(at: "roleRef", "apiGroup")?.stringValue ?? "").isEmpty {
            object.set(.string(RoleIndex.group), at: ["roleRef", "apiGroup"])
        }
        guard let subjects = object["subjects"]?.arrayValue else { return }
        object["subjects"] = .array(
            subjects.map { subject in
                guard (subject["apiGroup"]?.stringValue ?? "").isEmpty,
                    ["User", "Group"].contains(subject["kind"]?.stringValue)
                else { return subject }
                var subject = subject
                subject["apiGroup"] = .string(RoleIndex.group)
                return subject
            }
        )
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        let path = FieldPath("roleRef")
        let group = object.value(at: "roleRef", "apiGroup")?.stringValue ?? ""
        let role = RoleIndex.RoleReference(object)
        var errors: [FieldError] = []
        if group != RoleIndex.group {
            errors.append(.notSupported(path.child("apiGroup"), .string(group), [RoleIndex.group]))
        }
        let kinds = isClusterWide ? ["ClusterRole"] : ["Role", "ClusterRole"]
        if !kinds.contains(role.kind) {
            errors.append(.notSupported(path.child("kind"), .string(role.kind), kinds))
        }
        if role.name.isEmpty {
            errors.append(.required(path.child("name")))
        } else {
            errors += Validation.pathSegment(role.name).map { .invalid(path.child("name"), .string(role.name), $0) }
        }
        for (position, subject) in (object["subjects"]?.arrayValue ?? []).enumerated() {
            errors += self.errors(in: subject, at: FieldPath("subjects").index(position))
        }
        return errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        var errors = validate(object, context)
        if object["roleRef"] != old["roleRef"] {
            func text(_ field: String) -> JSONValue { object.value(at: "roleRef", field) ?? "" }
            let shown: JSONValue = ["APIGroup": text("apiGroup"), "Kind": text("kind"), "Name": text("name")]
            errors.append(.invalid(FieldPath("roleRef"), shown, "cannot change roleRef"))
        }
        return errors
    }

    private func errors(in subject: JSONValue, at path: FieldPath) -> [FieldError] {
        func text(_ field: String) -> String { subject[field]?.stringValue ?? "" }
        let name = text("name")
        let kind = text("kind")
        var errors: [FieldError] = name.isEmpty ? [.required(path.child("name"))] : []
        func expectGroup(_ group: String) {
            guard text("apiGroup") != group else { return }
            errors.append(.notSupported(path.child("apiGroup"), .string(text("apiGroup")), [group]))
        }
        switch kind {
        case "ServiceAccount":
            if !name.isEmpty {
                errors += Validation.dns1123Subdomain(name).map { .invalid(path.child("name"), .string(name), $0) }
            }
            expectGroup("")
            if isClusterWide, text("namespace").isEmpty { errors.append(.required(path.child("namespace"))) }
        case "User", "Group":
            if name.isEmpty {
                errors.append(.invalid(path.child("name"), "", "\(kind.lowercased()) name cannot be empty"))
            }
            expectGroup(RoleIndex.group)
        default:
            errors.append(.notSupported(path.child("kind"), .string(kind), ["ServiceAccount", "User", "Group"]))
        }
        return errors
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        let role = RoleIndex.RoleReference(object)
        let subjects = (object["subjects"]?.arrayValue ?? []).map(RoleIndex.Subject.init)
        func names(_ kind: String) -> JSONValue {
            let found = subjects.filter { $0.kind == kind }
            return .string(
                found.map { kind == "ServiceAccount" ? "\($0.namespace)/\($0.name)" : $0.name }.joined(separator: ", ")
            )
        }
        return [
            .string("\(role.kind)/\(role.name)"), Cells.age(object, now), names("User"), names("Group"),
            names("ServiceAccount"),
        ]
    }
}

extension Escalation {
    /// The check of what a request writes.
    fileprivate init(_ authorizer: RBACAuthorizer, _ context: RequestContext, _ resource: GroupResource) {
        self.init(
            authorizer: authorizer,
            user: context.request.user,
            namespace: context.info.namespace,
            name: context.info.name,
            resource: resource
        )
    }
}
