import APIMachinery
import APIServer
import Testing

/// Who may do what.
@Suite struct AccessTests {
    @Test(
        "An anonymous caller gets the probes and the version and nothing else",
        arguments: [
            ("/livez", 200), ("/readyz", 200), ("/version", 200), ("/api", 401), ("/apis", 401), ("/openapi/v3", 401),
            ("/api/v1/namespaces", 401), ("/nonsense", 401),
        ]
    )
    func anonymous(path: String, status: Int) async throws {
        let server = try await TestServer()
        let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
        #expect(await server.respond("GET", path, user: anonymous).status == status)
    }

    @Test("A user has the rights that are listed for it, and no others")
    func listed() async throws {
        let rules = [
            "runner": [AccessRule(verbs: ["get"], groups: [""], resources: ["configmaps"], namespace: "default")]
        ]
        let server = try await TestServer(rules: rules)
        let user = UserInfo(name: "runner", groups: ["system:authenticated"])
        let configMap: JSONValue = ["metadata": ["name": "a"]]
        _ = await server.request("POST", "/api/v1/namespaces/default/configmaps", configMap)
        let path = "/api/v1/namespaces/default/configmaps"
        #expect(await server.request("GET", "\(path)/a", user: user).status == 200)
        let refused = await server.request("GET", path, user: user)
        #expect(refused.status == 403)
        #expect(
            refused.body["message"]
                == "configmaps is forbidden: User \"runner\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\""
        )
        #expect(await server.request("DELETE", "\(path)/a", user: user).status == 403)
        #expect(await server.request("GET", "/api/v1/namespaces/kube-system/configmaps/a", user: user).status == 403)
    }

    @Test("A user can ask what it may do")
    func review() async throws {
        let rules = ["runner": [AccessRule(verbs: ["get"], groups: [""], resources: ["pods"])]]
        let server = try await TestServer(rules: rules)
        let user = UserInfo(name: "runner", groups: ["system:authenticated"])
        func isAllowed(_ verb: JSONValue) async -> JSONValue? {
            let review: JSONValue = [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": ["resourceAttributes": ["verb": verb, "resource": "pods", "namespace": "default"]],
            ]
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
            return await server.request("POST", path, review, user: user).body.value(at: "status", "allowed")
        }
        #expect(await isAllowed("get") == true)
        #expect(await isAllowed("delete") == false)
    }

    @Test(
        "Paths that lead nowhere, and methods that are not offered",
        arguments: [
            ("GET", "/api/v1/gremlins", 404, true), ("GET", "/api/v2/pods", 404, false),
            ("GET", "/apis/apps/v2/deployments", 404, false), ("GET", "/apis/apps/v1/deployments", 404, true),
            ("DELETE", "/api/v1/configmaps", 405, true), ("PUT", "/api/v1/namespaces/default/configmaps", 405, true),
            ("GET", "/api/v1/pods/a", 404, true), ("GET", "/api/v1/namespaces/default/nodes", 404, true),
        ]
    )
    func nowhere(method: String, path: String, status: Int, isStatus: Bool) async throws {
        let server = try await TestServer()
        let answer = await server.request(method, path, method == "GET" ? nil : .object([:]))
        #expect(answer.status == status)
        #expect((answer.body["kind"] == "Status") == isStatus)
    }
}
