import APIMachinery
import AccessControl
import HTTPServing
import Testing

/// Who may do what.
@Suite struct AccessTests {
    static let rbac = "/apis/rbac.authorization.k8s.io/v1"

    private static func user(_ name: String, _ groups: String...) -> UserInfo {
        UserInfo(name: name, groups: groups + ["system:authenticated"])
    }

    /// Makes a role in a namespace and binds it to a user.
    static func grant(_ server: TestServer, _ rules: JSONValue, to user: String, in namespace: String) async {
        let place = "\(rbac)/namespaces/\(namespace)"
        let role = await server.request(
            "POST",
            "\(place)/roles",
            ["metadata": ["name": .string(user)], "rules": rules]
        )
        #expect(role.status == 201, "\(role.body)")
        let binding = await server.request(
            "POST",
            "\(place)/rolebindings",
            [
                "metadata": ["name": .string(user)], "roleRef": ["kind": "Role", "name": .string(user)],
                "subjects": [["kind": "User", "name": .string(user)]],
            ]
        )
        #expect(binding.status == 201, "\(binding.body)")
    }

    @Test(
        "An anonymous caller gets the probes and the version and nothing else",
        arguments: [
            ("/livez", 200), ("/readyz", 200), ("/healthz", 200), ("/version", 200), ("/livez/ping", 403),
            ("/api", 403), ("/apis", 403), ("/openapi/v3", 403), ("/api/v1/namespaces", 403), ("/nonsense", 403),
            ("/api/v1/gremlins", 403),
        ]
    )
    func anonymous(path: String, status: Int) async throws {
        let server = try await TestServer()
        #expect(await server.respond("GET", path, user: .anonymous).status == status)
    }

    @Test("A user has the rights of the roles that are bound to it, from the next request on, and no others")
    func bound() async throws {
        let server = try await TestServer()
        let user = Self.user("runner")
        let path = "/api/v1/namespaces/default/configmaps"
        _ = await server.request("POST", path, ["metadata": ["name": "a"]])
        #expect(await server.request("GET", "\(path)/a", user: user).status == 403)
        let rules: JSONValue = [["verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]]]
        await Self.grant(server, rules, to: "runner", in: "default")
        #expect(await server.request("GET", "\(path)/a", user: user).status == 200)
        let refused = await server.request("GET", path, user: user)
        #expect(refused.status == 403)
        #expect(
            refused.body["message"]
                == "configmaps is forbidden: User \"runner\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\""
        )
        #expect(await server.request("DELETE", "\(path)/a", user: user).status == 403)
        #expect(await server.request("GET", "/api/v1/namespaces/kube-system/configmaps/a", user: user).status == 403)
        let gone = await server.request("DELETE", "\(Self.rbac)/namespaces/default/rolebindings/runner")
        #expect(gone.status == 200)
        #expect(await server.request("GET", "\(path)/a", user: user).status == 403)
    }

    @Test("Who may only patch cannot make an object by applying it")
    func applyCreates() async throws {
        let server = try await TestServer()
        let user = Self.user("applier")
        let rules: JSONValue = [["verbs": ["patch"], "apiGroups": [""], "resources": ["configmaps"]]]
        await Self.grant(server, rules, to: "applier", in: "default")
        func apply(_ value: JSONValue) async -> (status: Int, body: JSONValue) {
            await server.request(
                "PATCH",
                "/api/v1/namespaces/default/configmaps/a?fieldManager=m",
                ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": ["k": value]],
                type: "application/apply-patch+yaml",
                user: user
            )
        }
        let refused = await apply("1")
        #expect(refused.status == 403)
        #expect(
            refused.body["message"]
                == "configmaps \"a\" is forbidden: User \"applier\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\""
        )
        _ = await server.request("POST", "/api/v1/namespaces/default/configmaps", ["metadata": ["name": "a"]])
        #expect(await apply("1").status == 200)
    }

