import APIMachinery
import TestSupport
import Testing

/// What the README tells people to do works as it stands there.
@Suite("README")
struct ReadmeTests {
    @Test("Its workflow runs, its example can be applied, and Kubernetes' own commands know the run")
    func blocks() async throws {
        let manifests = Self.blocks("yaml").filter { $0.contains("kind:") }
        let workflow = try #require(manifests.first { $0.contains("kind: Workflow") })
        try await Plane.with { plane in
            for manifest in manifests { try await plane.kubectl("apply", "-f", "-", input: manifest) }
            try await plane.kubectl("apply", "-k", "\(Files.root)/manifests/examples/triage")
            let name = try #require(workflow.split(separator: "metadata: {name: ").last?.split(separator: "}").first)
            let run = try await plane.ctl("run", "workflow/\(name)").out.filter { !$0.isWhitespace }
            try await plane.kubectl("wait", "workflowrun/\(run)", "--for=condition=Complete", "--timeout=60s")
            let found = try await plane.kubectl(
                "get",
                "workflowruns",
                "-l",
                "martinet.dev/workflow=\(name)",
                "-o",
                "name"
            )
            #expect(found.out.contains(run))
            let commands = Self.blocks("").joined(separator: "\n").split(separator: "\n")
            let start = try #require(commands.first { $0.hasPrefix("ctl run ") })
            let words = start.split(separator: " ").dropFirst().filter { $0 != "--watch" }.map {
                $0.split(separator: "$PWD", omittingEmptySubsequences: false).joined(separator: Files.root)
            }
            _ = try await plane.commands.check(["\(Plane.binaries)/ctl"] + words + ["--dry-run"])
        }
    }

    @Test("A run without a pool says so; signals write a dump and end nothing")
    func missingPool() async throws {
        try await Plane.with { plane in
            let manifest = """
                apiVersion: martinet.dev/v1alpha1
                kind: Workflow
                metadata: {name: w}
                spec: {policy: {timeoutSeconds: 600}, pool: nowhere, steps: [{id: a, actor: noop}]}
                """
            let applied = try await plane.kubectl("apply", "-f", "-", input: manifest)
            #expect(applied.err.contains("worker pool \"nowhere\" does not exist in namespace \"default\" yet"))
            try await plane.kubectl("wait", "workflow/w", "--for=condition=Ready=False", "--timeout=60s")
            let run = try await plane.ctl("--kubeconfig", "\(plane.dataDirectory)/kubeconfig", "run", "w").out
                .filter { !$0.isWhitespace }
            let object = try await plane.get("workflowrun", run)
            #expect(object.value(at: "status", "reason") == "PoolNotFound")
            _ = try await eventually("an Event tells of the missing pool") {
                let events = try await plane.kubectl("get", "events", "-o", "wide").out
                return events.contains("PoolNotFound") && events.contains("workflowrun/\(run)") ? true : nil
            }
            for signal: Int32 in [10, 12, 1, 14] { plane.controller.signal(signal) }
            _ = try await eventually("a dump is written") {
                let names = (try? Files.names(in: "\(plane.dataDirectory)/dumps")) ?? []
                return names.isEmpty ? nil : Files.text("\(plane.dataDirectory)/dumps/\(names[0])").contains("# queues")
            }
            #expect(plane.controller.status == nil)
            let cancelled = try await plane.ctl("cancel", "workflowrun/\(run)").out
            #expect(cancelled == "workflowrun/\(run) cancelled\n")
        }
    }

    /// The contents of the README's blocks that are marked with that language.
    private static func blocks(_ language: String) -> [String] {
        var blocks: [String] = []
        var current: (language: Substring, lines: [Substring])?
        for line in Files.text("\(Files.root)/README.md").split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("```") else {
                current?.lines.append(line)
                continue
            }
            if let block = current {
                if block.language == language { blocks.append(block.lines.joined(separator: "\n")) }
                current = nil
            } else {
                current = (line.dropFirst(3), [])
            }
        }
        return blocks
    }
}
