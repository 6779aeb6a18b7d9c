import APIMachinery
import Glibc
import TestSupport
import Testing

/// The plane is stopped, or stands still, while jobs are under way and clients are connected.
@Suite("Stopping and pausing", .serialized)
struct StopTests {
    /// Starts a run whose job lasts until the gate is opened, and waits until it is under way.
    private func startJob(_ plane: Plane, gate: String) async throws -> String {
        try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
        let name = try #require(try await plane.submit("gated", count: 1, params: ["gate": .string(gate)]).first)
        try await eventually("the job is under way") { !Self.jobs(plane).isEmpty }
        return name
    }

    private static func jobs(_ plane: Plane) -> [String] {
        plane.survivors().filter { $0.contains("gated-job") && !$0.contains("agent-runner") }
    }

    private func open(_ gate: String) { close(creat(gate, 0o600)) }

    private func readiness(_ plane: Plane) async throws -> String {
        try await plane.commands.run([
            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(plane.httpPort)/readyz",
        ]).out
    }

    @Test("SIGTERM: not ready, the job may finish, open watches end, and so does the plane")
    func openWatch() async throws {
        try await Plane.with { plane in
            let gate = "\(plane.dataDirectory).gate"
            let name = try await startJob(plane, gate: gate)
            var watches: [ChildProcess] = []
            for words in [["workerpools"], ["workflowruns"], ["pods", "--all-namespaces"]] {
                let watch = try ChildProcess(
                    "/bin/sh",
                    ["-c", "exec kubectl get \(words.joined(separator: " ")) --watch"],
                    environment: plane.commands.environment,
                    output: "\(plane.directory)/watch-\(words[0])"
                )
                watches.append(watch)
            }
            for watch in watches { try await eventually("the watch stands") { !watch.output().out.isEmpty } }
            plane.controller.signal(SIGTERM)
            try await eventually("the plane is not ready") { try await readiness(plane) == "503" }
            #expect(plane.controller.status == nil)
            // The plane answers while its runners finish.
            let pool = try await plane.get("workerpool", "default")
            #expect(pool.value(at: "metadata", "name") == "default")
            open(gate)
            let status = try await eventually("the plane ends") { plane.controller.status }
            #expect(status == .code(0))
            for watch in watches { try await eventually("the watch has ended") { watch.status != nil } }
            #expect(plane.survivors().isEmpty)
            try await plane.restart()
            let run = try await plane.succeeded(run: name)
            #expect(run.step("wait")?["attempts"] == 1 && run.step("wait")?["deliveries"] == 1)
        }
    }

    @Test("SIGTERM while clients keep all threads busy with large requests: the plane ends")
    func busy() async throws {
        try await Plane.with { plane in
            let members = (0..<150_000).map { "\"k\($0)\":\"v\"" }.joined(separator: ",")
            let file = "\(plane.directory)/large.json"
            try Files.write(
                #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"# + members + "}}",
                to: file
            )
            let command = "kubectl create --raw /api/v1/namespaces/default/configmaps -f \(file)"
            let clients = try (0..<6).map { index in
                try ChildProcess(
                    "/bin/sh",
                    ["-c", "while :; do \(command) >/dev/null 2>&1; echo answered; done"],
                    environment: plane.commands.environment,
                    output: "\(plane.directory)/client-\(index)"
                )
            }
            defer { for client in clients { client.signal(SIGKILL) } }
            for client in clients { try await eventually("it is answered") { !client.output().out.isEmpty } }
            plane.controller.signal(SIGTERM)
            _ = try await eventually("the plane ends") { plane.controller.status }
        }
    }

    @Test("A second SIGTERM ends the jobs at once; that is told, and no delivery, however often it happens")
    func hurry() async throws {
        try await Plane.with { plane in
            let gate = "\(plane.dataDirectory).gate"
            let name = try await startJob(plane, gate: gate)
            for stop in 1...3 {
                plane.controller.signal(SIGTERM)
                try await eventually("the plane is not ready") { try await readiness(plane) == "503" }
                #expect(!Self.jobs(plane).isEmpty)
                plane.controller.signal(SIGTERM)
                let status = try await eventually("the plane ends") { plane.controller.status }
                #expect(status == .code(0))
                #expect(plane.survivors().isEmpty)
                let told = plane.log.split(separator: "\n").filter { $0.contains("interrupted by the stop") }
                #expect(told.contains { $0.contains(name) && $0.contains("wait") }, "the log names the job")
                try await plane.restart()
                try await eventually("the job is under way again") { !Self.jobs(plane).isEmpty }
                let events = try await plane.kubectl(
                    "get",
                    "events",
                    "--field-selector=reason=Interrupted,involvedObject.kind=WorkerPool",
                    "-o=jsonpath={.items[*].message}"
                )
                #expect(events.out.contains(name))
                let run = try await plane.get("workflowrun", name)
                #expect(run.step("wait")?["attempts"] == 1)
                #expect(run.step("wait")?["deliveries"]?.intValue == Int64(stop + 1))
            }
            open(gate)
            try await plane.succeeded(run: name)
        }
    }

