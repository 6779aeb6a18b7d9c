import APIMachinery
import APIServer
import Testing

/// What watchers see.
@Suite struct WatchTests {
    /// Starts a watch and returns its first events.
    private func events(
        _ server: TestServer,
        _ path: String,
        count: Int,
        accept: String? = nil,
        while body: () async -> Void = {}
    ) async throws -> [JSONValue] {
        let response = await server.respond("GET", path, accept: accept)
        guard case .stream(let stream) = response.body else {
            Issue.record("no stream, but status \(response.status)")
            return []
        }
        let sink = CollectingSink()
        await body()
        return try await withThrowingTaskGroup(of: [JSONValue].self) { group in
            group.addTask {
                try await stream.run(sink)
                sink.finish()
                return []
            }
            group.addTask {
                var events: [JSONValue] = []
                for await value in sink.values {
                    events.append(value)
                    if events.count == count { break }
                }
                stream.cancel()
                return events
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func shape(_ events: [JSONValue]) -> [String] {
        events.map {
            "\($0["type"]?.stringValue ?? "") \($0.value(at: "object", "metadata", "name")?.stringValue ?? "")"
        }
    }

    private func server() async throws -> TestServer {
        let server = try await TestServer()
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        _ = await server.request("POST", definitions, TestServer.definition)
        return server
    }

    @Test("A watch without a version shows the state, then changes")
    func fromNow() async throws {
        let server = try await server()
        _ = await server.request("POST", TestServer.things, TestServer.thing("a"))
        let events = try await events(server, "\(TestServer.things)?watch=1", count: 3) {
            _ = await server.request("POST", TestServer.things, TestServer.thing("b"))
            _ = await server.request("DELETE", "\(TestServer.things)/a")
        }
        #expect(shape(events) == ["ADDED a", "ADDED b", "DELETED a"])
    }

    @Test("A watch from a version shows exactly what came after it")
    func resume() async throws {
        let server = try await server()
        let created = await server.request("POST", TestServer.things, TestServer.thing("a")).body
        let version = created.value(at: "metadata", "resourceVersion")?.stringValue ?? ""
        let patch: JSONValue = ["spec": ["size": 5]]
        _ = await server.request("PATCH", "\(TestServer.things)/a", patch, type: "application/merge-patch+json")
        let path = "\(TestServer.things)?watch=1&resourceVersion=\(version)"
        let events = try await events(server, path, count: 1)
        #expect(shape(events) == ["MODIFIED a"])
        #expect(events[0].value(at: "object", "spec", "size") == 5)
    }

    @Test("Objects enter and leave a selective watch as additions and deletions")
    func selector() async throws {
        let server = try await server()
        let merge = "application/merge-patch+json"
        let created = await server.request("POST", TestServer.things, TestServer.thing("a")).body
        let version = created.value(at: "metadata", "resourceVersion")?.stringValue ?? ""
        for value in ["x", "y"] as [JSONValue] {
            let patch: JSONValue = ["metadata": ["labels": ["l": value]]]
            _ = await server.request("PATCH", "\(TestServer.things)/a", patch, type: merge)
        }
        let path = "\(TestServer.things)?watch=1&labelSelector=l=x&resourceVersion=\(version)"
        let events = try await events(server, path, count: 2)
        #expect(shape(events) == ["ADDED a", "DELETED a"])
        // It is shown as it last matched, with the version of the change that took it out.
        #expect(events[1].value(at: "object", "metadata", "labels", "l") == "x")
        let versions = events.map {
            $0.value(at: "object", "metadata", "resourceVersion")?.stringValue.flatMap { Int64($0) } ?? 0
        }
        #expect(versions[0] < versions[1])
    }

    @Test("A version that is compacted away is told as 410 within the watch")
    func gone() async throws {
        let server = try await server()
        let events = try await events(server, "\(TestServer.things)?watch=1&resourceVersion=1", count: 1)
        #expect(events.first?["type"] == "ERROR")
        #expect(events.first?.value(at: "object", "code") == 410)
    }

    @Test("A watcher that does not read is disconnected, and nobody else is kept waiting")
    func slowWatcher() async throws {
        let server = try await server()
        let slow = await server.respond("GET", "\(TestServer.things)?watch=1")
        guard case .stream(let stream) = slow.body else {
            Issue.record("no stream")
            return
        }
        _ = await server.request("POST", TestServer.things, TestServer.thing("a"))
        for number in 0..<2500 {
            let patch: JSONValue = ["spec": ["size": .int(Int64(number + 2))]]
            _ = await server.request("PATCH", "\(TestServer.things)/a", patch, type: "application/merge-patch+json")
        }
        // What had been put by is still sent; then the watch ends by itself.
        let sink = CollectingSink()
        try await stream.run(sink)
        sink.finish()
        var count = 0
        for await _ in sink.values { count += 1 }
        #expect(count > 1000)
        #expect(count < 2501)
    }

    @Test("Initial events end with a marked bookmark")
    func initialEvents() async throws {
        let server = try await server()
        _ = await server.request("POST", TestServer.things, TestServer.thing("a"))
        let path =
            "\(TestServer.things)?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        let events = try await events(server, path, count: 2)
        #expect(events.map { $0["type"]?.stringValue } == ["ADDED", "BOOKMARK"])
        let annotations = events.last?.value(at: "object", "metadata", "annotations")
        #expect(annotations?["k8s.io/initial-events-end"] == "true")
    }

    @Test("A Pod that nothing runs goes at once, but is seen marked first")
    func podDeletion() async throws {
        let server = try await TestServer()
        let pods = "/api/v1/namespaces/default/pods"
        let pod: JSONValue = [
            "metadata": ["name": "p"], "spec": ["containers": [["name": "c", "image": "i:1"]]],
        ]
        let created = await server.request("POST", pods, pod).body
        let version = created.value(at: "metadata", "resourceVersion")?.stringValue ?? ""
        let answer = await server.request("DELETE", "\(pods)/p")
        #expect(answer.body["kind"] == "Pod")
        #expect(answer.body.value(at: "metadata", "deletionGracePeriodSeconds") == 0)
        let events = try await events(server, "\(pods)?watch=1&resourceVersion=\(version)", count: 2)
        #expect(shape(events) == ["MODIFIED p", "DELETED p"])
        #expect(await server.request("GET", "\(pods)/p").status == 404)
    }

    @Test("A Pod on a node keeps its grace period until it is deleted with none")
    func gracefulPodDeletion() async throws {
        let server = try await TestServer()
        let pods = "/api/v1/namespaces/default/pods"
        let pod: JSONValue = [
            "metadata": ["name": "p"], "spec": ["nodeName": "n", "containers": [["name": "c", "image": "i:1"]]],
        ]
        _ = await server.request("POST", pods, pod)
        _ = await server.request("DELETE", "\(pods)/p?gracePeriodSeconds=60")
        _ = await server.request("DELETE", "\(pods)/p")
        let kept = await server.request("GET", "\(pods)/p").body
        // It can be shortened, as by the default here, but not lengthened.
        #expect(kept.value(at: "metadata", "deletionGracePeriodSeconds") == 60)
        _ = await server.request("DELETE", "\(pods)/p?gracePeriodSeconds=5")
        let shorter = await server.request("GET", "\(pods)/p").body
        #expect(shorter.value(at: "metadata", "deletionGracePeriodSeconds") == 5)
        _ = await server.request("DELETE", "\(pods)/p?gracePeriodSeconds=0")
        #expect(await server.request("GET", "\(pods)/p").status == 404)
    }
}
