import APIMachinery
import AccessControl
import Testing

/// What a node may read.
@Suite struct NodeAuthorizerTests {
    private static let one = UserInfo(name: "system:node:one", groups: ["system:nodes", "system:authenticated"])
    private static let two = UserInfo(name: "system:node:two", groups: ["system:nodes", "system:authenticated"])
    private static let core = "/api/v1/namespaces/default"

    private static func pod(_ name: String) -> JSONValue {
        [
            "metadata": ["name": .string(name)],
            "spec": [
                "containers": [
                    [
                        "name": "c", "image": "busybox",
                        "env": [
                            ["name": "A", "valueFrom": ["secretKeyRef": ["name": "used", "key": "k"]]],
                            ["name": "B", "valueFrom": ["configMapKeyRef": ["name": "settings", "key": "k"]]],
                        ],
                        "envFrom": [["secretRef": ["name": "whole"]]],
                    ]
                ]
            ],
        ]
    }

    private static func bind(_ server: TestServer, _ pod: String, to node: String) async -> Int {
        await server.request(
            "POST",
            "\(core)/pods/\(pod)/binding",
            [
                "apiVersion": "v1", "kind": "Binding", "metadata": ["name": .string(pod)],
                "target": ["name": .string(node)],
            ]
        ).status
    }

    @Test("A node reads what Pods bound to it refer to, as long as they are there")
    func graph() async throws {
        let server = try await TestServer()
        for name in ["used", "whole", "other"] {
            let made = await server.request("POST", "\(Self.core)/secrets", ["metadata": ["name": .string(name)]])
            #expect(made.status == 201)
        }
        _ = await server.request("POST", "\(Self.core)/configmaps", ["metadata": ["name": "settings"]])
        for pod in ["a", "b"] {
            #expect(await server.request("POST", "\(Self.core)/pods", Self.pod(pod)).status == 201)
        }
        func get(_ path: String, _ user: UserInfo = Self.one) async -> Int {
            await server.request("GET", "\(Self.core)/\(path)", user: user).status
        }
        // A Pod that is bound to no node opens nothing.
        #expect(await get("secrets/used") == 403)
        for pod in ["a", "b"] { #expect(await Self.bind(server, pod, to: "one") == 201) }
        for path in ["secrets/used", "secrets/whole", "configmaps/settings"] {
            #expect(await get(path) == 200)
            #expect(await get(path, Self.two) == 403)
        }
        #expect(await get("secrets?fieldSelector=metadata.name%3Dused") == 200)
        #expect(await get("secrets") == 403)
        let refused = await server.request("GET", "\(Self.core)/secrets/other", user: Self.one)
        #expect(refused.status == 403)
        #expect(
            refused.body["message"]?.stringValue?
                .hasSuffix(
                    "in the namespace \"default\": no relationship found between node 'one' and this object"
                ) == true
        )
        #expect(await server.request("DELETE", "\(Self.core)/secrets/used", user: Self.one).status == 403)
        // The last Pod that refers to an object takes the right along.
        _ = await server.request("DELETE", "\(Self.core)/pods/a?gracePeriodSeconds=0")
        #expect(await get("secrets/used") == 200)
        _ = await server.request("DELETE", "\(Self.core)/pods/b?gracePeriodSeconds=0")
        #expect(await get("secrets/used") == 403)
    }

    @Test("No role lets a node read more")
    func roles() async throws {
        let server = try await TestServer()
        _ = await server.request("POST", "\(Self.core)/secrets", ["metadata": ["name": "other"]])
        let rules: JSONValue = [["verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]]]
        await AccessTests.grant(server, rules, to: Self.one.name, in: "default")
        #expect(await server.request("GET", "\(Self.core)/secrets/other", user: Self.one).status == 403)
    }
}