    @Test("The counter of interrupted jobs rises by those that had no time to finish, and by no others")
    func interruptedJobs() async throws {
        try await Plane.with { plane in
            let gate = "\(plane.dataDirectory).gate"
            let name = try await startJob(plane, gate: gate)
            try await plane.kubectl("apply", "-f", "-", input: Self.hasty)
            _ = try await plane.submit("hurried", count: 2, params: ["gate": .string(gate + ".never")])
            try await eventually("all jobs are under way") { Self.jobs(plane).count == 3 }
            plane.controller.signal(SIGTERM)
            // The plane answers as long as the job of the patient pool lasts.
            let counted = try await eventually("the interrupted jobs are counted") {
                let lines = try await plane.metrics().split(separator: "\n").filter {
                    $0.hasPrefix("martinet_pool_interrupted_jobs_total") && !$0.hasSuffix(" 0")
                }
                return lines.contains { $0.contains("hasty") && $0.hasSuffix(" 2") } ? lines : nil
            }
            #expect(counted.count == 1, "\(counted)")
            open(gate)
            let status = try await eventually("the plane ends") { plane.controller.status }
            #expect(status == .code(0))
            try await plane.restart()
            let run = try await plane.succeeded(run: name)
            #expect(run.step("wait")?["deliveries"] == 1)
        }
    }

    @Test("SIGUSR1 has a runner log its jobs, and ends neither the runner nor a container's shim")
    func dumps() async throws {
        try await Plane.with { plane in
            let gate = "\(plane.dataDirectory).gate"
            let name = try await startJob(plane, gate: gate)
            let processes = plane.survivors().compactMap { line -> (id: pid_t, command: Substring)? in
                let words = line.split(separator: " ", maxSplits: 1)
                guard words.count == 2, let id = pid_t(words[0]) else { return nil }
                return (id, words[1])
            }
            let shims = processes.filter { $0.command.contains("/pod-shim --log") }
            let runners = processes.filter { $0.command.contains("agent-runner") && !$0.command.contains("pod-shim") }
            #expect(!shims.isEmpty && !runners.isEmpty, "\(processes)")
            for process in shims + runners {
                for signal in [SIGUSR1, SIGUSR2, SIGHUP, SIGALRM] { kill(process.id, signal) }
            }
            let pod = try await plane.kubectl("get", "pods", "-o", "jsonpath={.items[0].metadata.name}").out
            _ = try await eventually("the runner logs its job") {
                let lines = try await plane.kubectl("logs", pod).out.split(separator: "\n")
                return lines.contains { $0.contains("state of a job") && $0.contains("default/\(name)") }
            }
            open(gate)
            let run = try await plane.succeeded(run: name)
            #expect(run.step("wait")?["attempts"] == 1 && run.step("wait")?["deliveries"] == 1)
            #expect(try await plane.get("pod", pod).value(at: "status", "containerStatuses")?[0]?["restartCount"] == 0)
        }
    }

    @Test("A controller that stood still begins no job a second time")
    func pause() async throws {
        try await Plane.with { plane in
            let gate = "\(plane.dataDirectory).gate"
            let name = try await startJob(plane, gate: gate)
            plane.controller.signal(SIGSTOP)
            // Longer than a runner may be silent.
            let clock = ContinuousClock()
            let end = clock.now + .seconds(16)
            try await eventually("the pause is over", every: .milliseconds(200)) { clock.now >= end }
            plane.controller.signal(SIGCONT)
            try await eventually("the pause was noticed") { plane.log.contains("was paused") }
            // Several heartbeats and turns of the engine later.
            try await eventually("the runner is heard of again") {
                try await plane.metrics().contains("martinet_engine_pause_seconds_count 1")
            }
            open(gate)
            let run = try await plane.succeeded(run: name)
            #expect(run.step("wait")?["attempts"] == 1 && run.step("wait")?["deliveries"] == 1)
        }
    }

    /// A pool whose runners have next to no time to finish, and a job like the other one.
    private static let hasty = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: hasty}
        spec:
          replicas: 1
          concurrency: 2
          drainTimeoutSeconds: 1
          template:
            spec:
              containers: [{name: agent-runner, image: "martinet/agent-runner:latest"}]
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: hurried}
        spec:
          pool: hasty
          params: [{name: gate}]
          steps:
            - id: wait
              actor: exec
              with:
                command: [sh, -c, 'while [ ! -e "$1" ]; do sleep 0.05; done', gated-job, "${{ params.gate }}"]
                output: text
        """

    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec:
          replicas: 1
          drainTimeoutSeconds: 300
          queue: {maxDeliveries: 1}
          template:
            spec:
              containers: [{name: agent-runner, image: "martinet/agent-runner:latest"}]
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: gated}
        spec:
          params: [{name: gate}]
          steps:
            - id: wait
              actor: exec
              with:
                command: [sh, -c, 'while [ ! -e "$1" ]; do sleep 0.05; done', gated-job, "${{ params.gate }}"]
                output: text
        """
}
