import APIMachinery
import Glibc
import TestSupport
import Testing

/// The real process traps over one subject (`MARTINET_TEST_TRAP`, which only debug builds know): after two deaths it
/// serves everything else.
@Suite("Quarantine", .serialized)
struct QuarantineTests {
    /// Starts the plane again as often as it dies, until so many subjects are put aside; answers how often it died.
    private static func deaths(_ plane: Plane, untilQuarantined count: Int) async throws -> Int {
        var deaths = 0
        while true {
            let isDead = try await eventually("the plane has died, or \(count) subjects are put aside") {
                if plane.controller.status != nil { return true }
                return try await plane.quarantines().count >= count ? false : nil
            }
            guard isDead else { return deaths }
            deaths += 1
            try plane.relaunch()
        }
    }

    @Test("A poisoned run, pool, Pod and request are put aside one by one, and everything else works")
    func poison() async throws {
        let configMaps = "/api/v1/namespaces/default/configmaps"
        let traps = [
            "run default/poison", "workerpool default/poison", "pod default/poison", "request POST \(configMaps)",
        ]
        // A backtrace of every death would take longer than everything else.
        let environment = ["MARTINET_TEST_TRAP": traps.joined(separator: ","), "SWIFT_BACKTRACE": "enable=no"]
        try await Plane.with(environment: environment) { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            #expect(try await plane.http("POST", Self.runs, ["name": "poison"]).status == 201)
            #expect(try await Self.deaths(plane, untilQuarantined: 1) == 2)

            try await plane.waitUntilReady()
            let pool = Self.pool.replacing("default", with: "poison")
            // The answer may be lost with the process; the object is there.
            _ = try await plane.commands.run(["kubectl", "apply", "-f", "-"], input: pool)
            #expect(try await Self.deaths(plane, untilQuarantined: 2) == 2)

            try await plane.waitUntilReady()
            _ = try await plane.commands.run(["kubectl", "apply", "-f", "-"], input: Self.pod)
            #expect(try await Self.deaths(plane, untilQuarantined: 3) == 2)

            let create = ["kubectl", "create", "configmap", "poison"]
            for _ in 0..<2 {
                try await plane.waitUntilReady()
                _ = try await plane.commands.run(create)
                try await plane.controller.wait()
                try plane.relaunch()
            }
            try await plane.waitUntilReady()
            let refused = try await plane.commands.run(create)
            #expect(refused.err.contains("crashed 2 times") && refused.err.contains("ctl quarantine release request-"))
            #expect(plane.controller.status == nil)

            // Everything else is served.
            for name in try await plane.submit("quick", count: 3, params: [:]) { try await plane.succeeded(run: name) }
            try await plane.kubectl("create", "secret", "generic", "innocent")
            try await Self.check(plane)
        }
    }

    /// What is said of the four subjects, and that they can be deleted and released.
    private static func check(_ plane: Plane) async throws {
        let run = try await plane.get("workflowrun", "poison")
        #expect(run.value(at: "status", "phase") == "Suspended")
        #expect(run.value(at: "status", "reason") == "Quarantined")
        for (kind, name) in [("workerpool", "poison"), ("pod", "poison")] {
            try await eventually("\(kind) \(name) says so") {
                let conditions = try await plane.get(kind, name).value(at: "status", "conditions")?.arrayValue ?? []
                return conditions.contains { $0["type"] == "Quarantined" && $0["status"] == "True" }
            }
        }
        try await eventually("Events say so") {
            let events = try await plane.kubectl("get", "events", "-o", "json").json()["items"]?.arrayValue ?? []
            let kinds = events.filter { $0["reason"] == "Quarantined" }
                .compactMap { $0.value(at: "involvedObject", "kind")?.stringValue }
            return Set(kinds) == ["WorkflowRun", "WorkerPool", "Pod"]
        }
        #expect(try await plane.metrics().contains("martinet_quarantined{kind=\"run\"} 1"))
        let items = try await plane.quarantines()
        #expect(
            items.compactMap { $0.value(at: "spec", "kind")?.stringValue }.sorted()
                == ["pod", "request", "run", "workerpool"]
        )
        #expect(items.allSatisfy { $0.value(at: "status", "deaths") == 2 })
        let table = try await plane.ctl("quarantine", "list").out
        #expect(table.contains("default/poison") && table.contains("SIG"))

