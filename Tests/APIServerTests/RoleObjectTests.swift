import APIMachinery
import AccessControl
import Storage
import Testing

/// Roles and bindings as objects: what is refused, what is filled in, what is kept current.
@Suite struct RoleObjectTests {
    private static let base = AccessTests.rbac
    private static let here = "\(base)/namespaces/default"

    @Test(
        "Invalid roles and bindings, in the words of Kubernetes",
        arguments: [
            (
                "\(here)/roles", ["rules": [["verbs": []]]],
                "[rules[0].verbs: Required value: verbs must contain at least one value, rules[0].apiGroups: Required value: resource rules must supply at least one api group, rules[0].resources: Required value: resource rules must supply at least one resource]"
            ),
            (
                "\(here)/roles", ["rules": [["verbs": ["get"], "nonResourceURLs": ["/a"]]]],
                "rules[0].nonResourceURLs: Invalid value: [\"/a\"]: namespaced rules cannot apply to non-resource URLs"
            ),
            (
                "\(base)/clusterroles",
                ["rules": [["verbs": ["get"], "nonResourceURLs": ["/a"], "resources": ["pods"], "apiGroups": [""]]]],
                "rules[0].nonResourceURLs: Invalid value: [\"/a\"]: rules cannot apply to both regular resources and non-resource URLs"
            ),
            (
                "\(base)/clusterroles", ["aggregationRule": .object([:])],
                "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
            ),
            (
                "\(here)/rolebindings", ["roleRef": ["kind": "Frob", "name": "x"]],
                "roleRef.kind: Unsupported value: \"Frob\": supported values: \"Role\", \"ClusterRole\""
            ),
            (
                "\(base)/clusterrolebindings", ["roleRef": ["kind": "Role", "name": "x"]],
                "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\""
            ),
            (
                "\(base)/clusterrolebindings",
                [
                    "roleRef": ["kind": "ClusterRole", "name": "x"],
                    "subjects": [["kind": "ServiceAccount", "name": "bot"]],
                ],
                "subjects[0].namespace: Required value"
            ),
            (
                "\(here)/rolebindings",
                ["roleRef": ["kind": "ClusterRole", "name": ""], "subjects": [["kind": "Robot", "name": "bot"]]],
                "[roleRef.name: Required value, subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\"]"
            ),
            (
                "\(here)/rolebindings",
                [
                    "roleRef": ["kind": "ClusterRole", "name": "x"],
                    "subjects": [["kind": "User", "name": "a", "apiGroup": "frob.io"]],
                ],
                "subjects[0].apiGroup: Unsupported value: \"frob.io\": supported values: \"rbac.authorization.k8s.io\""
            ),
        ] as [(String, JSONValue, String)]
    )
    func invalid(path: String, body: JSONValue, message: String) async throws {
        let server = try await TestServer()
        var body = body
        body["metadata"] = ["name": "x"]
        let answer = await server.request("POST", path, body)
        #expect(answer.status == 422)
        #expect(
            answer.body["message"]?.stringValue?.hasSuffix("\"x\" is invalid: \(message)") == true,
            "\(answer.body)"
        )
    }

    @Test("Groups are filled in; the role of a binding cannot be changed; names may have colons")
    func bindings() async throws {
        let server = try await TestServer()
        let binding: JSONValue = [
            "metadata": ["name": "a:b"], "roleRef": ["kind": "ClusterRole", "name": "view"],
            "subjects": [["kind": "User", "name": "u"], ["kind": "ServiceAccount", "name": "s", "namespace": "n"]],
        ]
        let created = await server.request("POST", "\(Self.here)/rolebindings", binding).body
        #expect(created.value(at: "roleRef", "apiGroup") == "rbac.authorization.k8s.io")
        #expect(created["subjects"]?[0]?["apiGroup"] == "rbac.authorization.k8s.io")
        #expect(created["subjects"]?[1]?["apiGroup"] == nil)
        let changed = await server.request(
            "PATCH",
            "\(Self.here)/rolebindings/a:b",
            ["roleRef": ["name": "edit"]],
            type: "application/merge-patch+json"
        )
        #expect(changed.status == 422)
        #expect(changed.body["message"]?.stringValue?.hasSuffix("cannot change roleRef") == true)
    }

    @Test("Nobody grants what they do not have, unless they may escalate or bind")
    func escalation() async throws {
        let server = try await TestServer()
        let user = UserInfo(name: "dave", groups: ["devs", "system:authenticated"])
        let group = "rbac.authorization.k8s.io"
        func rules(_ more: [JSONValue] = []) -> JSONValue {
            .array(
                [
                    ["verbs": ["*"], "apiGroups": [.string(group)], "resources": ["rolebindings"]],
                    ["verbs": ["create", "update"], "apiGroups": [.string(group)], "resources": ["roles"]],
                    ["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]],
                ] + more
            )
        }
        await AccessTests.grant(server, rules(), to: "dave", in: "default")
        func role(_ name: String, _ verb: JSONValue) async -> (status: Int, body: JSONValue) {
            let body: JSONValue = [
                "metadata": ["name": .string(name)],
                "rules": [["verbs": [verb], "apiGroups": [""], "resources": ["pods"]]],
            ]
            return await server.request("POST", "\(Self.here)/roles", body, user: user)
        }
        #expect(await role("own", "get").status == 201)
        let refused = await role("more", "delete")
        #expect(refused.status == 403)
        #expect(
            refused.body["message"]
                == "roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"dave\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}"
        )
        let binding: JSONValue = [
            "metadata": ["name": "x"], "roleRef": ["kind": "ClusterRole", "name": "view"],
            "subjects": [["kind": "User", "name": "eve"]],
        ]
        // All verbs on bindings do not include `bind`, which is a verb on roles.
        #expect(await server.request("POST", "\(Self.here)/rolebindings", binding, user: user).status == 403)
        let path = "\(Self.here)/roles/dave"
        let more: JSONValue = [
            ["verbs": ["escalate"], "apiGroups": [.string(group)], "resources": ["roles"]],
            [
                "verbs": ["bind"], "apiGroups": [.string(group)], "resources": ["clusterroles"],
                "resourceNames": ["view"],
            ],
        ]
        let granted: JSONValue = ["metadata": ["name": "dave"], "rules": rules(more.arrayValue ?? [])]
        #expect(await server.request("PUT", path, granted).status == 200)
        #expect(await role("more", "delete").status == 201)
        #expect(await server.request("POST", "\(Self.here)/rolebindings", binding, user: user).status == 201)
        var other = binding
        other.set("y", at: ["metadata", "name"])
        other.set("edit", at: ["roleRef", "name"])
        #expect(await server.request("POST", "\(Self.here)/rolebindings", other, user: user).status == 403)
        other.set("nope", at: ["roleRef", "name"])
        #expect(await server.request("POST", "\(Self.here)/rolebindings", other, user: user).status == 404)
    }

    @Test("The roles that a server begins with are mended at its start, except where somebody forbids it")
    func bootstrap() async throws {
        let store = MemoryObjectStore()
        let first = try await TestServer(store: store)
        func rules(_ server: TestServer, _ role: String) async -> [JSONValue] {
            await server.request("GET", "\(Self.base)/clusterroles/\(role)").body["rules"]?.arrayValue ?? []
        }
        let intact = await rules(first, "system:basic-user")
        #expect(intact.count == 2)
        let view = await rules(first, "view")
        #expect(view == (await rules(first, "system:aggregate-to-view")), "gathered before the first request")
        #expect(await rules(first, "edit").count > view.count, "edit has all of view")

        for role in ["system:basic-user", "system:discovery"] {
            let path = "\(Self.base)/clusterroles/\(role)"
            var object = await first.request("GET", path).body
            object["rules"] = [["verbs": ["get"], "nonResourceURLs": ["/mine"]]]
            if role == "system:discovery" {
                object.set(
                    "false",
                    at: ["metadata", "annotations", "rbac.authorization.kubernetes.io/autoupdate"]
                )
            }
            #expect(await first.request("PUT", path, object).status == 200)
        }
        let second = try await TestServer(store: store)
        #expect(await rules(second, "system:basic-user").count == 4, "three rights mended, one added by somebody")
        #expect(await rules(second, "system:discovery").count == 1, "left alone")
        let third = try await TestServer(store: store)
        let version = await second.request("GET", "\(Self.base)/clusterroles/system:basic-user").body
        let later = await third.request("GET", "\(Self.base)/clusterroles/system:basic-user").body
        #expect(version == later, "a start with nothing to mend writes nothing")
    }
}
