import APIMachinery
import APIServer
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
        #expect(body["details"]?["causes"]?.arrayValue?.first?["field"]?.stringValue == ".spec.wanted")
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
