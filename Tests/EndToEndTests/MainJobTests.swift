import APIMachinery
import TestSupport
import Testing

/// The main job as a user does it: apply, run, look, roll, roll back, with the real kubectl and ctl.
@Suite("The main job", .serialized)
struct MainJobTests {
    static let example = "\(Files.root)/manifests/examples/triage"

    @Test("A tree is examined: applied with kubectl, run, watched, measured")
    func triage() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-k", Self.example)
            // The tree is this checkout, real input with known properties.
            let run = Files.text("\(Self.example)/run.yaml")
                .replacing("AGENTS", with: "\(Self.example)/agents").replacing("TREE", with: "\(Files.root)/Sources")
            let created = try await plane.kubectl("create", "-f", "-", "-o", "json", input: run).json()
            let name = try #require(created.value(at: "metadata", "name")?.stringValue)
            #expect(name.hasPrefix("tree-triage-"))

            let ended = try await plane.ended(run: name)
            #expect(ended.value(at: "status", "phase") == "Succeeded")
            let report = try #require(ended.step("report")?.value(at: "output", "markdown")?.stringValue)
            #expect(report.contains("| swift |"))
            #expect(report.contains("branches in 100 lines of code"))
            #expect(ended.step("alarm")?["phase"] == "Skipped", "no secrets are in the sources, so nobody is alarmed")

            for id in ["inventory", "secrets", "complexity", "report"] {
                let step = try #require(ended.step(id))
                let metrics = try #require(step["metrics"]?.objectValue)
                for metric in [
                    "queue_time_ms", "execution_time_ms", "total_duration_ms", "memory_start_mb", "memory_peak_mb",
                    "memory_end_mb", "cpu_percent", "thread_count",
                ] {
                    #expect(metrics[metric]?.doubleValue != nil, "\(id) has no \(metric)")
                }
                #expect((metrics["memory_peak_mb"]?.doubleValue ?? 0) > 1, "a Python program needs memory")
                #expect(step["runner"]?.stringValue?.hasPrefix("triage-") == true)
            }

            let table = try await plane.kubectl("get", "workflowruns", name)
            #expect(table.out.contains("Succeeded"))
            let jobs = try await plane.ctl("jobs", name)
            #expect(jobs.out.contains("inventory"))
            let logs = try await plane.ctl("logs", name, "inventory")
            #expect(logs.out.contains("files of"))
        }
    }

    @Test("A circular workflow is refused by kubectl apply, and the cycle is named")
    func circular() async throws {
        try await Plane.with { plane in
            let result = try await plane.commands.run([
                "kubectl", "apply", "-f", "\(Self.example)/circular.yaml",
            ])
            #expect(!result.succeeded)
            #expect(result.err.contains("circular dependency: fetch -> publish -> build -> fetch"))
            let list = try await plane.kubectl("get", "workflows", "-o", "name")
            #expect(list.out.isEmpty, "nothing is half-applied")
        }
    }

    @Test("A restart, a new version and a rollback under load interrupt no job and run none twice")
    func rolling() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-k", Self.example)
            let journal = "\(plane.directory)/journal"
            try await plane.kubectl("apply", "-f", "-", input: Self.journalWorkflow)
            let names = try await plane.submit("journal", count: 120, params: ["file": .string(journal)])
            try await eventually("some jobs have run") { Files.text(journal).split(separator: "\n").count > 5 }

            try await plane.ctl("restart", "workerpool/triage", "--wait")
            try await plane.kubectl(
                "patch",
                "workerpool",
                "triage",
                "--type=merge",
                "-p",
                #"{"spec":{"version":"1.1.0","concurrency":3}}"#
            )
            try await eventually("version 1.1.0 runs") {
                let pool = try await plane.get("workerpool", "triage")
                return pool.value(at: "status", "version") == "1.1.0" && pool.isRolledOut
            }
            try await plane.ctl("rollback", "workerpool/triage", "--version", "1.0.0")
            try await eventually("version 1.0.0 runs again") {
                let pool = try await plane.get("workerpool", "triage")
                return pool.value(at: "spec", "version") == "1.0.0" && pool.value(at: "status", "version") == "1.0.0"
                    && pool.isRolledOut
            }
            for name in names { try await plane.succeeded(run: name) }

            let lines = Files.text(journal).split(separator: "\n").map(String.init)
            #expect(lines.count == names.count, "every job ran exactly once")
            #expect(Set(lines) == Set(names))
            let history = try await plane.ctl("history", "workerpool/triage")
            #expect(history.out.contains("1.0.0") && history.out.contains("1.1.0"))
            let metrics = try await plane.metrics()
            #expect(metrics.contains("martinet_pool_interrupted_jobs_total"))
            #expect(
                metrics.split(separator: "\n").filter { $0.hasPrefix("martinet_pool_interrupted_jobs_total") }
                    .allSatisfy { $0.hasSuffix(" 0") || $0.hasSuffix(" 0.0") }
            )
        }
    }

    @Test("A burst makes the pool grow on queue depth, and shrink when it is worked off")
    func burst() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-k", Self.example)
            let names = try await plane.submit(
                "checksum",
                count: 300,
                params: ["file": .string("\(Files.root)/README.md"), "seconds": 0.1]
            )
            try await eventually("the pool grows") {
                (try await plane.get("workerpool", "triage").value(at: "status", "replicas")?.intValue ?? 0) >= 3
            }
            for name in names { try await plane.succeeded(run: name) }
            try await eventually("the pool shrinks") {
                try await plane.get("workerpool", "triage").value(at: "status", "replicas") == 1
            }
            let events = try await plane.kubectl("get", "events", "-o", "json").json()
            let messages = events["items"]?.arrayValue?.compactMap { $0["message"]?.stringValue } ?? []
            #expect(messages.contains { $0.contains("queue") }, "an Event says why the pool was scaled: \(messages)")
        }
    }

    /// One step that notes its run, so that a job that runs twice is seen.
    private static let journalWorkflow = """
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: journal}
        spec:
          pool: triage
          params: [{name: file}]
          steps:
            - id: note
              actor: exec
              with:
                command: [sh, -c, 'sleep 0.3; echo "$MARTINET_RUN" >> "$0"', "${{ params.file }}"]
                output: text
        """
}
