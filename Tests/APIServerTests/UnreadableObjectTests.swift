import APIMachinery
import GenericAPIServer
import HTTPServing
import KubeAPIServer
import Storage
import Synchronization
import Testing

/// Objects that a provider has and nobody can read.
@Suite struct UnreadableObjectTests {
    /// Two things, one of which is no JSON.
    private final class Things: ResourceProvider {
        let definition: JSONValue = [
            "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Namespaced",
                "names": ["plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": [
                            "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
                        ],
                    ]
                ],
            ],
        ]
        let revision: Int64 = 7
        private let documents = Mutex<[String: String]>([
            "default/bad": #"{"apiVersion":"#,
            "default/good":
                #"{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"good","namespace":"default","resourceVersion":"7","uid":"u"}}"#,
        ])

        private func stored(_ path: String, _ text: String) -> StoredObject {
            StoredObject(path: path, revision: 7, bytes: Array(text.utf8))
        }

        func object(at path: String) async throws(ObjectStoreError) -> StoredObject? {
            documents.withLock { $0[path] }.map { stored(path, $0) }
        }

        func page(_ query: ProvidedQuery) async throws(ObjectStoreError) -> ProvidedPage {
            let all = documents.withLock { $0 }.sorted { $0.key < $1.key }.filter { $0.key >= query.start }
            let page = all.prefix(query.limit ?? 100)
            return ProvidedPage(
                objects: page.map { stored($0.key, $0.value) },
                revision: 7,
                isLast: page.count == all.count
            )
        }

        func changes(after revision: Int64) async throws(ObjectStoreError) -> [ProvidedChange] { [] }

        func observe(_ observer: @escaping @Sendable (ProvidedChange) -> Void) {}

        func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
            let gone = documents.withLock { $0.removeValue(forKey: write.key.path) } ?? ""
            return ObjectChange(key: write.key, kind: .deleted, revision: 8, bytes: Array(gone.utf8))
        }
    }

    @Test("It is listed with its name and the reason, and can be deleted")
    func listAndDelete() async throws {
        let test = try await TestServer()
        try test.server.register(Things())
        let path = "/apis/example.com/v1/namespaces/default/things"
        // A limit that leaves no room to count beyond it is no trap.
        for query in ["", "?limit=1", "?limit=9223372036854775807"] {
            let list = await test.request("GET", path + query)
            #expect(list.status == 200)
            #expect(list.body["items"]?[0]?.value(at: "metadata", "name") == "bad")
        }
        let bad = await test.request("GET", path + "/bad")
        #expect(bad.status == 200 && bad.body["kind"] == "Thing")
        let reason = bad.body.value(at: "metadata", "annotations", "unreadable")?.stringValue ?? ""
        #expect(reason.hasPrefix("the stored document cannot be read: "))
        #expect(await test.request("DELETE", path + "/bad").status == 200)
        #expect(await test.request("GET", path).body["items"]?.arrayValue?.count == 1)
    }

    @Test("What is patched together stays within the depth that a body may have")
    func patchedDepth() async throws {
        let test = try await TestServer()
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        let free: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        var definition = TestServer.definition
        let version: JSONValue = ["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": free]]
        definition.set([version], at: ["spec", "versions"])
        #expect(await test.request("POST", definitions, definition).status == 201)
        #expect(await test.request("POST", TestServer.things, TestServer.thing("a")).status == 201)
        for (depth, status) in [(254, 200), (300, 400)] {
            var deep: JSONValue = [:]
            for _ in 1..<depth { deep = ["a": deep] }
            let patch = await test.request(
                "PATCH",
                TestServer.things + "/a",
                ["spec": deep],
                type: "application/merge-patch+json"
            )
            #expect(patch.status == status, "\(depth)")
        }
    }

    @Test("Warnings about objects are sent on writing them, with the header that kubectl shows")
    func warnings() async throws {
        let test = try await TestServer(warnings: { $0["kind"] == "ConfigMap" ? ["spec.x has no effect yet"] : [] })
        let path = "/api/v1/namespaces/default/configmaps"
        func warnings(_ response: APIResponse) -> [String] {
            response.headers.filter { $0.0 == "Warning" }.map { $0.1 }
        }
        let made = await test.respond("POST", path, ["metadata": ["name": "a"]])
        #expect(warnings(made) == ["299 - \"spec.x has no effect yet\""])
        let patch: JSONValue = ["data": ["a": "b"]]
        let changed = await test.respond("PATCH", path + "/a", patch, type: "application/merge-patch+json")
        #expect(warnings(changed) == ["299 - \"spec.x has no effect yet\""])
        #expect(warnings(await test.respond("GET", path + "/a")) == [])
    }
}
