import APIMachinery
import Testing

/// What OpenAPI documents say of requests: names, tags, and what deletions take and answer.
@Suite struct OpenAPIOperationTests {
    private static func operation(_ path: String, _ method: String, _ document: String) async throws -> JSONValue? {
        let server = try await TestServer()
        #expect(await server.request("POST", DefinitionTests.definitions, TestServer.definition).status == 201)
        return await server.request("GET", document).body["paths"]?[path]?[method]
    }

    @Test(
        "Each request has the name that generated clients give it",
        arguments: [
            ("/api/v1/namespaces/{namespace}/pods", "get", "listCoreV1NamespacedPod"),
            ("/api/v1/namespaces/{namespace}/pods", "post", "createCoreV1NamespacedPod"),
            ("/api/v1/namespaces/{namespace}/pods", "delete", "deleteCoreV1CollectionNamespacedPod"),
            ("/api/v1/pods", "get", "listCoreV1PodForAllNamespaces"),
            ("/api/v1/namespaces/{namespace}/pods/{name}/status", "put", "replaceCoreV1NamespacedPodStatus"),
            ("/api/v1/namespaces/{namespace}/pods/{name}/eviction", "post", "createCoreV1NamespacedPodEviction"),
            ("/api/v1/nodes/{name}", "patch", "patchCoreV1Node"),
            (
                "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}", "get",
                "readCoordinationV1NamespacedLease"
            ),
            (
                "/apis/test.example/v1/namespaces/{namespace}/things/{name}", "delete",
                "deleteTestExampleV1NamespacedThing"
            ),
        ]
    )
    func identifiers(_ path: String, _ method: String, _ expected: String) async throws {
        let operation = try await Self.operation(path, method, "/openapi/v2")
        #expect(operation?["operationId"]?.stringValue == expected)
        #expect(operation?["tags"]?.arrayValue?.count == 1)
        #expect(operation?["description"]?.stringValue?.isEmpty == false)
    }

    @Test(
        "A deletion takes options, and answers a Status or the object",
        arguments: [
            (
                "/apis/test.example/v1/namespaces/{namespace}/things/{name}", "/openapi/v3/apis/test.example/v1",
                "Status"
            ),
            ("/api/v1/namespaces/{namespace}/configmaps", "/openapi/v3/api/v1", "Status"),
            ("/api/v1/namespaces/{namespace}/configmaps/{name}", "/openapi/v3/api/v1", "Status"),
            ("/api/v1/namespaces/{name}", "/openapi/v3/api/v1", "Status"),
            ("/api/v1/namespaces/{namespace}/pods/{name}", "/openapi/v3/api/v1", "Pod"),
            ("/api/v1/namespaces/{namespace}/serviceaccounts/{name}", "/openapi/v3/api/v1", "ServiceAccount"),
        ]
    )
    func deletions(_ path: String, _ document: String, _ answer: String) async throws {
        let operation = try await Self.operation(path, "delete", document)
        func reference(_ content: JSONValue?) -> String? {
            let schema = content?.objectValue?.values.first?["schema"]
            return schema?["$ref"]?.stringValue?.split(separator: ".").last.map(String.init)
        }
        #expect(reference(operation?.value(at: "responses", "200", "content")) == answer)
        #expect(reference(operation?.value(at: "requestBody", "content")) == "DeleteOptions")
        #expect(operation?.value(at: "requestBody", "required") == nil)
    }

    @Test(
        "The options of a request stand with it, or with its path if all requests there take them",
        arguments: [
            ("things", "get", "allowWatchBookmarks continue limit watch", "namespace pretty"),
            ("things", "delete", "allowWatchBookmarks continue limit watch", "namespace pretty"),
            ("things/{name}", "get", "resourceVersion", "name namespace pretty"),
            (
                "things/{name}", "delete",
                "dryRun ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents propagationPolicy",
                "name namespace pretty"
            ),
            ("things/{name}/status", "patch", "dryRun fieldManager fieldValidation force", "name namespace pretty"),
        ]
    )
    func options(_ path: String, _ method: String, _ own: String, _ shared: String) async throws {
        let server = try await TestServer()
        #expect(await server.request("POST", DefinitionTests.definitions, TestServer.definition).status == 201)
        let paths = await server.request("GET", "/openapi/v3/apis/test.example/v1").body["paths"]
        func names(_ value: JSONValue?) -> [String] {
            (value?["parameters"]?.arrayValue ?? []).map { $0["name"]?.stringValue ?? "" }
        }
        let item = paths?["/apis/test.example/v1/namespaces/{namespace}/\(path)"]
        let given = Set(names(item?[method]))
        #expect(given.isSuperset(of: own.split(separator: " ").map(String.init)), "\(given)")
        #expect(names(item) == shared.split(separator: " ").map(String.init))
        let everywhere = paths?["/apis/test.example/v1/things"]
        #expect(names(everywhere).contains("watch") && names(everywhere).contains("pretty"))
        #expect(everywhere?["get"]?["parameters"] == nil)
    }

    @Test("Requests to a custom kind's scale are those of the kind; a deletion of many takes no body")
    func custom() async throws {
        var definition = TestServer.definition
        var version = definition["spec"]?["versions"]?.arrayValue?.first ?? .null
        version["subresources"] = [
            "scale": ["specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"]
        ]
        definition.set(.array([version]), at: ["spec", "versions"])
        let server = try await TestServer()
        #expect(await server.request("POST", DefinitionTests.definitions, definition).status == 201)
        let paths = await server.request("GET", "/openapi/v3/apis/test.example/v1").body["paths"]
        let base = "/apis/test.example/v1/namespaces/{namespace}/things"
        let scale = paths?["\(base)/{name}/scale"]
        for method in ["get", "put", "patch"] {
            #expect(scale?[method]?["x-kubernetes-group-version-kind"]?["kind"] == "Thing")
        }
        #expect(paths?[base]?["delete"]?["requestBody"] == nil)
        #expect(paths?[base]?["delete"]?["x-kubernetes-action"] == "deletecollection")
    }

    @Test(
        "What documents refer to is in them",
        arguments: ["/openapi/v2", "/openapi/v3/api/v1", "/openapi/v3/apis/autoscaling/v1"]
    )
    func references(_ document: String) async throws {
        let server = try await TestServer()
        let body = await server.request("GET", document).body
        let known = (body["definitions"] ?? body.value(at: "components", "schemas"))?.objectValue ?? [:]
        var missing: Set<String> = []
        func visit(_ value: JSONValue) {
            if let reference = value["$ref"]?.stringValue, let name = reference.split(separator: "/").last {
                if known[String(name)] == nil { missing.insert(String(name)) }
            }
            for member in value.objectValue?.values ?? [] { visit(member) }
            for element in value.arrayValue ?? [] { visit(element) }
        }
        visit(body)
        #expect(missing.isEmpty)
    }
}