        // A run that is deleted takes its quarantine with it; a request is released. The other traps are still set.
        try await plane.kubectl("delete", "workflowrun/poison")
        let request = try #require(items.first { $0.value(at: "spec", "kind") == "request" })
        let name = try #require(request.value(at: "metadata", "name")?.stringValue)
        try await plane.ctl("quarantine", "release", name)
        let left = try await plane.quarantines().compactMap { $0.value(at: "spec", "kind")?.stringValue }
        #expect(left.sorted() == ["pod", "workerpool"])
        let again = try await plane.commands.run(["\(Plane.binaries)/ctl", "quarantine", "release", name])
        #expect(again.status == .code(3), "\(again)")
        // So does a Pod that is deleted, which nothing touches for that: the trap for it is still set.
        try await plane.kubectl("delete", "pod/poison", "--timeout=60s")
        try await eventually("its quarantine is forgotten") {
            try await plane.quarantines().compactMap { $0.value(at: "spec", "kind")?.stringValue } == ["workerpool"]
        }
        #expect(plane.controller.status == nil)
    }

    @Test("What is quarantined can be deleted by kubectl, and what gets its name afterwards is not quarantined")
    func deleted() async throws {
        try await Plane.with(environment: ["SWIFT_BACKTRACE": "enable=no"]) { plane in
            let poison = Self.pool.replacing("default", with: "poison")
            let empty = Self.manifests.replacing("replicas: 1", with: "replicas: 0")
            try await plane.kubectl("apply", "-f", "-", input: "\(empty)\n---\n\(poison)")
            #expect(try await plane.http("POST", Self.runs, ["name": "poison"]).status == 201)
            let pool = try await plane.uid("workerpool", "poison")
            let run = try await plane.uid("workflowrun", "poison")

            // The traps are for these two objects, not for their names.
            await plane.stop()
            plane.extraEnvironment["MARTINET_TEST_TRAP"] = "workerpool default/poison \(pool),run default/poison \(run)"
            try plane.relaunch()
            #expect(try await Self.deaths(plane, untilQuarantined: 1) == 2)
            try await plane.waitUntilReady()
            // The answer may be lost with the process.
            _ = try await plane.commands.run(["kubectl", "scale", "workerpool/default", "--replicas=1"])
            #expect(try await Self.deaths(plane, untilQuarantined: 2) == 2)
            try await plane.waitUntilReady()
            let uids = try await plane.quarantines().compactMap { $0.value(at: "spec", "uid")?.stringValue }
            #expect(Set(uids) == [pool, run])

            try await plane.kubectl("delete", "workerpool/poison", "workflowrun/poison", "--timeout=60s")
            try await eventually("their quarantines are forgotten") { try await plane.quarantines().isEmpty }
            try await plane.kubectl("apply", "-f", "-", input: poison)
            #expect(try await plane.http("POST", Self.runs, ["name": "poison"]).status == 201)
            try await plane.succeeded(run: "poison")
            try await eventually("the new pool has its runner") {
                try await plane.get("workerpool", "poison").value(at: "status", "readyReplicas") == 1
            }
            #expect(try await plane.uid("workerpool", "poison") != pool)
            let conditions = try await plane.get("workerpool", "poison").value(at: "status", "conditions")?.arrayValue
            #expect(conditions?.contains { $0["type"] == "Quarantined" } == false)
            #expect(try await plane.quarantines().isEmpty)
            #expect(plane.controller.status == nil)
        }
    }

    @Test("SIGKILL while the same things are worked on puts nothing aside")
    func killed() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            let names = try await plane.submit("quick", count: 20, params: [:])
            for _ in 0..<3 {
                plane.controller.signal(SIGKILL)
                try await plane.controller.wait()
                try await plane.restart()
            }
            #expect(try await plane.quarantines().isEmpty)
            for name in names { try await plane.succeeded(run: name) }
        }
    }

    static let runs = "/api/v1/namespaces/default/workflows/quick/runs"

    static let pool = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec:
          replicas: 1
          template:
            spec:
              containers:
                - {name: agent-runner, image: "martinet/agent-runner:latest"}
        """

    static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: poison}
        spec:
          containers: [{name: main, image: "martinet/agent-runner:latest"}]
        """

    static let manifests =
        pool + """

            ---
            apiVersion: martinet.dev/v1alpha1
            kind: Workflow
            metadata: {name: quick}
            spec:
              steps:
                - {id: only, actor: noop}
            """
}

extension Plane {
    fileprivate func uid(_ kind: String, _ name: String) async throws -> String {
        try #require(try await get(kind, name).value(at: "metadata", "uid")?.stringValue)
    }

    /// What is put aside; nothing if the plane cannot be asked.
    func quarantines() async throws -> [JSONValue] {
        let result = try await commands.run(["kubectl", "get", "quarantines", "-o", "json"])
        return result.succeeded ? try result.json()["items"]?.arrayValue ?? [] : []
    }
}
