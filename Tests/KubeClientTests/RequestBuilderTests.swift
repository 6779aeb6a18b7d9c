import APIMachinery
import KubeClient
import Testing

struct RequestBuilderTests {
    static let pods = GroupVersionResource(group: "", version: "v1", resource: "pods")
    static let pools = GroupVersionResource(group: "martinet.dev", version: "v1alpha1", resource: "workerpools")
    static let builder = RequestBuilder()

    @Test(
        "Method, path and query",
        arguments: [
            (builder.get(pods, namespace: "a", name: "b"), "GET /api/v1/namespaces/a/pods/b"),
            (
                builder.get(pools, namespace: "a", name: "b", subresource: "scale"),
                "GET /apis/martinet.dev/v1alpha1/namespaces/a/workerpools/b/scale"
            ),
            (builder.list(pods, namespace: "", .init()), "GET /api/v1/pods"),
            (
                builder.list(
                    pods,
                    namespace: "a",
                    .init(labelSelector: "a=b,c in (d)", limit: 5, resourceVersion: "0")
                ),
                "GET /api/v1/namespaces/a/pods?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=5&resourceVersion=0"
            ),
            (
                builder.list(pods, namespace: "a", .init(continueToken: "x+/=", resourceVersion: "0")),
                "GET /api/v1/namespaces/a/pods?continue=x%2B%2F%3D"
            ),
            (
                builder.watch(pods, namespace: "", .init(resourceVersion: "7", timeoutSeconds: 60)),
                "GET /api/v1/pods?watch=true&resourceVersion=7&timeoutSeconds=60&allowWatchBookmarks=true"
            ),
            (
                builder.create(pods, namespace: "a", ["x": 1], .init(dryRun: true)),
                "POST /api/v1/namespaces/a/pods?dryRun=All"
            ),
            (
                builder.patch(pods, namespace: "a", name: "b", subresource: "status", .merge([:]), .init()),
                "PATCH /api/v1/namespaces/a/pods/b/status"
            ),
            (
                builder.patch(pods, namespace: "a", name: "b", .apply([:], force: true), .init(fieldManager: "m")),
                "PATCH /api/v1/namespaces/a/pods/b?fieldManager=m&force=true"
            ),
            (
                builder.deleteCollection(pods, namespace: "a", matching: .init(labelSelector: "x"), .init()),
                "DELETE /api/v1/namespaces/a/pods?labelSelector=x"
            ),
            (
                builder.podLogs(namespace: "a", name: "b", .init(container: "c", follow: true, tailLines: 3)),
                "GET /api/v1/namespaces/a/pods/b/log?container=c&follow=true&tailLines=3"
            ),
            (builder.get(pods, namespace: "a", name: "b/../c"), "GET /api/v1/namespaces/a/pods/b%2F..%2Fc"),
        ] as [(APIRequest, String)]
    )
    func targets(_ request: APIRequest, _ expected: String) {
        #expect("\(request.method.rawValue) \(request.target)" == expected)
    }

    @Test func deleteOptionsAreABody() {
        let request = Self.builder.delete(
            Self.pods,
            namespace: "a",
            name: "b",
            .init(gracePeriodSeconds: 0, propagationPolicy: .foreground, uid: "u", resourceVersion: "3")
        )
        #expect(
            request.body.map { String(decoding: $0, as: UTF8.self) }
                == #"{"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions","preconditions":{"resourceVersion":"3","uid":"u"},"propagationPolicy":"Foreground"}"#
        )
    }

    @Test(
        "Patches say their type, and all but JSON patches may be repeated",
        arguments: [
            (ObjectPatch.merge([:]), "application/merge-patch+json", true),
            (.json([]), "application/json-patch+json", false),
            (.strategicMerge([:]), "application/strategic-merge-patch+json", true),
            (.apply([:], force: false), "application/apply-patch+yaml", true),
        ]
    )
    func patches(_ patch: ObjectPatch, _ type: String, _ isIdempotent: Bool) {
        let request = Self.builder.patch(Self.pods, namespace: "a", name: "b", patch, .init())
        #expect(request.headers["Content-Type"] == type)
        #expect(request.isIdempotent == isIdempotent)
    }

    @Test func streamsHaveNoTimeout() {
        #expect(Self.builder.watch(Self.pods, namespace: "", .init()).timeout == nil)
        #expect(Self.builder.podLogs(namespace: "a", name: "b", .init(follow: true)).timeout == nil)
        #expect(Self.builder.podLogs(namespace: "a", name: "b", .init()).timeout != nil)
    }
}
