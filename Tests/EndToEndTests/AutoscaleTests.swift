import APIMachinery
import TestSupport
import Testing

/// `kubectl autoscale` of a pool: the server keeps the HorizontalPodAutoscaler, the controller acts on it.
@Suite("kubectl autoscale", .serialized)
struct AutoscaleTests {
    @Test("A pool follows the processor use of its runners, as kubectl autoscale says")
    func autoscale() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            try await eventually("the pool is there") { try await plane.get("workerpool", "busy").isRolledOut }
            let answer = try await plane.kubectl(
                "autoscale",
                "workerpool/busy",
                "--min=1",
                "--max=2",
                "--cpu-percent=50"
            )
            #expect(answer.out.contains("horizontalpodautoscaler.autoscaling/busy autoscaled"))
            let gate = "\(plane.directory)/gate"
            let run = try #require(
                try await plane.submit("burn", count: 1, params: ["gate": .string(gate)]).first
            )
            try await eventually("the pool has grown") {
                try await plane.get("workerpool", "busy").value(at: "spec", "replicas") == 2
            }
            try await eventually("the autoscaler shows what it has done") {
                let status = try await plane.get("hpa", "busy")["status"]
                return status?["currentReplicas"] == 2 && status?["lastScaleTime"] != nil
            }
            let table = try await plane.kubectl("get", "hpa")
            #expect(table.out.contains("WorkerPool/busy"))
            #expect(table.out.contains("%/50%"))
            let older = try await plane.get("horizontalpodautoscalers.v1.autoscaling", "busy")
            #expect(older.value(at: "spec", "targetCPUUtilizationPercentage") == 50)
            let described = try await plane.kubectl("describe", "hpa", "busy")
            #expect(described.out.contains("resource cpu on pods  (as a percentage of request)"))
            #expect(described.out.contains("ScalingActive"))
            #expect(described.out.contains("SuccessfulRescale"))
            try await plane.commands.check(["touch", gate])
            try await plane.succeeded(run: run)

            // The pool's own autoscaling comes first.
            try await plane.kubectl(
                "patch",
                "workerpool",
                "busy",
                "--type=merge",
                "-p",
                #"{"spec":{"autoscaling":{"maxReplicas":3}}}"#
            )
            try await plane.kubectl("wait", "--for=condition=ScalingActive=False", "hpa/busy", "--timeout=30s")
            let conditions = try await plane.get("hpa", "busy").value(at: "status", "conditions")?.arrayValue ?? []
            #expect(conditions.contains { $0["reason"] == "PoolScalesItself" })
        }
    }

    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: busy}
        spec:
          template:
            spec:
              containers:
              - {name: agent-runner, image: 'martinet/agent-runner:latest', resources: {requests: {cpu: 20m}}}
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: burn}
        spec:
          pool: busy
          params: [{name: gate}]
          steps:
          - id: burn
            actor: exec
            with: {command: [sh, -c, 'while [ ! -e "$0" ]; do :; done', '${{ params.gate }}'], output: text}
        """
}
