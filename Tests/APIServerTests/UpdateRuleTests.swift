import APIMachinery
import HTTPServing
import Testing

/// What an update or a patch may not change, how it is refused, and which refusal comes first: as the handlers, the
/// registry and the strategies of kube-apiserver 1.36 have it.
@Suite struct UpdateRuleTests {
    static let configMaps = "/api/v1/namespaces/default/configmaps"

    private func server() async throws -> TestServer {
        let server = try await TestServer()
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        #expect(await server.request("POST", definitions, TestServer.definition).status == 201)
        #expect(await server.request("POST", TestServer.things, TestServer.thing("a")).status == 201)
        let map: JSONValue = ["metadata": ["name": "a"], "data": ["k": "v"]]
        #expect(await server.request("POST", Self.configMaps, map).status == 201)
        return server
    }

    private static let merge = "application/merge-patch+json"
    private static let strategic = "application/strategic-merge-patch+json"
    private static let json = "application/json-patch+json"
    private static let apply = "application/apply-patch+yaml"

    private func fields(_ body: JSONValue) -> [String] {
        (body["details"]?["causes"]?.arrayValue ?? []).map { $0["field"]?.stringValue ?? "" }
    }

    @Test(
        "A patch to a built-in object",
        arguments: [
            // What is fixed is refused once by the server and once by the kind.
            (merge, ["metadata": ["uid": "other"]], 422, ["metadata.uid", "metadata.uid"]),
            (strategic, ["metadata": ["uid": "other"]], 422, ["metadata.uid", "metadata.uid"]),
            (
                merge, ["metadata": ["deletionGracePeriodSeconds": 5]], 422,
                ["metadata.deletionGracePeriodSeconds", "metadata.deletionGracePeriodSeconds"]
            ),
            (merge, ["metadata": ["uid": .null]], 200, []),
            (merge, ["metadata": ["creationTimestamp": "2020-01-01T00:00:00Z"]], 200, []),
            // The result of a merge patch is read anew, that of a strategic one is not.
            (merge, ["apiVersion": "v2"], 422, ["patch"]), (strategic, ["apiVersion": "v2"], 200, []),
            (merge, ["kind": "Secret"], 422, ["patch"]), (strategic, ["kind": "Secret"], 200, []),
            (merge, ["kind": .null], 200, []), (merge, ["apiVersion": .null], 400, []),
            (merge, ["metadata": ["resourceVersion": .null]], 200, []),
            (merge, ["metadata": ["resourceVersion": "1"]], 409, []),
            (merge, ["metadata": ["resourceVersion": "x"]], 500, []),
            (merge, ["metadata": ["name": .null]], 400, []), (merge, ["metadata": ["namespace": .null]], 200, []),
            (merge, ["metadata": ["namespace": "b"]], 400, []),
            // The version is looked at before what the patch changes.
            (merge, ["metadata": ["uid": "other", "resourceVersion": "1"]], 409, []),
            (merge, ["metadata": ["labels": ["b b": ""]]], 422, Array(repeating: "metadata.labels", count: 4)),
            (
                merge, ["metadata": ["finalizers": ["loose"]]], 422,
                ["metadata.finalizers[0]", "metadata.finalizers[0]"]
            ),
            (json, [["op": "replace", "path": "/metadata/uid", "value": "q"]], 422, ["metadata.uid", "metadata.uid"]),
        ] as [(String, JSONValue, Int, [String])]
    )
    func builtIn(_ type: String, _ patch: JSONValue, _ status: Int, _ expected: [String]) async throws {
        let server = try await server()
        let answer = await server.request("PATCH", "\(Self.configMaps)/a", patch, type: type)
        #expect(answer.status == status)
        #expect(fields(answer.body) == expected)
    }

