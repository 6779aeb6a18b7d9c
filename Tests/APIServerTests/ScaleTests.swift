import APIMachinery

import Testing

/// The scale of a custom resource.
@Suite struct ScaleTests {
    static let path = "/apis/scale.example/v1/namespaces/default/rows"

    private func server() async throws -> TestServer {
        let server = try await TestServer()
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "rows.scale.example"],
            "spec": [
                "group": "scale.example", "scope": "Namespaced",
                "names": ["plural": "rows", "singular": "row", "kind": "Row", "listKind": "RowList"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "subresources": [
                            "scale": ["specReplicasPath": ".spec.wanted", "statusReplicasPath": ".status.there"]
                        ],
                        "schema": [
                            "openAPIV3Schema": [
                                "type": "object",
                                "properties": [
                                    "spec": ["type": "object", "properties": ["wanted": ["type": "integer"]]],
                                    "status": ["type": "object", "properties": ["there": ["type": "integer"]]],
                                ],
                            ]
                        ],
                    ]
                ],
            ],
        ]
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        #expect(await server.request("POST", definitions, definition).status == 201)
        let row: JSONValue = [
            "apiVersion": "scale.example/v1", "kind": "Row", "metadata": ["name": "a"], "spec": ["wanted": 1],
        ]
        #expect(await server.request("POST", Self.path, row).status == 201)
        return server
    }

    private func apply(_ server: TestServer, _ replicas: JSONValue, _ query: String) async -> (Int, JSONValue) {
        let scale: JSONValue = [
            "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": ["name": "a"], "spec": ["replicas": replicas],
        ]
        let answer = await server.request(
            "PATCH",
            "\(Self.path)/a/scale?\(query)",
            scale,
            type: "application/apply-patch+yaml"
        )
        return (answer.status, answer.body)
    }

    @Test("An applied scale changes the object, conflicts with other managers, and can be forced")
    func applied() async throws {
        let server = try await server()
        let (refused, body) = await apply(server, 5, "fieldManager=m")
        #expect(refused == 409)
        #expect(body["details"]?["causes"]?.arrayValue?.first?["field"]?.stringValue == ".spec.replicas")
        let (status, scale) = await apply(server, 5, "fieldManager=m&force=true")
        #expect(status == 200)
        #expect(scale["spec"]?["replicas"] == 5)
        let object = await server.request("GET", "\(Self.path)/a")
        #expect(object.body["spec"]?["wanted"] == 5)
        let entries = object.body["metadata"]?["managedFields"]?.arrayValue ?? []
        let entry = entries.first { $0["manager"]?.stringValue == "m" }
        #expect(entry?["subresource"]?.stringValue == "scale")
        #expect(entry?["operation"]?.stringValue == "Apply")
        let (negative, _) = await apply(server, -1, "fieldManager=m")
        #expect(negative == 422)
    }

    private func owners(_ server: TestServer) async -> [JSONValue] {
        let object = await server.request("GET", "\(Self.path)/a")
        return object.body["metadata"]?["managedFields"]?.arrayValue ?? []
    }

    @Test("A changed scale takes the number from its owner, in an entry without a time")
    func ownership() async throws {
        let server = try await server()
        let patch: JSONValue = ["spec": ["replicas": 4]]
        let merge = "application/merge-patch+json"
        let answer = await server.request("PATCH", "\(Self.path)/a/scale?fieldManager=m", patch, type: merge)
        #expect(answer.status == 200)
        #expect(answer.body["metadata"]?["managedFields"] == nil)
        let entries = await owners(server)
        #expect(entries.count == 2)
        let expected: JSONValue = [
            "apiVersion": "scale.example/v1", "fieldsType": "FieldsV1",
            "fieldsV1": ["f:spec": ["f:wanted": .object([:])]], "manager": "m", "operation": "Update",
            "subresource": "scale",
        ]
        #expect(entries.first == expected)
        #expect(entries.last?["fieldsV1"]?["f:spec"] == .object([:]))
        let version = await server.request("GET", "\(Self.path)/a").body["metadata"]?["resourceVersion"]
        for _ in 0..<3 {
            let again: JSONValue = ["metadata": ["name": "a"], "spec": ["replicas": 4]]
            #expect(await server.request("PUT", "\(Self.path)/a/scale?fieldManager=m", again).status == 200)
        }
        #expect(await owners(server) == entries)
        #expect(await server.request("GET", "\(Self.path)/a").body["metadata"]?["resourceVersion"] == version)
    }

    @Test("A scale that was never set must be set, and its identity is that of the object")
    func identity() async throws {
        let server = try await server()
        let bare: JSONValue = ["apiVersion": "scale.example/v1", "kind": "Row", "metadata": ["name": "b"]]
        #expect(await server.request("POST", Self.path, bare).status == 201)
        let merge = "application/merge-patch+json"
        let labels: JSONValue = ["metadata": ["labels": ["a": "b"]]]
        let empty = await server.request("PATCH", "\(Self.path)/b/scale", labels, type: merge)
        #expect(empty.status == 400)
        #expect(empty.body["message"] == "the spec replicas field \".spec.wanted\" cannot be empty")
        let other: JSONValue = ["metadata": ["name": "a", "uid": "q"], "spec": ["replicas": 1]]
        #expect(await server.request("PUT", "\(Self.path)/a/scale", other).status == 409)
        let unnamed: JSONValue = ["spec": ["replicas": 1]]
        #expect(await server.request("PUT", "\(Self.path)/a/scale", unnamed).status == 400)
        let huge: JSONValue = ["spec": ["wanted": 3_000_000_000]]
        let refused = await server.request("PATCH", "\(Self.path)/a", huge, type: merge)
        #expect(refused.status == 422)
        let causes = refused.body["details"]?["causes"]?.arrayValue
        #expect(causes?.first?["field"] == ".spec.wanted")
    }

    @Test("A scale is shown as a table of its own columns, and as metadata alone")
    func table() async throws {
        let server = try await server()
        let accept = "application/json;as=Table;g=meta.k8s.io;v=v1"
        let table = await server.request("GET", "\(Self.path)/a/scale", accept: accept).body
        let names = table["columnDefinitions"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
        #expect(names == ["Name", "Desired", "Available", "Age"])
        #expect(table["rows"]?.arrayValue?.first?["cells"]?.arrayValue?.prefix(3) == ["a", 1, 0])
        let metadata = await server.request(
            "GET",
            "\(Self.path)/a/scale",
            accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        )
        #expect(metadata.body["kind"] == "PartialObjectMetadata")
    }

    @Test(
        "A scale of something else is refused",
        arguments: [
            (["apiVersion": "autoscaling/v2", "kind": "Scale"], 400), (["kind": "Row"], 400),
            (["metadata": ["name": "b"]], 400), (["metadata": ["name": "a", "namespace": "other"]], 400),
            (["metadata": ["name": "a"], "spec": ["replicas": 2]], 200),
        ] as [(JSONValue, Int)]
    )
    func identity(body: JSONValue, status: Int) async throws {
        let server = try await server()
        #expect(await server.request("PUT", "\(Self.path)/a/scale", body).status == status)
    }
}
