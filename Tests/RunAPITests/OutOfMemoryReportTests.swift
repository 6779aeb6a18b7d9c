import APIMachinery
@testable import RunEngine
import RunTestSupport
import Testing

/// What runners report about memory.
@Suite("Memory over the runner protocol")
struct OutOfMemoryReportTests {
    @Test("Heartbeats carry the memory of each job, and a report of `OOMKilled` is kept as the last one of its pool")
    func memoryOfJobs() async throws {
        try await withServer { server in
            let run = try await server.call("POST", "/api/v1/namespaces/default/workflows/one/runs", "{}")
            #expect(run.code == 201)
            _ = try await server.agent("register", ["concurrency": 1])
            let job = try #require(try await server.agent("lease", ["capacity": 1])["jobs"]?[0])
            let reference: JSONObject = ["job": job["id"] ?? "", "token": job["token"] ?? ""]
            var used = reference
            used["memoryMB"] = 12.5
            _ = try await server.agent("heartbeat", ["jobs": [.object(used)]])
            let engine = server.fixture.engine
            let held = engine.registry.held(NamespacedName(namespace: "default", name: "pod-1"))
            #expect(held.values.map(\.memoryMB) == [12.5])
            used["memoryMB"] = 1e300
            var body: JSONObject = ["namespace": "default", "pool": "default", "runner": "pod-1"]
            body["jobs"] = [.object(used)]
            let refused = try await server.call("POST", "/agents/v1/heartbeat", JSONValue.object(body).text)
            #expect(refused.code == 400 && refused.json["message"]?.stringValue?.contains("memoryMB") == true)
            var report = reference
            report["outcome"] = "Failed"
            report["error"] = ["reason": "OOMKilled", "message": "the runner's container has 128 MB"]
            _ = try await server.agent("report", ["reports": [.object(report)]])
            let last = try #require(engine.lastOutOfMemory(namespace: "default", pool: "default"))
            #expect(last.runner == "pod-1" && last.message.contains("128 MB"))
        }
    }
}
