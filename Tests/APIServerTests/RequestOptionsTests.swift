import APIMachinery

import Testing

/// The options of requests, as `metav1` reads and checks them.
@Suite struct RequestOptionsTests {
    static let object = "/api/v1/namespaces/default/configmaps/a"
    static let collection = "/api/v1/namespaces/default/configmaps"

    private func server() async throws -> TestServer {
        let server = try await TestServer()
        _ = await server.request("POST", Self.collection, ["metadata": ["name": "a"]])
        return server
    }

    @Test(
        "What is wrong with a query is told in the order of the fields",
        arguments: [
            ("GET", "\(collection)?limit=x", 400, #"strconv.ParseInt: parsing "x": invalid syntax"#),
            ("GET", "\(collection)?limit=", 400, #"strconv.ParseInt: parsing "": invalid syntax"#),
            (
                "GET", "\(collection)?limit=99999999999999999999", 400,
                #"strconv.ParseInt: parsing "99999999999999999999": value out of range"#
            ),
            ("GET", "\(collection)?limit=y&timeoutSeconds=x", 400, #"strconv.ParseInt: parsing "x": invalid syntax"#),
            ("DELETE", "\(object)?gracePeriodSeconds=x", 400, #"strconv.ParseInt: parsing "x": invalid syntax"#),
            (
                "DELETE", "\(object)?propagationPolicy=X&orphanDependents=1&dryRun=No", 422,
                #"DeleteOptions.meta.k8s.io "" is invalid: [propagationPolicy: Invalid value: "X": orphanDependents "#
                    + #"and deletionPropagation cannot be both set, propagationPolicy: Unsupported value: "X": "#
                    + #"supported values: "Foreground", "Background", "Orphan", "nil", dryRun: Unsupported value: "#
                    + #"["No"]: supported values: "All"]"#
            ),
            (
                "POST", "\(collection)?fieldManager=a%07%C2%A0&dryRun=All&dryRun=x&fieldValidation=y", 422,
                #"CreateOptions.meta.k8s.io "" is invalid: [fieldManager: Invalid value: "a\a\u00a0": invalid "#
                    + #"character U+0007 (at position 1), fieldManager: Invalid value: "a\a\u00a0": invalid "#
                    + #"character U+00A0 (at position 2), dryRun: Unsupported value: ["All","x"]: supported values: "#
                    + #""All", fieldValidation: Unsupported value: "y": supported values: "", "Ignore", "Strict", "Warn"]"#
            ),
        ]
    )
    func query(method: String, path: String, status: Int, message: String) async throws {
        let server = try await server()
        let answer = await server.request(method, path, method == "POST" ? ["metadata": ["name": "b"]] : nil)
        #expect(answer.status == status)
        #expect(answer.body["message"]?.stringValue == message)
    }

    @Test("An apply says at once that it lacks a manager and dries the wrong way; other patches may not force")
    func patches() async throws {
        let server = try await server()
        let apply = await server.request("PATCH", "\(Self.object)?dryRun=x", [:], type: "application/apply-patch+yaml")
        #expect(
            apply.body["message"]?.stringValue
                == #"PatchOptions.meta.k8s.io "" is invalid: [fieldManager: Required value: is required for apply "#
                + #"patch, dryRun: Unsupported value: ["x"]: supported values: "All"]"#
        )
        let forced = await server.request("PATCH", "\(Self.object)?force=", [:], type: "application/merge-patch+json")
        #expect(forced.status == 422)
        let other = await server.request("PATCH", "\(Self.object)?dryRun=x", [:], type: "text/plain")
        #expect(other.status == 415, "the form of a patch is looked at first")
    }

    @Test(
        "A body that is no DeleteOptions deletes nothing",
        arguments: [
            [1], ["gracePeriodSeconds": "1"], ["dryRun": "All"], ["kind": "ConfigMap", "apiVersion": "v1"],
            ["preconditions": ["uid": 1]], ["orphanDependents": "yes"],
        ] as [JSONValue]
    )
    func bodies(body: JSONValue) async throws {
        let server = try await server()
        #expect(await server.request("DELETE", Self.object, body).status == 400)
        #expect(await server.request("GET", Self.object).status == 200)
    }

    @Test(
        "An empty policy is none that there is, and no object has an empty identifier",
        arguments: [
            (["propagationPolicy": ""], 422), (["preconditions": ["uid": ""]], 409),
            (["preconditions": ["resourceVersion": ""]], 409), (["propagationPolicy": .null], 200),
            (["preconditions": ["uid": .null]], 200),
        ] as [(JSONValue, Int)]
    )
    func emptyTexts(_ options: JSONValue, _ status: Int) async throws {
        let server = try await server()
        #expect(await server.request("DELETE", Self.object, options).status == status)
    }

    @Test(
        "Who asks in the older way that dependents go is told that the object goes later",
        arguments: [
            (["orphanDependents": false], 202), (["propagationPolicy": "Background"], 200),
            (["orphanDependents": true], 200),
        ] as [(JSONValue, Int)]
    )
    func accepted(_ options: JSONValue, _ status: Int) async throws {
        let server = try await TestServer()
        let body: JSONValue = ["metadata": ["name": "a", "finalizers": ["test.example/wait"]]]
        #expect(await server.request("POST", Self.collection, body).status == 201)
        let kept = await server.request("DELETE", Self.object, options)
        #expect(kept.status == status)
        #expect(kept.body["kind"] == "ConfigMap")
        #expect(await server.request("DELETE", "\(Self.object)?orphanDependents=false").status == 202)
        let gone: JSONValue = ["metadata": ["name": "b"]]
        #expect(await server.request("POST", Self.collection, gone).status == 201)
        #expect(await server.request("DELETE", "\(Self.collection)/b", ["orphanDependents": false]).status == 200)
    }

    @Test("Preconditions are read from the query; a body replaces the whole query")
    func preconditions() async throws {
        let server = try await server()
        #expect(await server.request("DELETE", "\(Self.object)?uid=x").status == 409)
        #expect(await server.request("DELETE", "\(Self.object)?resourceVersion=1").status == 409)
        #expect(await server.request("DELETE", "\(Self.object)?uid=x", ["kind": "DeleteOptions"]).status == 200)
        #expect(await server.request("GET", Self.object).status == 404)
    }
}