    @Test("Who may see one object by name may list and watch it by that name")
    func listByName() async throws {
        let server = try await TestServer()
        let rules: JSONValue = [
            ["verbs": ["list"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"]]
        ]
        await Self.grant(server, rules, to: "jane", in: "default")
        let path = "/api/v1/namespaces/default/configmaps"
        #expect(await server.request("GET", path, user: Self.user("jane")).status == 403)
        let named = await server.request("GET", "\(path)?fieldSelector=metadata.name%3Da", user: Self.user("jane"))
        #expect(named.status == 200)
        let other = await server.request("GET", "\(path)?fieldSelector=metadata.name%3Db", user: Self.user("jane"))
        #expect(other.body["message"]?.stringValue?.hasPrefix("configmaps \"b\" is forbidden") == true)
    }

    @Test("A missing role is named in the refusal")
    func missingRole() async throws {
        let server = try await TestServer()
        let binding: JSONValue = [
            "metadata": ["name": "x"], "roleRef": ["kind": "ClusterRole", "name": "gone"],
            "subjects": [["kind": "Group", "name": "devs"]],
        ]
        #expect(await server.request("POST", "\(Self.rbac)/clusterrolebindings", binding).status == 201)
        let answer = await server.request("GET", "/api/v1/pods", user: Self.user("jane", "devs"))
        #expect(
            answer.body["message"]
                == "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found"
        )
    }

    @Test(
        "Reviews: about oneself, about others, about a namespace",
        arguments: [
            (
                "selfsubjectaccessreviews",
                ["resourceAttributes": ["verb": "get", "resource": "pods", "namespace": "default"]], 201, true
            ),
            ("selfsubjectaccessreviews", ["resourceAttributes": ["verb": "get", "resource": "pods"]], 201, false),
            ("selfsubjectaccessreviews", ["nonResourceAttributes": ["verb": "get", "path": "/apis/x"]], 201, true),
            ("selfsubjectaccessreviews", .object([:]), 422, nil),
            ("subjectaccessreviews", ["resourceAttributes": ["verb": "get", "resource": "pods"]], 403, nil),
        ] as [(String, JSONValue, Int, Bool?)]
    )
    func review(plural: String, spec: JSONValue, status: Int, isAllowed: Bool?) async throws {
        let server = try await TestServer()
        let rules: JSONValue = [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]]
        await Self.grant(server, rules, to: "jane", in: "default")
        let path = "/apis/authorization.k8s.io/v1/\(plural)"
        let answer = await server.request("POST", path, ["spec": spec], user: Self.user("jane"))
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.body.value(at: "status", "allowed")?.boolValue == isAllowed)
        guard isAllowed == true, spec["resourceAttributes"] != nil else { return }
        #expect(
            answer.body.value(at: "status", "reason")
                == "RBAC: allowed by RoleBinding \"jane/default\" of Role \"jane\" to User \"jane\""
        )
    }

    @Test("Others' rights are reviewed by user and group, in a namespace only if it is the object's")
    func otherReviews() async throws {
        let server = try await TestServer()
        let rules: JSONValue = [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]]
        await Self.grant(server, rules, to: "jane", in: "default")
        let attributes: JSONValue = ["verb": "get", "resource": "pods", "namespace": "default"]
        let path = "/apis/authorization.k8s.io/v1"
        let asked = await server.request(
            "POST",
            "\(path)/subjectaccessreviews",
            ["spec": ["user": "jane", "resourceAttributes": attributes]]
        )
        #expect(asked.body.value(at: "status", "allowed") == true)
        let nobody = await server.request(
            "POST",
            "\(path)/subjectaccessreviews",
            ["spec": ["resourceAttributes": attributes]]
        )
        #expect(
            nobody.body["message"]?.stringValue?.contains("at least one of user or group must be specified") == true
        )
        let local = await server.request(
            "POST",
            "\(path)/namespaces/default/localsubjectaccessreviews",
            [
                "metadata": ["namespace": "default"],
                "spec": ["user": "jane", "resourceAttributes": attributes],
            ]
        )
        #expect(local.status == 201 && local.body.value(at: "status", "allowed") == true, "\(local.body)")
        let elsewhere = await server.request(
            "POST",
            "\(path)/namespaces/kube-system/localsubjectaccessreviews",
            [
                "metadata": ["namespace": "kube-system"],
                "spec": ["user": "jane", "resourceAttributes": attributes],
            ]
        )
        #expect(elsewhere.status == 422)
    }

    @Test("The rules review lists what a user may do where")
    func rulesReview() async throws {
        let server = try await TestServer()
        let rules: JSONValue = [
            ["verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]]
        ]
        await Self.grant(server, rules, to: "jane", in: "default")
        let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
        let here = await server.request("POST", path, ["spec": ["namespace": "default"]], user: Self.user("jane"))
        #expect(here.body.value(at: "status", "resourceRules")?.arrayValue?.contains(rules[0] ?? .null) == true)
        let there = await server.request("POST", path, ["spec": ["namespace": "kube-system"]], user: Self.user("jane"))
        #expect(there.body.value(at: "status", "resourceRules")?.arrayValue?.contains(rules[0] ?? .null) == false)
    }

    @Test(
        "Paths that lead nowhere, and methods that are not offered",
        arguments: [
            ("GET", "/api/v1/gremlins", 404, true), ("GET", "/api/v2/pods", 404, true),
            ("GET", "/apis/apps/v2/deployments", 404, true), ("GET", "/apis/apps/v1/gremlins", 404, true),
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
