import APIMachinery
import HTTPServing
import Storage
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

    @Test("A watch for a negative time is over at once")
    func negativeTime() async throws {
        let server = try await server()
        _ = await server.request("POST", TestServer.things, TestServer.thing("a"))
        let events = try await events(server, "\(TestServer.things)?watch=1&timeoutSeconds=-5", count: 2)
        #expect(events.count <= 1)
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

    @Test("A watch resumes at the compaction and gets 410 one revision before it", arguments: [true, false])
    func boundary(isRestarted: Bool) async throws {
        let store = MemoryObjectStore()
        var server = try await TestServer(store: store)
        _ = await server.request("POST", "/api/v1/namespaces/default/configmaps", Self.configMap("a", "0"))
        for number in 1...20 {
            let path = "/api/v1/namespaces/default/configmaps/a"
            _ = await server.request("PUT", path, Self.configMap("a", "\(number)"))
        }
        let bound = store.revision - 5
        try await store.compact(upTo: bound)
        // A new server has no history of its own.
        if isRestarted { server = try await TestServer(store: store) }
        func watch(_ revision: Int64, count: Int) async throws -> [JSONValue] {
            try await events(server, "/api/v1/configmaps?watch=1&resourceVersion=\(revision)", count: count)
        }
        let seen = try await watch(bound, count: 5)
        #expect(seen.map { $0.value(at: "object", "data", "n")?.stringValue } == ["16", "17", "18", "19", "20"])
        #expect(seen.allSatisfy { $0["type"] == "MODIFIED" })
        guard isRestarted else { return }
        let refused = try await watch(bound - 1, count: 1)
        #expect(refused.first?["type"] == "ERROR")
        let status = refused.first?["object"]
        #expect(status?["code"] == 410)
        #expect(status?["reason"] == "Expired")
        #expect(status?["message"]?.stringValue == "too old resource version: \(bound - 1) (\(bound))")
    }

    @Test("A list whose first page has expired says so, with a token that goes on in the newest state")
    func expiredPages() async throws {
        let store = MemoryObjectStore()
        let server = try await TestServer(store: store)
        let path = "/api/v1/namespaces/default/configmaps"
        for name in ["a", "b", "c"] { _ = await server.request("POST", path, Self.configMap(name, "0")) }
        let first = await server.request("GET", "\(path)?limit=1").body
        let token = try #require(first.value(at: "metadata", "continue")?.stringValue)
        _ = await server.request("PUT", "\(path)/c", Self.configMap("c", "1"))
        // Still kept: the page shows the state of the first.
        let second = await server.request("GET", "\(path)?limit=2&continue=\(token)").body
        #expect(second["items"]?.arrayValue?.last?.value(at: "data", "n") == "0")
        try await store.compact(upTo: store.revision)
        let (status, refusal) = await server.request("GET", "\(path)?limit=2&continue=\(token)")
        #expect(status == 410)
        #expect(refusal["reason"] == "Expired")
        let onward = try #require(refusal.value(at: "metadata", "continue")?.stringValue)
        let rest = await server.request("GET", "\(path)?limit=2&continue=\(onward)").body
        #expect(rest["items"]?.arrayValue?.map { $0.value(at: "data", "n")?.stringValue } == ["0", "1"])
    }

    private static func configMap(_ name: String, _ number: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)],
            "data": ["n": .string(number)],
        ]
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

    @Test("An object that its last finalizer lets go is seen as it was last, by watchers that selected it so")
    func released() async throws {
        let server = try await server()
        var thing = TestServer.thing("a", labels: ["in": "yes"])
        thing.set(["x.y/z"], at: ["metadata", "finalizers"])
        #expect(await server.request("POST", TestServer.things, thing).status == 201)
        let marked = await server.request("DELETE", "\(TestServer.things)/a").body
        let version = marked["metadata"]?["resourceVersion"]?.stringValue ?? ""
        let patch: JSONValue = ["metadata": ["finalizers": .null, "labels": .null]]
        let merge = "application/merge-patch+json"
        let released = await server.request("PATCH", "\(TestServer.things)/a", patch, type: merge)
        #expect(released.status == 200)
        #expect(released.body["metadata"]?["finalizers"] == nil)
        let query = "watch=1&resourceVersion=\(version)&labelSelector=in%3Dyes"
        let event = try await events(server, "\(TestServer.things)?\(query)", count: 1).first
        #expect(event?["type"] == "DELETED")
        let metadata = event?["object"]?["metadata"]
        #expect(metadata?["finalizers"] == ["x.y/z"])
        #expect(metadata?["labels"] == ["in": "yes"])
        #expect(metadata?["resourceVersion"]?.stringValue != version)
        #expect(await server.request("GET", "\(TestServer.things)/a").status == 404)
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
