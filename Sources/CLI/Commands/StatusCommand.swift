import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows pools, queues, runners and runs at a glance.",
        discussion: """
            EXAMPLES
              ctl status
              ctl status -A -o json
            """
    )

    @Flag(name: [.customShort("A"), .long], help: "Of all namespaces.")
    var allNamespaces = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let scope = allNamespaces ? "" : namespace
            let version = try await client.json(APIRequest(.get, "/version"))
            let pools = try await client.listAll(WorkerPool.resource, namespace: scope)
            let workflows = try await client.listAll(Workflow.resource, namespace: scope)
            let phases = try await RunLists.counts(client, namespace: scope)
            let summary: JSONValue = [
                "server": .string(client.configuration.server),
                "version": version["gitVersion"] ?? "",
                "workflows": .int(Int64(workflows.items.count)),
                "pools": .array(
                    pools.items.map { pool in
                        [
                            "namespace": .string(pool.namespace), "name": .string(pool.name),
                            "status": pool.json["status"] ?? [:],
                        ]
                    }
                ),
                "runs": .object(JSONObject(phases.map { ($0.key, .int($0.value)) })),
            ]
            if Printing.structured(summary, global.output, name: client.configuration.server) { return }
            Terminal.line(
                "\(Terminal.styled("Plane", .bold))      \(client.configuration.server)  Kubernetes API \(version["gitVersion"]?.stringValue ?? "")"
            )
            Terminal.line("\(Terminal.styled("Workflows", .bold))  \(workflows.items.count)")
            let shown = RunPhase.allCases.compactMap { phase in
                phases[phase.rawValue].map { "\($0) \(Terminal.styled(phase.rawValue, phaseStyle(phase.rawValue)))" }
            }
            Terminal.line(
                "\(Terminal.styled("Runs", .bold))       \(shown.isEmpty ? "none" : shown.joined(separator: ", "))"
            )
            Terminal.line()
            guard !pools.items.isEmpty else {
                Terminal.line("No pools. Create one with: kubectl apply -f manifests/examples/triage/workerpool.yaml")
                return
            }
            var table = Table(
                "POOL",
                "VERSION",
                ">READY",
                ">BUSY",
                ">QUEUED",
                ">LEASED",
                ">OLDEST",
                ">DEAD",
                "STATUS"
            )
            for pool in pools.items {
                let status = pool.json["status"]
                func number(_ name: String) -> Int64 { status?[name]?.intValue ?? 0 }
                func queue(_ name: String) -> Int64 { status?.value(at: "queue", name)?.intValue ?? 0 }
                let state = PoolState(status)
                table.add([
                    .init(allNamespaces ? "\(pool.namespace)/\(pool.name)" : pool.name),
                    .init(status?["version"]?.stringValue ?? "-"),
                    .init(
                        "\(number("readyReplicas"))/\(number("desiredReplicas"))",
                        number("readyReplicas") < number("desiredReplicas") ? .yellow : .green
                    ),
                    .init("\(number("busyReplicas"))"),
                    .init("\(queue("depth"))"),
                    .init("\(queue("leased"))"),
                    .init(HumanDuration.human(seconds: queue("oldestAgeSeconds"))),
                    .init("\(queue("deadLetters"))", queue("deadLetters") > 0 ? .red : nil),
                    .init(state.reason, state.style),
                ])
            }
            Terminal.write(table.render())
        }
    }
}
