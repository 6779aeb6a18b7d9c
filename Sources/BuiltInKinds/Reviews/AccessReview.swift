import APIMachinery
import AccessControl
import GenericAPIServer

/// May this user do that?
struct AccessReview: ResourceAction {
    let authorizer: any Authorizer
    let isSelf: Bool
    /// Whether it is about one namespace, and may be asked by who has rights there only.
    var isLocal = false

    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        let spec = object["spec"] ?? .null
        let errors = problems(object, spec)
        guard errors.isEmpty else {
            var status = Status.invalid(group: "authorization.k8s.io", kind: "", name: "", errors: errors)
            status.details?.kind = nil
            throw status
        }
        if isLocal, object.value(at: "metadata", "namespace")?.stringValue ?? "" != context.info.namespace {
            throw .badRequest("spec.resourceAttributes.namespace must match namespace: \(context.info.namespace)")
        }
        let user = isSelf ? context.request.user : Self.user(spec)
        var result = object
        if var shown = spec["resourceAttributes"] {
            for (field, value) in shown.objectValue ?? [:] where value.stringValue == "" { shown[field] = nil }
            result.set(shown, at: ["spec", "resourceAttributes"])
        }
        let decision = authorizer.authorize(Self.attributes(spec, user))
        result["status"] = ["allowed": .bool(decision.isAllowed)]
        if !decision.reason.isEmpty { result.set(.string(decision.reason), at: ["status", "reason"]) }
        return result
    }

    private static func user(_ spec: JSONValue) -> UserInfo {
        UserInfo(
            name: spec["user"]?.stringValue ?? "",
            uid: spec["uid"]?.stringValue ?? "",
            groups: spec["groups"]?.arrayValue?.compactMap(\.stringValue) ?? []
        )
    }

    private static func attributes(_ spec: JSONValue, _ user: UserInfo) -> AccessAttributes {
        if let path = spec["nonResourceAttributes"] {
            return AccessAttributes(
                user: user,
                verb: path["verb"]?.stringValue ?? "",
                path: path["path"]?.stringValue ?? ""
            )
        }
        func text(_ field: String) -> String { spec.value(at: "resourceAttributes", field)?.stringValue ?? "" }
        return AccessAttributes(
            user: user,
            verb: text("verb"),
            group: text("group"),
            version: text("version"),
            resource: text("resource"),
            subresource: text("subresource"),
            namespace: text("namespace"),
            name: text("name")
        )
    }

    /// What is wrong with the question.
    private func problems(_ object: JSONValue, _ spec: JSONValue) -> [FieldError] {
        let path = FieldPath("spec")
        let resource = spec["resourceAttributes"]
        let other = spec["nonResourceAttributes"]
        let shown: JSONValue = ["Path": other?["path"] ?? "", "Verb": other?["verb"] ?? ""]
        var errors: [FieldError] = []
        if other != nil, resource != nil {
            errors.append(
                .invalid(
                    path.child("nonResourceAttributes"),
                    shown,
                    "cannot be specified in combination with resourceAttributes"
                )
            )
        }
        if other == nil, resource == nil {
            errors.append(
                .invalid(
                    path.child("resourceAttributes"),
                    .null,
                    "exactly one of nonResourceAttributes or resourceAttributes must be specified"
                )
            )
        }
        if !isSelf, (spec["user"]?.stringValue ?? "").isEmpty, spec["groups"]?.arrayValue?.isEmpty ?? true {
            errors.append(
                .invalid(path.child("user"), spec["user"] ?? "", "at least one of user or group must be specified")
            )
        }
        for (field, value) in object["metadata"]?.objectValue ?? [:]
        where field != "managedFields" && !(isLocal && field == "namespace") && !value.isNull {
            if value.objectValue?.isEmpty == true || value.stringValue == "" { continue }
            let detail = isLocal ? "must be empty except for namespace" : "must be empty"
            errors.append(.invalid(FieldPath("metadata"), object["metadata"] ?? .null, detail))
            break
        }
        guard isLocal else { return errors }
        let namespace = object.value(at: "metadata", "namespace")?.stringValue ?? ""
        if let asked = resource?["namespace"]?.stringValue ?? resource.map({ _ in "" }), asked != namespace {
            errors.append(
                .invalid(
                    path.child("resourceAttributes", "namespace"),
                    .string(asked),
                    "must match metadata.namespace"
                )
            )
        }
        if other != nil {
            errors.append(
                .invalid(path.child("nonResourceAttributes"), shown, "disallowed on this kind of request")
            )
        }
        return errors
    }
}

/// What may I do here?
struct RulesReview: ResourceAction {
    let authorizer: RBACAuthorizer

    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        let namespace = object.value(at: "spec", "namespace")?.stringValue ?? ""
        guard !namespace.isEmpty else { throw .badRequest("no namespace on request") }
        let (rules, problem) = authorizer.rules(for: context.request.user, namespace: namespace)
        var resources: [JSONValue] = []
        var paths: [JSONValue] = []
        for rule in rules {
            // A rule may be about both, where it was stored before that was refused.
            var shown = rule.json
            shown["nonResourceURLs"] = nil
            if !rule.resources.isEmpty { resources.append(shown) }
            if !rule.nonResourceURLs.isEmpty {
                paths.append(PolicyRule(verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs).json)
            }
        }
        var result = object
        result["status"] = [
            "resourceRules": .array(resources), "nonResourceRules": .array(paths), "incomplete": false,
        ]
        if !problem.isEmpty { result.set(.string(problem), at: ["status", "evaluationError"]) }
        return result
    }
}
