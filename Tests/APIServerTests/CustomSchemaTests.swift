import APIMachinery
import Testing

/// The schemas of custom kinds in OpenAPI documents.
@Suite struct CustomSchemaTests {
    private func document(_ path: String, _ properties: JSONValue) async throws -> JSONValue {
        let server = try await TestServer()
        var definition = TestServer.definition
        let version: JSONValue = [
            "name": "v1", "served": true, "storage": true, "selectableFields": [["jsonPath": ".spec.text"]],
            "schema": [
                "openAPIV3Schema": [
                    "type": "object", "description": "A thing.",
                    "properties": ["spec": ["type": "object", "properties": properties]],
                ]
            ],
        ]
        definition.set([version], at: ["spec", "versions"])
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        let created = await server.request("POST", definitions, definition)
        #expect(created.status == 201)
        return await server.request("GET", path).body
    }

    private static let properties: JSONValue = [
        "text": ["type": "string", "nullable": false, "format": "date-time", "maxLength": 5],
        "port": ["x-kubernetes-int-or-string": true],
        "open": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
        "list": [
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": ["type": "object", "required": ["name"], "properties": ["name": ["type": "string"]]],
        ],
        "inner": [
            "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
        ],
        "none": ["type": "string", "nullable": true],
    ]

    @Test("Version 3 shows what the definition says, and writes out what extensions mean")
    func version3() async throws {
        let document = try await document("/openapi/v3/apis/test.example/v1", Self.properties)
        let schemas = document["components"]?["schemas"] ?? .null
        let thing = schemas["example.test.v1.Thing"] ?? .null
        let spec = thing.value(at: "properties", "spec", "properties") ?? .null
        #expect(thing["description"] == "A thing.")
        #expect(spec["text"] == ["type": "string", "format": "date-time", "maxLength": 5])
        #expect(
            spec["port"] == ["x-kubernetes-int-or-string": true, "anyOf": [["type": "integer"], ["type": "string"]]]
        )
        #expect(spec["list"] == Self.properties["list"])
        #expect(spec["none"] == ["type": "string", "nullable": true])
        #expect(spec["inner"]?["required"] == ["kind", "apiVersion"])
        let reference: JSONValue = [["$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]]
        #expect(spec.value(at: "inner", "properties", "metadata", "allOf") == reference)
        let metadata = thing.value(at: "properties", "metadata")
        #expect(metadata?["allOf"] == reference)
        #expect(metadata?["default"] == nil)
        #expect(thing["x-kubernetes-selectable-fields"] == [["fieldPath": "spec.text"]])
        let items = schemas.value(at: "example.test.v1.ThingList", "properties", "items")
        #expect(items?["items"] == ["$ref": "#/components/schemas/example.test.v1.Thing"])
    }

    @Test("Version 2 leaves out what kubectl does not understand in it")
    func version2() async throws {
        let document = try await document("/openapi/v2", Self.properties)
        let thing = document["definitions"]?["example.test.v1.Thing"] ?? .null
        let spec = thing.value(at: "properties", "spec", "properties") ?? .null
        #expect(spec["port"] == ["x-kubernetes-int-or-string": true])
        #expect(spec["none"] == .object([:]))
        #expect(spec["open"] == ["x-kubernetes-preserve-unknown-fields": true])
        #expect(spec["inner"]?["properties"] == nil)
    }
}
