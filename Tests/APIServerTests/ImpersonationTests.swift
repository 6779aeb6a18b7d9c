import APIMachinery
import AccessControl
import GenericAPIServer
import HTTPServing
import KubeAPIServer
import Testing

/// Acting as somebody else.
@Suite struct ImpersonationTests {
    private static func ask(
        _ server: TestServer,
        as fields: [(String, String)],
        by user: UserInfo
    ) async -> (status: Int, body: JSONValue) {
        var request = APIRequest(
            method: "POST",
            path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            headers: ["content-type": "application/json"],
            body: Array("{}".utf8),
            user: user
        )
        request.impersonation = fields.map { HeaderField(name: "impersonate-\($0.0)", value: $0.1) }
        let response = await server.server.respond(to: request)
        guard case .bytes(let bytes) = response.body else { return (response.status, .null) }
        return (response.status, (try? JSONValue(parsing: bytes)) ?? .null)
    }

    @Test(
        "An administrator becomes whom the headers name",
        arguments: [
            ([("user", "jane")], ["username": "jane", "groups": ["system:authenticated"]]),
            (
                [("user", "jane"), ("group", "cn=a,dc=b"), ("group", "c")],
                ["username": "jane", "groups": ["cn=a,dc=b", "c", "system:authenticated"]]
            ),
            (
                [("user", "system:serviceaccount:n:bot")],
                [
                    "username": "system:serviceaccount:n:bot",
                    "groups": ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"],
                ]
            ),
            (
                [("user", "jane"), ("uid", "7"), ("extra-a%2fb", "x"), ("extra-a%2fb", "y")],
                ["username": "jane", "uid": "7", "groups": ["system:authenticated"], "extra": ["a/b": ["x", "y"]]]
            ),
        ] as [([(String, String)], JSONValue)]
    )
    func administrator(fields: [(String, String)], user: JSONValue) async throws {
        let server = try await TestServer()
        let answer = await Self.ask(server, as: fields, by: TestServer.administrator)
        #expect(answer.status == 201, "\(answer.body)")
        #expect(answer.body.value(at: "status", "userInfo") == user)
    }

    @Test("Rights are those of the other, not one's own")
    func rights() async throws {
        let server = try await TestServer()
        var request = APIRequest(method: "GET", path: "/api/v1/secrets", user: TestServer.administrator)
        request.impersonation = [HeaderField(name: "impersonate-user", value: "jane")]
        #expect(await server.server.respond(to: request).status == 403)
        request.impersonation = [HeaderField(name: "impersonate-user", value: "system:anonymous")]
        request.path = "/api"
        #expect(await server.server.respond(to: request).status == 403)
    }

    @Test(
        "Who may not is refused for the first thing that is missing",
        arguments: [
            ([("user", "jane")], 201, ""),
            (
                [("user", "joe")], 403,
                "users \"joe\" is forbidden: User \"lead\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
            ),
            (
                [("user", "jane"), ("group", "system:masters")], 403,
                "groups \"system:masters\" is forbidden: User \"lead\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope"
            ),
            ([("user", "jane"), ("group", "devs")], 201, ""),
            (
                [("user", "system:serviceaccount:n:bot")], 403,
                "serviceaccounts \"bot\" is forbidden: User \"lead\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"n\""
            ),
            (
                [("user", "jane"), ("extra-scopes", "x")], 403,
                "userextras.authentication.k8s.io \"x\" is forbidden: User \"lead\" cannot impersonate resource \"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster scope"
            ),
            (
                [("user", "jane"), ("uid", "1")], 403,
                "uids.authentication.k8s.io \"1\" is forbidden: User \"lead\" cannot impersonate resource \"uids\" in API group \"authentication.k8s.io\" at the cluster scope"
            ),
            ([("group", "devs")], 400, "requested [{Group  devs    }] without impersonating a user"),
        ] as [([(String, String)], Int, String)]
    )
    func refused(fields: [(String, String)], status: Int, message: String) async throws {
        let group = "rbac.authorization.k8s.io"
        let server = try await TestServer(roles: [
            [
                "apiVersion": .string("\(group)/v1"), "kind": "ClusterRole", "metadata": ["name": "lead"],
                "rules": [
                    ["verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["jane"]],
                    ["verbs": ["impersonate"], "apiGroups": [""], "resources": ["groups"], "resourceNames": ["devs"]],
                ],
            ],
            [
                "apiVersion": .string("\(group)/v1"), "kind": "ClusterRoleBinding", "metadata": ["name": "lead"],
                "roleRef": ["apiGroup": .string(group), "kind": "ClusterRole", "name": "lead"],
                "subjects": [["apiGroup": .string(group), "kind": "User", "name": "lead"]],
            ],
        ])
        let lead = UserInfo(name: "lead", groups: ["system:authenticated"])
        let answer = await Self.ask(server, as: fields, by: lead)
        #expect(answer.status == status, "\(answer.body)")
        if !message.isEmpty { #expect(answer.body["message"]?.stringValue == message) }
    }
}
