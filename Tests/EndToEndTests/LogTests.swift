import APIMachinery
import TestSupport
import Testing

/// What steps write, while they run and afterwards, and who asked for the run.
@Suite("Logs and history of runs")
struct LogTests {
    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec: {concurrency: 4}
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: slow}
        spec:
          params: [{name: gate}]
          steps:
            - id: work
              actor: exec
              retry: {maxAttempts: 2, initialIntervalSeconds: 1}
              with:
                command: [sh, -c, "echo try $MARTINET_ATTEMPT >&2; [ $MARTINET_ATTEMPT = 2 ] || exit 3;
                  while [ ! -e ${{ params.gate }} ]; do sleep 0.1; done; echo done >&2; echo 1"]
        """

    @Test("A running step's log is seen at once, attempts are told apart, and the failures of all runs are listed")
    func logs() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            let gate = "\(plane.directory)/gate"
            let run = try await plane.ctl("run", "slow", "-p", "gate=\(gate)").out.filter { !$0.isWhitespace }
            _ = try await eventually("the second attempt's log is seen while it runs") {
                try await plane.ctl("logs", run, "work").out == "try 2\n" ? true : nil
            }
            #expect(try await plane.ctl("logs", run, "--attempt", "1").out.hasPrefix("work try 1\n"))
            let failed = try await plane.ctl("logs", run, "work", "--attempt", "1", "-o", "json").json()
            #expect(failed["items"]?[0]?.value(at: "error", "reason") == "ExitCode")
            try Files.write("", to: gate)
            let lines = try await plane.ctl("logs", run, "--follow").out.split(separator: "\n").map(String.init)
            #expect(lines.first == "work try 1")
            #expect(lines.suffix(2) == ["work#2 try 2", "work#2 done"])

            let object = try await plane.get("workflowrun", run)
            #expect(object.value(at: "status", "submitter") == "kubernetes-admin")
            #expect(object.value(at: "status", "steps")?[0]?["deliveries"] == 2)
            _ = try await eventually("the workflow counts the run") {
                let workflow = try await plane.get("workflow", "slow")
                return workflow.value(at: "status", "runs", "Succeeded") == 1 ? true : nil
            }
            #expect(plane.log.contains("\"msg\":\"job failed\"") && plane.log.contains("\"msg\":\"run finished\""))
            let none = try await plane.commands.check(["\(Plane.binaries)/ctl", "logs", "--errors"])
            #expect(none.out.isEmpty && none.err.contains("No failed steps found"))
        }
    }

    /// A workflow for a pool whose only runners are the test's own.
    private static let lost = """
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: lost}
        spec: {pool: elsewhere, steps: [{id: a, actor: noop}]}
        """

    @Test("Dead letters are listed, shown, requeued and purged with ctl")
    func deadLetters() async throws {
        try await Plane.with { plane in
            /// A runner leases the job and starts again without it, three times.
            func lose() async throws -> String {
                for _ in 1...3 {
                    var body: JSONValue = ["namespace": "default", "pool": "elsewhere", "runner": "r"]
                    body["capacity"] = 1
                    body["waitSeconds"] = 20
                    let answer = try await plane.http("POST", "/agents/v1/lease", body)
                    #expect(answer.body["jobs"]?.arrayValue?.count == 1)
                    #expect(try await plane.http("POST", "/agents/v1/register", body).status == 200)
                }
                let names = try await plane.ctl("deadletters", "list", "-o", "name").out.split(separator: "\n")
                return String(try #require(names.first).dropFirst("deadletter/".count))
            }
            try await plane.kubectl("apply", "-f", "-", input: Self.lost)
            let run = try await plane.ctl("run", "lost").out.filter { !$0.isWhitespace }
            var letter = try await lose()
            #expect(try await plane.ctl("deadletters", "list", "--pool", "elsewhere").out.contains(run))
            let shown = try await plane.ctl("deadletters", "show", letter).out
            #expect(shown.contains(run) && shown.contains("delivered 3 times and never reported"))
            #expect(try await plane.kubectl("get", "deadletters").out.contains(letter))
            let requeued = try await plane.ctl("deadletters", "requeue", letter).out
            #expect(requeued == "deadletter/\(letter) requeued\n")
            #expect(try await plane.get("workflowrun", run).value(at: "status", "phase") == "Pending")
            letter = try await lose()
            #expect(try await plane.ctl("deadletters", "purge", "--all").out == "deadletter/\(letter) purged\n")
            #expect(try await plane.ctl("deadletters", "list").err.contains("No dead letters in namespace default."))
            #expect(try await plane.ctl("logs", "--errors", "--since", "1h").out.contains("MaxDeliveriesExceeded"))
        }
    }
}
