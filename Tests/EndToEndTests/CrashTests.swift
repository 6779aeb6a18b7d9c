import APIMachinery
import Glibc
import TestSupport
import Testing

/// Processes are killed at random moments under load. The invariant: every acknowledged run ends, exactly once;
/// what completed is not run again; nothing is left over.
@Suite("Crashes", .serialized)
struct CrashTests {
    /// How many processes are killed.
    static let kills = 50

    @Test("Controllers and runners killed under load: every acknowledged run finishes exactly once")
    func kills() async throws {
        try await Plane.with(environment: ["MARTINET_RESTART_BACKOFF_SECONDS": "0.2"]) { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            let journal = "\(plane.directory)/journal"
            var acknowledged: Set<String> = []
            var generator = SplitMix64(seed: 20_260_101)
            for round in 0..<Self.kills {
                // A key makes the submission safe to repeat: the answer may have been lost with the controller.
                let items = JSONValue.array(
                    (0..<4).map { index in
                        [
                            "idempotencyKey": .string("kill-\(round)-\(index)"),
                            "params": ["file": .string(journal)],
                        ]
                    }
                )
                let names = try await eventually("round \(round) is acknowledged") {
                    try await Self.submit(plane, items)
                }
                #expect(acknowledged.isDisjoint(with: names), "a name was given twice")
                acknowledged.formUnion(names)
                // Some progress, so that the kill strikes at different moments of a run's life.
                let target = Files.text(journal).split(separator: "\n").count + Int(generator.next() % 3)
                try await eventually("some jobs have run") {
                    Files.text(journal).split(separator: "\n").count >= min(target, acknowledged.count)
                }
                if round % 2 == 0 {
                    plane.controller.signal(SIGKILL)
                    try await plane.controller.wait()
                    try await plane.restart()
                } else {
                    let runners = plane.survivors().filter { $0.contains("agent-runner") && !$0.contains("pod-shim") }
                    if !runners.isEmpty,
                        let victim = Self.processID(runners[Int(generator.next() % UInt64(runners.count))])
                    {
                        kill(victim, SIGKILL)
                    }
                }
            }
            for name in acknowledged.sorted() { try await plane.succeeded(run: name) }

            let lines = Files.text(journal).split(separator: "\n").map(String.init)
            for name in acknowledged {
                let executions = lines.filter { $0 == name }.count
                let run = try await plane.http("GET", "/api/v1/namespaces/default/runs/\(name)").body
                let deliveries = Int(run.step("note")?["attempts"]?.intValue ?? 0)
                #expect(executions >= 1, "\(name) is said to have succeeded but never ran")
                #expect(run.step("note")?["phase"] == "Succeeded")
                #expect(deliveries >= 1)
            }
            #expect(Set(lines).isSubset(of: acknowledged), "nothing ran that nobody asked for")

            await plane.stop()
            try await eventually("no process is left over") { plane.survivors().isEmpty }
        }
    }

    @Test("kill -9 of the controller takes its runners and their jobs with it")
    func orphans() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            // The path is how the jobs' processes are told from others on this machine.
            _ = try await plane.submit("long", count: 4, params: ["mark": .string(plane.dataDirectory)])
            try await eventually("jobs are running") {
                plane.survivors().filter { $0.contains("sleep 3600") }.count >= 8
            }
            plane.controller.signal(SIGKILL)
            try await plane.controller.wait()
            try await eventually("runners and jobs are gone") { plane.survivors().isEmpty }
        }
    }

    @Test("SIGTERM lets jobs finish, and the next start goes on")
    func graceful() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            let journal = "\(plane.directory)/journal"
            let names = try await plane.submit("journal", count: 20, params: ["file": .string(journal)])
            try await eventually("some jobs have run") { !Files.text(journal).isEmpty }
            await plane.stop()
            #expect(plane.controller.status == .code(0))
            #expect(plane.survivors().isEmpty)
            try await plane.restart()
            for name in names { try await plane.succeeded(run: name) }
            let lines = Files.text(journal).split(separator: "\n").map(String.init)
            #expect(lines.count == names.count, "a clean stop runs no job twice")
        }
    }

    private static func submit(_ plane: Plane, _ items: JSONValue) async throws -> [String]? {
        let (status, body) = try await plane.http(
            "POST",
            "/api/v1/namespaces/default/workflows/journal/runs",
            ["items": items]
        )
        guard (200..<300).contains(status) else { return nil }
        return body["items"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
    }

    private static func processID(_ line: String) -> pid_t? { line.split(separator: " ").first.flatMap { Int32($0) } }

    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec:
          replicas: 2
          queue: {maxDeliveries: 50}
          template:
            spec:
              containers: [{name: agent-runner, image: "martinet/agent-runner:latest"}]
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: journal}
        spec:
          params: [{name: file}]
          policy: {retry: {maxAttempts: 5, initialIntervalSeconds: 0.1}}
          steps:
            - id: note
              actor: exec
              with:
                command: [sh, -c, 'sleep 0.1; echo "$MARTINET_RUN" >> "$0"', "${{ params.file }}"]
                output: text
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: long}
        spec:
          params: [{name: mark}]
          steps:
            - id: wait
              actor: exec
              with: {command: [sh, -c, 'sh -c "sleep 3600; :" "$0" & wait', "${{ params.mark }}"], output: text}
        """
}
