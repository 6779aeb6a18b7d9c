import APIMachinery
import Schema

/// The kinds that are questions: who am I, may I, whose token is this.
enum Reviews {
    static func resources(_ core: ServerCore) -> [ServedResource] {
        let authorization = "authorization.k8s.io"
        let authentication = "authentication.k8s.io"
        return [
            review(
                authorization,
                "selfsubjectaccessreviews",
                "SelfSubjectAccessReview",
                AccessReview(core: core, isSelf: true)
            ),
            review(
                authorization,
                "subjectaccessreviews",
                "SubjectAccessReview",
                AccessReview(core: core, isSelf: false)
            ),
            review(authorization, "selfsubjectrulesreviews", "SelfSubjectRulesReview", RulesReview(core: core)),
            review(authentication, "selfsubjectreviews", "SelfSubjectReview", SelfReview()),
            review(authentication, "tokenreviews", "TokenReview", TokenReview(core: core)),
        ]
    }

    private static func review(
        _ group: String,
        _ plural: String,
        _ kind: String,
        _ action: any ResourceAction
    ) -> ServedResource {
        ServedResource(
            group: group,
            version: "v1",
            names: ResourceNames(plural: plural, kind: kind),
            isNamespaced: false,
            verbs: ["create"],
            strategy: ReviewStrategy(typeName: kind),
            backend: .action(action),
            storageVersion: "v1",
            storageGroup: group
        )
    }

    /// A user as reviews show one.
    static func json(_ user: UserInfo) -> JSONValue {
        var result: JSONValue = ["username": .string(user.name), "groups": .array(user.groups.map(JSONValue.string))]
        if !user.uid.isEmpty { result["uid"] = .string(user.uid) }
        return result
    }
}

/// Reviews are read as they are; what is wrong with them is found when they are answered.
struct ReviewStrategy: ResourceStrategy {
    let typeName: String

    var schema: KindSchema { KindSchema(type: .deduced, catalogName: nil) }

    func decode(_ object: inout JSONValue) throws(Status) -> [String] { [] }
}

/// May this user do that?
private struct AccessReview: ResourceAction {
    let core: ServerCore
    let isSelf: Bool

    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        let spec = object["spec"] ?? .null
        let group = "authorization.k8s.io"
        func invalid(_ error: FieldError) -> Status {
            var status = Status.invalid(group: group, kind: "", name: "", errors: [error])
            status.details?.kind = nil
            return status
        }
        for (field, value) in object["metadata"]?.objectValue ?? [:] where field != "managedFields" && !value.isNull {
            if value.objectValue?.isEmpty == true || value.stringValue == "" { continue }
            throw invalid(.invalid(FieldPath("metadata"), object["metadata"] ?? .null, "must be empty"))
        }
        let resource = spec["resourceAttributes"]
        let path = spec["nonResourceAttributes"]
        if let path, resource != nil {
            let shown: JSONValue = ["Path": path["path"] ?? "", "Verb": path["verb"] ?? ""]
            throw invalid(
                .invalid(
                    FieldPath("spec").child("nonResourceAttributes"),
                    shown,
                    "cannot be specified in combination with resourceAttributes"
                )
            )
        }
        if path == nil, resource == nil {
            throw invalid(
                .invalid(
                    FieldPath("spec").child("resourceAttributes"),
                    .null,
                    "exactly one of nonResourceAttributes or resourceAttributes must be specified"
                )
            )
        }
        var user = context.request.user
        if !isSelf {
            let groups = spec["groups"]?.arrayValue?.compactMap(\.stringValue) ?? []
            user = UserInfo(name: spec["user"]?.stringValue ?? "", groups: groups)
        }
        func text(_ field: String) -> String { resource?[field]?.stringValue ?? "" }
        let attributes =
            path.map {
                AccessAttributes(user: user, verb: $0["verb"]?.stringValue ?? "", path: $0["path"]?.stringValue ?? "")
            }
            ?? AccessAttributes(
                user: user,
                verb: text("verb"),
                group: text("group"),
                version: text("version"),
                resource: text("resource"),
                subresource: text("subresource"),
                namespace: text("namespace"),
                name: text("name")
            )
        var result = object
        if var shown = resource {
            for (field, value) in shown.objectValue ?? [:] where value.stringValue == "" { shown[field] = nil }
            result.set(shown, at: ["spec", "resourceAttributes"])
        }
        switch await core.authorizer.authorize(attributes) {
        case .allowed(let reason):
            result["status"] = ["allowed": true]
            if !reason.isEmpty { result.set(.string(reason), at: ["status", "reason"]) }
        case .denied(let reason):
            result["status"] = ["allowed": false]
            if !reason.isEmpty { result.set(.string(reason), at: ["status", "reason"]) }
        }
        return result
    }
}

