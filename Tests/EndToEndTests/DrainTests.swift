import APIMachinery
import TestSupport
import Testing

/// `kubectl drain` of the node: budgets hold it back, runners finish their jobs, and the pool comes back.
@Suite("kubectl drain", .serialized)
struct DrainTests {
    @Test("A drain waits for the budget, then for the running job, and the pool returns after uncordon")
    func drain() async throws {
        try await Plane.with { plane in
            let gate = "\(plane.directory)/gate"
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            try await plane.kubectl(
                "create",
                "poddisruptionbudget",
                "patience",
                "--selector=martinet.dev/pool=patience",
                "--max-unavailable=0"
            )
            let run = try #require(
                try await plane.submit("wait", count: 1, params: ["gate": .string(gate)]).first
            )
            try await eventually("the job runs") {
                try await plane.get("workflowrun", run).step("wait")?["phase"] == "Running"
            }
            let pod = try #require(try await Self.runner(plane))
            let node = try await plane.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}").out

            let held = try await plane.commands.run(["kubectl", "drain", node, "--timeout=2s"])
            #expect(!held.succeeded)
            #expect(held.err.contains("Cannot evict pod as it would violate the pod's disruption budget."))
            #expect(held.out.contains("evicting pod default/\(pod)"))
            #expect(try await plane.get("pod", pod).value(at: "metadata", "deletionTimestamp") == nil)
            let table = try await plane.kubectl("get", "pdb")
            #expect(table.out.contains("ALLOWED DISRUPTIONS"))
            let described = try await plane.kubectl("describe", "pdb", "patience")
            #expect(described.out.contains("Max unavailable:  0"))
            #expect(described.out.contains("Total:                1"))

            try await plane.kubectl("patch", "pdb", "patience", "--type=merge", "-p", #"{"spec":{"maxUnavailable":1}}"#)
            let commands = plane.commands
            async let drained = commands.run(["kubectl", "drain", node])
            try await eventually("the runner is draining") {
                try await plane.get("pod", pod).value(at: "metadata", "deletionTimestamp") != nil
            }
            let conditions = try await plane.get("pod", pod).value(at: "status", "conditions")?.arrayValue ?? []
            #expect(conditions.contains { $0["reason"] == "EvictionByEvictionAPI" })
            try await plane.commands.check(["touch", gate])
            let result = try await drained
            #expect(result.succeeded, "\(result.err)")
            #expect(result.out.contains("node/\(node) drained"))

            let ended = try await plane.succeeded(run: run)
            #expect(ended.step("wait")?["runner"] == .string(pod), "the job was finished where it had begun")
            #expect(ended.step("wait")?["attempts"] == 1)
            let replacement = try await eventually("the pool has made another runner") {
                try await Self.runner(plane).flatMap { $0 == pod ? nil : $0 }
            }
            #expect(try await plane.get("pod", replacement).value(at: "spec", "nodeName") == nil)

            try await plane.kubectl("uncordon", node)
            try await eventually("the pool is back") { try await plane.get("workerpool", "patience").isRolledOut }
        }
    }

    private static func runner(_ plane: Plane) async throws -> String? {
        let names = try await plane.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.name}").out
        return names.split(separator: " ").first.map(String.init)
    }

    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: patience}
        spec: {replicas: 1, drainTimeoutSeconds: 120}
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: wait}
        spec:
          pool: patience
          params: [{name: gate}]
          steps:
          - id: wait
            actor: exec
            with: {command: [sh, -c, 'while [ ! -e "$0" ]; do sleep 0.1; done', '${{ params.gate }}'], output: text}
        """
}
