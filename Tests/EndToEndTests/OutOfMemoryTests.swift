import APIMachinery
import TestSupport
import Testing

/// Jobs side by side in a runner whose memory is limited.
@Suite("Out of memory", .serialized)
struct OutOfMemoryTests {
    private static func manifests(_ command: JSONValue, env: String) -> String {
        let greedy = JSONValue.object(["command": command]).text
        return """
            apiVersion: martinet.dev/v1alpha1
            kind: WorkerPool
            metadata: {name: small}
            spec:
              concurrency: 2
              template:
                spec:
                  containers:
                  - name: agent-runner
                    image: martinet/agent-runner:latest
                    resources: {limits: {memory: 300Mi}}
                    env: \(env)
            ---
            apiVersion: martinet.dev/v1alpha1
            kind: Workflow
            metadata: {name: greedy}
            spec:
              pool: small
              steps: [{id: eat, actor: exec, with: \(greedy)}]
            ---
            apiVersion: martinet.dev/v1alpha1
            kind: Workflow
            metadata: {name: quiet}
            spec:
              pool: small
              params: [{name: file}]
              steps:
              - id: wait
                actor: exec
                with: {command: [sh, -c, 'until [ -e "$0" ]; do sleep 0.05; done; echo 1', "${{ params.file }}"]}
            """
    }

    private func check(_ plane: Plane, _ command: JSONValue, env: String = "[]", message: String) async throws {
        try await plane.kubectl("apply", "-f", "-", input: Self.manifests(command, env: env))
        let file = "\(plane.directory)/done"
        let quiet = try #require(try await plane.submit("quiet", count: 1, params: ["file": .string(file)]).first)
        try await eventually("the quiet job runs") {
            let (_, run) = try await plane.http("GET", "/api/v1/namespaces/default/runs/\(quiet)")
            return run.step("wait")?["phase"] == "Running"
        }
        let greedy = try #require(try await plane.submit("greedy", count: 1, params: [:]).first)
        let failed = try await plane.ended(run: greedy)
        #expect(failed.step("eat")?.value(at: "error", "reason") == "OOMKilled", "\(failed.text)")
        #expect(
            failed.step("eat")?.value(at: "error", "message")?.stringValue?.contains(message) == true,
            "\(failed.text)"
        )
        try await eventually("the pool says so") {
            let pool = try await plane.get("workerpool", "small")
            let conditions = pool.value(at: "status", "conditions")?.arrayValue ?? []
            return conditions.contains { $0["type"] == "OutOfMemory" && $0["reason"] == "OOMKilled" }
        }
        try await eventually("an Event says so") {
            try await plane.kubectl("get", "events").out.contains("OOMKilled")
        }
        try Files.write("", to: file)
        let ended = try await plane.succeeded(run: quiet)
        #expect(ended.step("wait")?["attempts"] == 1, "\(ended.text)")
    }

    @Test("The runner ends the job that takes most before the node ends the runner")
    func byTheRunner() async throws {
        try await Plane.with { plane in
            try await check(plane, ["sh", "-c", "head -c 2000000000 /dev/zero | tail"], message: "has 300 MB")
            let pods = try await plane.kubectl("get", "pods", "-o", "json").json()
            let restarts = pods["items"]?[0]?.value(at: "status", "containerStatuses")?[0]?["restartCount"]
            #expect(restarts == 0)
        }
    }

    @Test("If the node ends the runner, the job that took most is charged and the other one runs again without a mark")
    func byTheNode() async throws {
        try await Plane.with { plane in
            // The runner does not look at its jobs' memory.
            let env = "[{name: MARTINET_MEMORY_LIMIT, value: '0'}]"
            let command: JSONValue = ["sh", "-c", "x=$(head -c 400000000 /dev/zero | tr '\\0' x); sleep 1000"]
            try await check(plane, command, env: env, message: "was killed because its container used up its memory")
        }
    }
}
