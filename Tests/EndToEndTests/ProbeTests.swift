import APIMachinery
import TestSupport
import Testing

/// What others look at from outside: probes, metrics, and who is let in.
@Suite("Probes and doors")
struct ProbeTests {
    @Test("Probes name their checks; metrics pass promtool; strangers get nothing else")
    func outside() async throws {
        try await Plane.with { plane in
            let base = "http://127.0.0.1:\(plane.httpPort)"
            let ready = try await plane.commands.check(["curl", "-sf", "\(base)/readyz?verbose"])
            for check in ["ping", "run-store", "apiserver", "informers", "node"] {
                #expect(ready.out.contains("[+]\(check) ok"))
            }
            #expect(try await plane.commands.check(["curl", "-sf", "\(base)/livez"]).out == "ok")
            let health = try await plane.commands.check(["curl", "-sf", "\(base)/health"]).json()
            #expect(health["status"] == "ok")

            // Some work first, so that histograms have samples.
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            for name in try await plane.submit("noop", count: 20, params: [:]) { try await plane.succeeded(run: name) }
            let metrics = try await plane.metrics()
            let verdict = try await plane.commands.run(["promtool", "check", "metrics"], input: metrics)
            #expect(verdict.succeeded, "\(verdict)")
            for name in [
                "martinet_runs_total", "martinet_run_duration_seconds", "martinet_jobs_total",
                "martinet_job_queue_seconds", "martinet_job_execution_seconds", "martinet_queue_depth",
                "martinet_queue_oldest_age_seconds", "martinet_pool_replicas", "martinet_pool_desired_replicas",
                "martinet_pool_interrupted_jobs_total", "controller_runtime_reconcile_total", "workqueue_depth",
                "authentication_attempts_total{result=\"failure\"}", "authorization_attempts_total{result=\"denied\"}",
            ] {
                #expect(metrics.contains(name), "\(name) is missing")
            }

            let path = "\(base)/api/v1/namespaces/default/runs"
            for words in [[path], ["-H", "Authorization: Bearer wrong", path]] {
                let answer = try await plane.commands.check(
                    ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"] + words
                )
                #expect(answer.out == "401")
            }
            let keyed = try await plane.commands.check([
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "X-API-Key: \(plane.token)", path,
            ])
            #expect(keyed.out == "200")
            let api = try await plane.commands.check([
                "curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}",
                "https://127.0.0.1:\(plane.apiPort)/api/v1/pods",
            ])
            #expect(api.out == "403", "as on any cluster, a stranger is system:anonymous")
            for file in ["kubeconfig", "token", "runner-key", "pki/controller.kubeconfig", "pki/node.key"] {
                let mode = try await plane.commands.check(["stat", "-c", "%a", "\(plane.dataDirectory)/\(file)"])
                #expect(mode.out == "600\n", "\(file) holds a key")
            }
        }
    }

    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec: {concurrency: 4}
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: noop}
        spec: {steps: [{id: noop, actor: noop}]}
        """
}
