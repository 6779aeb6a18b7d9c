import APIMachinery

import Testing

/// The life of custom resources, from definition to deletion.
@Suite struct CustomResourceTests {
    @Test("A kind is served as soon as its definition is created")
    func servedAtOnce() async throws {
        let server = try await TestServer()
        #expect(await server.request("GET", TestServer.things).status == 404)
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        #expect(await server.request("POST", definitions, TestServer.definition).status == 201)
        let list = await server.request("GET", TestServer.things)
        #expect(list.status == 200)
        #expect(list.body["kind"] == "ThingList")
        let stored = await server.request("GET", "\(definitions)/things.test.example")
        let conditions = stored.body.value(at: "status", "conditions")?.arrayValue ?? []
        #expect(conditions.map { $0["type"]?.stringValue } == ["NamesAccepted", "Established"])
    }

    @Test("Generation counts changes of spec, not of status or labels")
    func generation() async throws {
        let server = try await TestServer()
        _ = await server.request(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            TestServer.definition
        )
        _ = await server.request("POST", TestServer.things, TestServer.thing("a"))
        let merge = "application/merge-patch+json"
        func generation(_ path: String, _ patch: JSONValue) async -> Int64? {
            await server.request("PATCH", path, patch, type: merge).body.value(at: "metadata", "generation")?.intValue
        }
        let path = "\(TestServer.things)/a"
        #expect(await generation(path, ["metadata": ["labels": ["x": "y"]]]) == 1)
        #expect(await generation("\(path)/status", ["status": ["phase": "Ready"]]) == 1)
        #expect(await generation(path, ["spec": ["size": 2]]) == 2)
        #expect(await generation(path, ["status": ["phase": "Hacked"]]) == 2)
        let object = await server.request("GET", path).body
        #expect(object.value(at: "status", "phase") == "Ready")
    }

    @Test("Of two updates from one version the second is a conflict")
    func conflict() async throws {
        let server = try await TestServer()
        _ = await server.request(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            TestServer.definition
        )
        let created = await server.request("POST", TestServer.things, TestServer.thing("a")).body
        var change = created
        change.set(2, at: ["spec", "size"])
        #expect(await server.request("PUT", "\(TestServer.things)/a", change).status == 200)
        let second = await server.request("PUT", "\(TestServer.things)/a", change)
        #expect(second.status == 409)
        #expect(second.body["reason"] == "Conflict")
    }

    @Test("Every one of many concurrent increments by patch is counted")
    func concurrentPatches() async throws {
        let server = try await TestServer()
        _ = await server.request(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            TestServer.definition
        )
        _ = await server.request("POST", TestServer.things, TestServer.thing("a"))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let patch: JSONValue = ["metadata": ["labels": ["l\(number)": "x"]]]
                    let path = "\(TestServer.things)/a"
                    let answer = await server.request("PATCH", path, patch, type: "application/merge-patch+json")
                    #expect(answer.status == 200)
                }
            }
        }
        let labels = await server.request("GET", "\(TestServer.things)/a").body.value(at: "metadata", "labels")
        #expect(labels?.objectValue?.count == 40)
    }

    @Test("Applies that conflict name the field and its owner; force takes it over")
    func apply() async throws {
        let server = try await TestServer()
        _ = await server.request(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            TestServer.definition
        )
        let type = "application/apply-patch+yaml"
        let path = "\(TestServer.things)/a"
        #expect(
            await server.request("PATCH", "\(path)?fieldManager=one", TestServer.thing("a"), type: type).status == 201
        )
        let other = TestServer.thing("a", size: 2)
        let refused = await server.request("PATCH", "\(path)?fieldManager=two", other, type: type)
        #expect(refused.status == 409)
        let causes = refused.body.value(at: "details", "causes")?.arrayValue ?? []
        #expect(causes.contains { $0["field"] == ".spec.size" && $0["message"] == "conflict with \"one\"" })
        let forced = await server.request("PATCH", "\(path)?fieldManager=two&force=true", other, type: type)
        #expect(forced.status == 200)
        #expect(forced.body.value(at: "spec", "size") == 2)
    }

    @Test("Pages of a list show one state, whatever is written meanwhile")
    func paging() async throws {
        let server = try await TestServer()
        _ = await server.request(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            TestServer.definition
        )
        for name in ["a", "b", "c", "d"] { _ = await server.request("POST", TestServer.things, TestServer.thing(name)) }
        func names(_ body: JSONValue) -> [String] {
            (body["items"]?.arrayValue ?? []).compactMap { $0.value(at: "metadata", "name")?.stringValue }
        }
        let first = await server.request("GET", "\(TestServer.things)?limit=2").body
        #expect(names(first) == ["a", "b"])
        #expect(first.value(at: "metadata", "remainingItemCount") == 2)
        let token = try #require(first.value(at: "metadata", "continue")?.stringValue)
        _ = await server.request("DELETE", "\(TestServer.things)/c")
        _ = await server.request("POST", TestServer.things, TestServer.thing("cc"))
        let second = await server.request("GET", "\(TestServer.things)?limit=5&continue=\(token)").body
        #expect(names(second) == ["c", "d"])
        #expect(names(await server.request("GET", TestServer.things).body) == ["a", "b", "cc", "d"])
    }
}
