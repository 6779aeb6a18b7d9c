import APIMachinery
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `ctl backup` and `ctl restore` against a controller that goes on working.
@Suite("Backups")
struct BackupTests {
    @Test("A running plane becomes what it was: objects, runs, a custom kind; watchers see it happen")
    func restore() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            try await eventually("the kind is served") {
                try await plane.commands.run(["kubectl", "get", "things"]).succeeded
            }
            try await plane.kubectl("apply", "-f", "-", input: Self.thing)
            try await plane.kubectl("create", "secret", "generic", "key", "--from-literal=a=b")
            try await eventually("the pool is up") { try await plane.get("workerpool", "default").isRolledOut }
            let names = try await plane.submit("quick", count: 3, params: .object([:]))
            for name in names { try await plane.succeeded(run: name) }
            let logs = try await plane.ctl("logs", names[0]).out
            let file = "\(plane.directory)/plane.backup"
            try await plane.ctl("backup", file)
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600, "it holds Secrets")
            let again = try await plane.commands.run(["\(Plane.binaries)/ctl", "backup", file])
            #expect(!again.succeeded && again.err.contains("--force"))
            try await plane.ctl("backup", file, "--force")

            let watch = try ChildProcess(
                "/usr/bin/env",
                ["kubectl", "get", "workflows", "-w", "--output-watch-events", "-o", "name"],
                environment: plane.commands.environment,
                output: "\(plane.directory)/watch"
            )
            defer { watch.signal(SIGKILL) }
            try await eventually("the watch stands") { watch.output().out.contains("quick") }
            try await plane.kubectl("delete", "crd", "things.test.example")
            try await plane.kubectl("delete", "secret", "key")
            try await plane.kubectl("delete", "workflow", "quick")
            try await plane.kubectl("create", "configmap", "late", "--from-literal=a=b")
            try await plane.kubectl("delete", "workflowrun", names[1])
            let before = try await plane.get("workerpool", "default")

            let plan = try await plane.ctl("restore", file, "--dry-run").out
            #expect(plan.contains("secrets"))
            #expect(try await plane.commands.run(["kubectl", "get", "secret", "key"]).succeeded == false)
            try await plane.ctl("restore", file)

            #expect(try await plane.get("secret", "key").value(at: "data", "a") == "Yg==")
            #expect(try await plane.commands.run(["kubectl", "get", "configmap", "late"]).succeeded == false)
            #expect(try await plane.get("thing", "one").value(at: "spec", "size") == 7)
            for name in names { try await plane.succeeded(run: name) }
            #expect(try await plane.ctl("logs", names[0]).out == logs)
            #expect(try await plane.get("workflowrun", names[1]).value(at: "status", "phase") == "Succeeded")
            let after = try await plane.get("workerpool", "default")
            #expect(after.value(at: "metadata", "uid") == before.value(at: "metadata", "uid"))
            try await eventually("the watcher sees the workflow go and come") {
                let lines = watch.output().out.split(separator: "\n").filter { $0.contains("quick") }
                return lines.count >= 3
            }
            let second = try await plane.ctl("restore", file, "--dry-run").out
            #expect(!second.contains("secrets"))
            // The plane works on.
            let more = try await eventually("runs are accepted") {
                try? await plane.submit("quick", count: 1, params: .object([:]))
            }
            try await plane.succeeded(run: more[0])
        }
    }

    @Test("A damaged backup changes nothing, and nobody but an administrator gets one")
    func refusals() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("create", "configmap", "kept", "--from-literal=a=b")
            let file = "\(plane.directory)/plane.backup"
            try await plane.ctl("backup", file)
            try await plane.kubectl("delete", "configmap", "kept")
            let whole = Files.text(file)
            let config = try await plane.commands.check([
                "kubectl", "config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}",
            ]).out
            let damages = [
                String(whole.dropLast(30)), whole.replacing("\"kept\"", with: "\"lost\""), "apiVersion: v1\n",
            ]
            for (index, text) in damages.enumerated() {
                let damaged = "\(plane.directory)/damaged-\(index)"
                try Files.write(text, to: damaged)
                let result = try await plane.commands.run(["\(Plane.binaries)/ctl", "restore", damaged])
                #expect(!result.succeeded && result.err.contains(damaged))
                // The server does not rely on its client.
                let answer = try await plane.commands.check([
                    "curl", "-s", "--cacert", "\(plane.dataDirectory)/ca.crt", "-w", "\n%{http_code}", "-X", "POST",
                    "-H", "Authorization: Bearer \(plane.token)", "--data-binary", "@\(damaged)",
                    "\(config)/martinet/v1/restore",
                ]).out
                #expect(answer.hasSuffix("\n400"), "\(answer)")
            }
            #expect(try await plane.commands.run(["kubectl", "get", "configmap", "kept"]).succeeded == false)
            let stranger = try await plane.commands.check([
                "curl", "-s", "--cacert", "\(plane.dataDirectory)/ca.crt", "-o", "/dev/null", "-w", "%{http_code}",
                "\(config)/martinet/v1/backup",
            ]).out
            #expect(["401", "403"].contains(stranger))
            try await plane.ctl("restore", file)
            #expect(try await plane.get("configmap", "kept").value(at: "data", "a") == "b")
        }
    }

    @Test("A restoration that was killed half-way is finished by the next start")
    func pending() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("create", "configmap", "kept", "--from-literal=a=b")
            let file = "\(plane.directory)/plane.backup"
            try await plane.ctl("backup", file)
            try await plane.kubectl("delete", "configmap", "kept")
            // What is there once a restoration has been decided on, and before any of it is done.
            plane.controller.signal(SIGKILL)
            try await plane.controller.wait()
            try Files.write(Files.text(file), to: "\(plane.dataDirectory)/restore.pending")
            try await plane.restart()
            #expect(try await plane.get("configmap", "kept").value(at: "data", "a") == "b")
            #expect(!FileManager.default.fileExists(atPath: "\(plane.dataDirectory)/restore.pending"))
        }
    }

    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec:
          replicas: 1
          template:
            spec:
              containers: [{name: agent-runner, image: "martinet/agent-runner:latest"}]
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: quick}
        spec:
          steps:
            - {id: say, actor: exec, with: {command: [sh, -c, 'echo said >&2'], output: text}}
        ---
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: things.test.example}
        spec:
          group: test.example
          scope: Namespaced
          names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties: {spec: {type: object, properties: {size: {type: integer}}}}
        """

    private static let thing = """
        apiVersion: test.example/v1
        kind: Thing
        metadata: {name: one}
        spec: {size: 7}
        """
}