    @Test(
        "A patch to a custom resource",
        arguments: [
            (["metadata": ["uid": "other"]], 422, ["metadata.uid", "metadata.uid"]),
            (["metadata": ["resourceVersion": .null]], 422, ["metadata.resourceVersion"]),
            (["metadata": ["resourceVersion": "1"]], 409, []), (["apiVersion": "test.example/v2"], 422, ["apiVersion"]),
            (["apiVersion": "other/v1", "kind": "Other"], 422, ["kind", "apiVersion"]),
            (["kind": .null], 422, ["patch"]), (["apiVersion": .null], 500, [""]),
            (["apiVersion": 5], 422, ["patch"]), (["kind": true], 422, ["patch"]),
            (["metadata": ["labels": ["b b": ""]]], 422, Array(repeating: "metadata.labels", count: 3)),
        ] as [(JSONValue, Int, [String])]
    )
    func custom(_ patch: JSONValue, _ status: Int, _ expected: [String]) async throws {
        let server = try await server()
        let answer = await server.request("PATCH", "\(TestServer.things)/a", patch, type: Self.merge)
        #expect(answer.status == status)
        #expect(fields(answer.body) == expected)
    }

    @Test("A patch to the status leaves the rest as it is, type and identifier too")
    func status() async throws {
        let server = try await server()
        let patch: JSONValue = ["kind": "Other", "metadata": ["uid": "other"], "status": ["phase": "Done"]]
        let answer = await server.request("PATCH", "\(TestServer.things)/a/status", patch, type: Self.merge)
        #expect(answer.status == 200)
        #expect(answer.body["kind"] == "Thing")
        #expect(answer.body["metadata"]?["uid"] != "other")
        #expect(answer.body["status"]?["phase"] == "Done")
    }

    @Test("A replacement of another identifier is a conflict before its version is looked at")
    func replacement() async throws {
        let server = try await server()
        let body: JSONValue = ["metadata": ["name": "a", "uid": "other"]]
        let answer = await server.request("PUT", "\(Self.configMaps)/a", body)
        #expect(answer.status == 409)
        #expect(answer.body["message"]?.stringValue?.contains("UID in precondition: other") == true)
        let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
        let absent = await server.request("PUT", "\(leases)/b", ["metadata": ["name": "b", "uid": "other"]])
        #expect(absent.status == 409)
        // Whoever replaces what is not there makes it, whatever version it had, and owns its fields.
        let made = await server.request(
            "PUT",
            "\(leases)/b",
            ["metadata": ["name": "b", "resourceVersion": "5"], "spec": ["holderIdentity": "x"]]
        )
        #expect(made.status == 201)
        let entry = made.body["metadata"]?["managedFields"]?.arrayValue?.first
        #expect(entry?["operation"] == "Update")
        #expect(entry?["manager"] == "test")
    }

