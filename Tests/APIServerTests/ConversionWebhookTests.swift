import APIMachinery
import APIExtensions
import HTTPServing
import Testing

/// Definitions whose versions a webhook converts.
@Suite struct ConversionWebhookTests {
    private static let things = "namespaces/default/things"

    /// `things` in `v1`, which is stored, and `v2`, where `spec.size` is called `spec.length`.
    private static func definition(_ clientConfig: JSONValue) -> JSONValue {
        var definition = TestServer.definition
        var versions = definition.value(at: "spec", "versions")?.arrayValue ?? []
        var second = versions[0]
        second["name"] = "v2"
        second["storage"] = false
        second.set(
            ["type": "object", "properties": ["length": ["type": "integer"]]],
            at: ["schema", "openAPIV3Schema", "properties", "spec"]
        )
        versions.append(second)
        definition.set(.array(versions), at: ["spec", "versions"])
        definition.set(
            [
                "strategy": "Webhook",
                "webhook": ["clientConfig": clientConfig, "conversionReviewVersions": ["v1"]],
            ],
            at: ["spec", "conversion"]
        )
        return definition
    }

    /// A webhook that renames the field.
    private static let webhook: WebhookTransport = { call in
        let review = try JSONValue(parsing: call.body)
        let request = review["request"] ?? .null
        let wanted = request["desiredAPIVersion"]?.stringValue ?? ""
        let converted = (request["objects"]?.arrayValue ?? []).map { object in
            var object = object
            object["apiVersion"] = .string(wanted)
            let size = object["spec"]?["size"] ?? object["spec"]?["length"] ?? .null
            object["spec"] = wanted.hasSuffix("v2") ? ["length": size] : ["size": size]
            object.set("yes", at: ["metadata", "annotations", "converted"])
            object.set("forged", at: ["metadata", "creationTimestamp"])
            return object
        }
        let answer: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
            "response": [
                "uid": request["uid"] ?? .null, "result": ["status": "Success"], "convertedObjects": .array(converted),
            ],
        ]
        return answer.bytes
    }

    private static func thing(_ version: String, _ name: String, _ spec: JSONValue) -> JSONValue {
        [
            "apiVersion": .string("test.example/\(version)"), "kind": "Thing", "metadata": ["name": .string(name)],
            "spec": spec,
        ]
    }

    @Test("A definition whose webhook is a Service is taken with a warning; its stored version needs no webhook")
    func service() async throws {
        let server = try await TestServer()
        let service: JSONValue = ["service": ["name": "hook", "namespace": "system", "path": "/convert"]]
        let created = await server.respond("POST", DefinitionTests.definitions, Self.definition(service))
        #expect(created.status == 201)
        let warning = created.headers.first { $0.0 == "Warning" }?.1 ?? ""
        #expect(warning.contains("the service \\\"hook\\\" cannot be reached"), "\(warning)")
        let stored = "/apis/test.example/v1/\(Self.things)"
        let other = "/apis/test.example/v2/\(Self.things)"
        // Nothing to convert is no reason to fail.
        #expect(await server.request("GET", other).status == 200)
        #expect(await server.request("POST", stored, Self.thing("v1", "a", ["size": 3])).status == 201)
        #expect(await server.request("GET", "\(stored)/a").body["spec"] == ["size": 3])
        for (verb, path, body) in [
            ("GET", "\(other)/a", nil), ("GET", other, nil),
            ("POST", other, Self.thing("v2", "b", ["length": 4])),
        ] as [(String, String, JSONValue?)] {
            let failed = await server.request(verb, path, body)
            #expect(failed.status == 500)
            let message = failed.body["message"]?.stringValue ?? ""
            #expect(message.contains("conversion webhook for test.example/v"), "\(message)")
            let call = "Post \"https://hook.system.svc:443/convert?timeout=30s\": service \"hook\" not found"
            #expect(message.contains(call), "\(message)")
        }
    }

    @Test("A webhook with a URL converts what is read and written in other versions")
    func url() async throws {
        let server = try await TestServer(webhooks: Self.webhook)
        let created = await server.respond(
            "POST",
            DefinitionTests.definitions,
            Self.definition(["url": "https://localhost:9443/convert"])
        )
        #expect(created.status == 201)
        #expect(!created.headers.contains { $0.0 == "Warning" })
        let stored = "/apis/test.example/v1/\(Self.things)"
        let other = "/apis/test.example/v2/\(Self.things)"
        let made = await server.request("POST", other, Self.thing("v2", "a", ["length": 3]))
        #expect(made.status == 201)
        #expect(made.body["apiVersion"] == "test.example/v2")
        #expect(made.body["spec"] == ["length": 3])
        #expect(await server.request("GET", "\(stored)/a").body["spec"] == ["size": 3])
        let read = await server.request("GET", "\(other)/a")
        #expect(read.body["apiVersion"] == "test.example/v2")
        #expect(read.body["spec"] == ["length": 3])
        #expect(read.body["metadata"]?["annotations"]?["converted"] == "yes")
        // Only labels and annotations are the webhook's.
        let first = await server.request("GET", "\(stored)/a")
        #expect(read.body["metadata"]?["creationTimestamp"] == first.body["metadata"]?["creationTimestamp"])
        let patched = await server.request(
            "PATCH",
            "\(other)/a",
            ["spec": ["length": 5]],
            type: "application/merge-patch+json"
        )
        #expect(patched.body["spec"] == ["length": 5], "\(patched.body)")
        #expect(await server.request("GET", "\(stored)/a").body["spec"] == ["size": 5])
        let list = await server.request("GET", other)
        #expect(list.body["items"]?.arrayValue?.map { $0["spec"] } == [["length": 5]])
        #expect(await server.request("DELETE", "\(other)/a").status == 200)
        #expect(await server.request("GET", "\(stored)/a").status == 404)
    }

    @Test(
        "An answer that no webhook may give is an error that names the webhook's objects",
        arguments: [
            ("{}", "the answer has no response"), ("no JSON", "conversion webhook for"),
            (#"{"response": {"uid": "x"}}"#, "for another request"),
        ]
    )
    func badAnswer(_ text: String, _ wanted: String) async throws {
        let server = try await TestServer(webhooks: { _ in Array(text.utf8) })
        let definition = Self.definition(["url": "https://localhost:9443/convert"])
        #expect(await server.request("POST", DefinitionTests.definitions, definition).status == 201)
        let answer = await server.request(
            "POST",
            "/apis/test.example/v2/\(Self.things)",
            Self.thing("v2", "a", ["length": 3])
        )
        #expect(answer.status == 500)
        #expect(answer.body["message"]?.stringValue?.contains(wanted) == true, "\(answer.body)")
    }
}
