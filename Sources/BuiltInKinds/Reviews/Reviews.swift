import APIMachinery
import AccessControl
import GenericAPIServer
import Schema

/// The kinds that are questions: who am I, may I, whose token is this.
enum Reviews {
    static func resources(_ authorizer: RBACAuthorizer, _ authenticator: Authenticator) -> [ServedResource] {
        let authorization = "authorization.k8s.io"
        let authentication = "authentication.k8s.io"
        return [
            review(
                authorization,
                "selfsubjectaccessreviews",
                "SelfSubjectAccessReview",
                AccessReview(authorizer: authorizer, isSelf: true)
            ),
            review(
                authorization,
                "subjectaccessreviews",
                "SubjectAccessReview",
                AccessReview(authorizer: authorizer, isSelf: false)
            ),
            review(
                authorization,
                "localsubjectaccessreviews",
                "LocalSubjectAccessReview",
                AccessReview(authorizer: authorizer, isSelf: false, isLocal: true),
                isNamespaced: true
            ),
            review(
                authorization,
                "selfsubjectrulesreviews",
                "SelfSubjectRulesReview",
                RulesReview(authorizer: authorizer)
            ),
            review(authentication, "selfsubjectreviews", "SelfSubjectReview", SelfReview()),
            review(authentication, "tokenreviews", "TokenReview", TokenReview(authenticator: authenticator)),
        ]
    }

    private static func review(
        _ group: String,
        _ plural: String,
        _ kind: String,
        _ action: any ResourceAction,
        isNamespaced: Bool = false
    ) -> ServedResource {
        ServedResource(
            group: group,
            version: "v1",
            names: ResourceNames(plural: plural, kind: kind),
            isNamespaced: isNamespaced,
            verbs: ["create"],
            strategy: ReviewStrategy(typeName: kind),
            backend: .action(action),
            storageVersion: "v1",
            storageGroup: group
        )
    }
}

/// Reviews are read as they are; what is wrong with them is found when they are answered.
struct ReviewStrategy: ResourceStrategy {
    let typeName: String

    var schema: KindSchema { KindSchema(type: .deduced, catalogName: nil) }

    func decode(_ object: inout JSONValue) throws(Status) -> [String] { [] }
}

/// Who am I?
private struct SelfReview: ResourceAction {
    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        var result = object
        result.set(.string(context.now.rfc3339), at: ["metadata", "creationTimestamp"])
        result["status"] = ["userInfo": context.request.user.json]
        return result
    }
}

/// Whose token is this?
private struct TokenReview: ResourceAction {
    let authenticator: Authenticator

    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue {
        let token = object.value(at: "spec", "token")?.stringValue ?? ""
        var result = object
        if let user = authenticator.user(token: token) {
            result["status"] = ["authenticated": true, "user": user.json]
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
