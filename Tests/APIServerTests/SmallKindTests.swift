import APIMachinery

import Testing

/// What Nodes, Namespaces, Secrets and the logs of Pods may say, as `pkg/apis/core/validation` of 1.36 has it.
@Suite struct SmallKindTests {
    private static let nodes = "/api/v1/nodes"
    private static let merge = "application/merge-patch+json"

    private func fields(_ body: JSONValue) -> [String] {
        (body["details"]?["causes"]?.arrayValue ?? []).map { $0["field"]?.stringValue ?? "" }
    }

    @Test(
        "A new node",
        arguments: [
            (["spec": ["podCIDR": "x"]], ["spec.podCIDRs[0]"]),
            (["spec": ["podCIDRs": ["10.0.0.0/24", "10.1.0.0/24"]]], ["spec.podCIDRs"]),
            (["spec": ["podCIDRs": ["10.0.0.0/24", "fd00::/64"]]], []),
            (["status": ["capacity": ["cpu": "-1"], "allocatable": ["cpu": "1"]]], ["status.capacity.cpu"]),
            (["status": ["capacity": ["pods": "10"], "allocatable": ["pods": "1500m"]]], ["status.allocatable.pods"]),
            (["spec": ["taints": [["key": "a"]]]], ["metadata.taints[0].effect"]),
        ] as [(JSONValue, [String])]
    )
    func newNode(_ node: JSONValue, _ expected: [String]) async throws {
        var node = node
        node["metadata"] = ["name": "n"]
        let answer = await (try TestServer()).request("POST", Self.nodes, node)
        #expect(answer.status == (expected.isEmpty ? 201 : 422))
        #expect(fields(answer.body) == expected)
    }

    @Test(
        "A changed node",
        arguments: [
            ("", ["spec": ["podCIDR": "10.1.0.0/24"]], ["spec.podCIDRs"]), ("", ["spec": ["podCIDR": .null]], []),
            ("", ["spec": ["providerID": "q"]], ["spec.providerID"]),
            ("", ["spec": ["externalID": "q"]], ["spec.externalID"]), ("", ["spec": ["unschedulable": true]], []),
            // Taints of a changed node are looked at twice.
            (
                "", ["spec": ["taints": [["key": "a", "effect": "x"]]]],
                ["metadata.taints[0].effect", "metadata.taints[0].effect"]
            ),
            ("/status", ["status": ["capacity": ["cpu": "-1"], "allocatable": ["cpu": "1"]]], ["status.capacity.cpu"]),
            (
                "/status",
                ["status": ["addresses": [["type": "A", "address": "1"], ["type": "A", "address": "1"]]]],
                ["status.addresses[1]"]
            ), ("/status", ["status": ["capacity": ["cpu": "8"]], "spec": ["providerID": "q"]], []),
        ] as [(String, JSONValue, [String])]
    )
    func changedNode(_ subresource: String, _ patch: JSONValue, _ expected: [String]) async throws {
        let server = try await TestServer()
        let node: JSONValue = ["metadata": ["name": "n"], "spec": ["podCIDR": "10.0.0.0/24", "providerID": "p"]]
        #expect(await server.request("POST", Self.nodes, node).body["spec"]?["podCIDRs"] == ["10.0.0.0/24"])
        let answer = await server.request("PATCH", "\(Self.nodes)/n\(subresource)", patch, type: Self.merge)
        #expect(answer.status == (expected.isEmpty ? 200 : 422))
        #expect(fields(answer.body) == expected)
        if expected.isEmpty { #expect(answer.body["spec"]?["podCIDR"] == "10.0.0.0/24") }
    }

    @Test("The phase of a namespace is what its deletion says, and Active where nothing is said")
    func phase() async throws {
        let server = try await TestServer()
        func patch(_ status: JSONValue) async -> (status: Int, body: JSONValue) {
            await server.request("PATCH", "/api/v1/namespaces/a/status", ["status": status], type: Self.merge)
        }
        let body: JSONValue = ["metadata": ["name": "a", "finalizers": ["test.example/wait"]]]
        #expect(await server.request("POST", "/api/v1/namespaces", body).status == 201)
        #expect(fields(await patch(["phase": "Terminating"]).body) == ["status.Phase"])
        #expect(await patch(.null).body["status"] == ["phase": "Active"])
        #expect(await server.request("DELETE", "/api/v1/namespaces/a").status == 200)
        #expect(fields(await patch(["phase": "Active"]).body) == ["status.Phase"])
        #expect(await patch(["phase": "Terminating"]).status == 200)
    }

    @Test("A Secret holds at most a mebibyte, whatever its encoding takes", arguments: [0, 1])
    func secretSize(excess: Int) async throws {
        let text = String(repeating: "x", count: 1 << 20 + excess)
        let answer = await (try TestServer()).request(
            "POST",
            "/api/v1/namespaces/default/secrets",
            ["metadata": ["name": "a"], "stringData": ["k": .string(text)]]
        )
        #expect(answer.status == (excess == 0 ? 201 : 422))
        #expect(fields(answer.body) == (excess == 0 ? [] : ["data"]))
    }

    @Test(
        "What is asked of a log is looked at before the Pod",
        arguments: [
            ("tailLines=-1", 422, ["tailLines"]), ("tailLines=x", 400, []), ("limitBytes=0", 422, ["limitBytes"]),
            ("sinceSeconds=0", 422, ["sinceSeconds"]), ("sinceTime=x", 400, []),
            ("sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z", 422, ["[]"]), ("tailLines=0&sinceSeconds=1", 404, []),
        ]
    )
    func log(_ query: String, _ status: Int, _ expected: [String]) async throws {
        let answer = await (try TestServer()).request("GET", "/api/v1/namespaces/default/pods/none/log?\(query)")
        #expect(answer.status == status)
        #expect(fields(answer.body) == expected)
    }
}