/// What may I do here?
private struct RulesReview: ResourceAction {
    let core: ServerCore

    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        let namespace = object.value(at: "spec", "namespace")?.stringValue ?? ""
        guard !namespace.isEmpty else { throw .badRequest("no namespace on request") }
        let (rules, isComplete) = await core.authorizer.rules(for: context.request.user, namespace: namespace)
        func list(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
        var resources: [JSONValue] = []
        var paths: [JSONValue] = []
        for rule in rules {
            if rule.paths.isEmpty {
                var entry: JSONValue = [
                    "verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources),
                ]
                if !rule.names.isEmpty { entry["resourceNames"] = list(rule.names) }
                resources.append(entry)
            } else {
                paths.append(["verbs": list(rule.verbs), "nonResourceURLs": list(rule.paths)])
            }
        }
        var result = object
        result["status"] = [
            "resourceRules": .array(resources), "nonResourceRules": .array(paths), "incomplete": .bool(!isComplete),
        ]
        return result
    }
}

/// Who am I?
private struct SelfReview: ResourceAction {
    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        var result = object
        result.set(.string(context.now.rfc3339), at: ["metadata", "creationTimestamp"])
        result["status"] = ["userInfo": Reviews.json(context.request.user)]
        return result
    }
}

/// Whose token is this?
private struct TokenReview: ResourceAction {
    let core: ServerCore

    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        let token = object.value(at: "spec", "token")?.stringValue ?? ""
        var result = object
        if let user = core.authenticator.user(token: token) {
            result["status"] = ["authenticated": true, "user": Reviews.json(user)]
        } else {
            result["status"] = ["error": "[invalid bearer token]", "user": .object([:])]
        }
        return result
    }
}

/// What Pods and nodes use, as `metrics.k8s.io` shows it to `kubectl top`.
enum UsageMetrics {
    static func resources(_ source: any PodMetricsSource) -> [ServedResource] {
        [
            resource("pods", "PodMetrics", isNamespaced: true, PodUsage(source: source)),
            resource("nodes", "NodeMetrics", isNamespaced: false, NodeUsage(source: source)),
        ]
    }

    private static func resource(
        _ plural: String,
        _ kind: String,
        isNamespaced: Bool,
        _ computed: any ComputedResource
    ) -> ServedResource {
        ServedResource(
            group: "metrics.k8s.io",
            version: "v1beta1",
            names: ResourceNames(plural: plural, singular: "", kind: kind),
            isNamespaced: isNamespaced,
            verbs: ["get", "list"],
            strategy: ReviewStrategy(typeName: kind),
            backend: .computed(computed),
            storageVersion: "v1beta1",
            storageGroup: "metrics.k8s.io"
        )
    }

    private struct PodUsage: ComputedResource {
        let source: any PodMetricsSource
        func objects(namespace: String?) async throws(Status) -> [JSONValue] {
            await source.podMetrics(namespace: namespace)
        }
    }

    private struct NodeUsage: ComputedResource {
        let source: any PodMetricsSource
        func objects(namespace: String?) async throws(Status) -> [JSONValue] { await source.nodeMetrics() }
    }
}