    @Test("An applied configuration is merged before its name is held against the path")
    func applied() async throws {
        let server = try await server()
        let unnamed: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "data": ["n": "1"]]
        let path = "\(Self.configMaps)/a?fieldManager=m"
        #expect(await server.request("PATCH", path, unnamed, type: Self.apply).status == 200)
        let absent = await server.request(
            "PATCH",
            "\(Self.configMaps)/b?fieldManager=m",
            unnamed,
            type: Self.apply
        )
        #expect(absent.status == 400)
        let other: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "uid": "q"]]
        let refused = await server.request("PATCH", path, other, type: Self.apply)
        #expect(refused.status == 422)
        #expect(fields(refused.body) == ["metadata.uid", "metadata.uid"])
    }

    @Test(
        "A configuration of another type is refused by the name of the type",
        arguments: [
            (["apiVersion": "v2", "kind": "ConfigMap"], "/v2, Kind=ConfigMap"),
            (["apiVersion": "apps/v1", "kind": "ConfigMap"], "apps/v1, Kind=ConfigMap"),
            (["kind": "ConfigMap"], "/, Kind=ConfigMap"), (["apiVersion": "v1"], "/v1, Kind="),
            (["apiVersion": "a/b/c", "kind": "ConfigMap"], "/, Kind="), (.null, "/, Kind="),
        ] as [(JSONValue, String)]
    )
    func otherType(_ configuration: JSONValue, _ type: String) async throws {
        let server = try await server()
        let answer = await server.request(
            "PATCH",
            "\(Self.configMaps)/a?fieldManager=m",
            configuration,
            type: Self.apply
        )
        #expect(answer.status == 400)
        #expect(answer.body["message"]?.stringValue == "invalid object type: \(type)")
    }

    @Test("A field that is not declared is refused under the name of the object and its type")
    func undeclared() async throws {
        let configuration: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "other": 1,
        ]
        let path = "\(Self.configMaps)/a?fieldManager=m"
        let answer = await (try server()).request("PATCH", path, configuration, type: Self.apply)
        #expect(answer.status == 500)
        #expect(answer.body["message"]?.stringValue?.contains("(/a; /v1, Kind=ConfigMap): .other: field not") == true)
    }

    @Test("A kind whose generation nobody counts keeps the one that it is made with")
    func generation() async throws {
        let server = try await server()
        func make(_ path: String, _ body: JSONValue) async -> (status: Int, body: JSONValue) {
            await server.request("POST", path, body)
        }
        let kept = await make(Self.configMaps, ["metadata": ["name": "b", "generation": 5]])
        #expect(kept.body["metadata"]?["generation"] == 5)
        let changed = await server.request(
            "PUT",
            "\(Self.configMaps)/b",
            ["metadata": ["name": "b", "generation": 7], "data": ["k": "v"]]
        )
        #expect(changed.body["metadata"]?["generation"] == 5)
        let none = await make(Self.configMaps, ["metadata": ["name": "c", "generation": 0]])
        #expect(none.status == 201)
        #expect(none.body["metadata"]?["generation"] == nil)
        let negative = await make(Self.configMaps, ["metadata": ["name": "d", "generation": -1]])
        #expect(fields(negative.body) == ["metadata.generation"])
        var thing = TestServer.thing("e")
        thing.set(9, at: ["metadata", "generation"])
        #expect(await make(TestServer.things, thing).body["metadata"]?["generation"] == 1)
    }

    @Test("Every owner that controls besides the first is one too many, and is named with its kind")
    func controllers() async throws {
        let owners: [JSONValue] = ["a", "b", "c"].map { name in
            [
                "apiVersion": "v1", "kind": "ConfigMap", "name": .string(name), "uid": .string(name),
                "controller": true,
            ]
        }
        let body: JSONValue = ["metadata": ["name": "b", "ownerReferences": .array(owners)]]
        let answer = await (try server()).request("POST", Self.configMaps, body)
        #expect(fields(answer.body) == ["metadata.ownerReferences", "metadata.ownerReferences"])
        let message = answer.body["message"]?.stringValue ?? ""
        #expect(message.contains("in references for ConfigMap/a and ConfigMap/b"))
        #expect(message.contains("in references for ConfigMap/a and ConfigMap/c"))
    }

    @Test(
        "A namespace's own finalizers say whose they are",
        arguments: [
            ("POST", "", ["plain"], ["spec.finalizers"]), ("POST", "", ["a b/c"], ["spec.finalizers"]),
            ("POST", "", ["a.b/c", "orphan"], []),
            ("PUT", "/default/finalize", ["kubernetes", "plain"], ["spec.finalizers[1]"]),
            ("PUT", "/default/finalize", ["kubernetes", "a.b/c"], []),
        ] as [(String, String, [String], [String])]
    )
    func namespaces(_ method: String, _ path: String, _ finalizers: [String], _ expected: [String]) async throws {
        let name = method == "POST" ? "other" : "default"
        let body: JSONValue = [
            "metadata": ["name": .string(name)], "spec": ["finalizers": .array(finalizers.map(JSONValue.string))],
        ]
        let answer = await (try server()).request(method, "/api/v1/namespaces\(path)", body)
        #expect(fields(answer.body) == expected)
        #expect((answer.status == 422) == !expected.isEmpty)
    }

    @Test("Finalizers of custom resources that do not say whose they are cause a warning when they are added")
    func finalizers() async throws {
        let server = try await server()
        func warnings(_ patch: JSONValue) async -> [String] {
            let response = await server.respond("PATCH", "\(TestServer.things)/a", patch, type: Self.merge)
            return response.headers.filter { $0.name == "Warning" }.map(\.value)
        }
        let first = await warnings(["metadata": ["finalizers": ["loose", "a.b", "x.y/z"]]])
        #expect(first.count == 2)
        #expect(first.first?.contains("including a path (/)") == true)
        #expect(await warnings(["metadata": ["labels": ["x": "1"]]]).isEmpty)
    }
}
