import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Sets the number of a pool's runners, as kubectl scale does.",
        discussion: """
            A pool with autoscaling follows its metrics instead.

            EXAMPLE
              ctl scale workerpool/triage --replicas 4
            """
    )

    @Argument(help: ObjectReference.poolHelp, completion: NamesCommand.completion(of: "pools"))
    var pool: ObjectReference

    // A negative number is a wrong value and not the next option.
    @Option(parsing: .unconditional, help: "How many runners.")
    var replicas: Int

    @OptionGroup var global: GlobalOptions

    mutating func validate() throws {
        try pool.requirePool()
        if replicas < 0 { throw ValidationError("--replicas \(replicas): must be 0 or more") }
    }

    func run() async throws {
        try await global.withClient { client, namespace in
            let result = try await client.patch(
                pool.resource,
                namespace: namespace,
                name: pool.name,
                subresource: "scale",
                .merge(["spec": ["replicas": .int(Int64(replicas))]]),
                WriteOptions(fieldManager: "ctl")
            )
            if !Printing.structured(result.json, global.output, name: "workerpool/\(pool.name)") {
                Terminal.line("workerpool/\(pool.name) scaled")
            }
        }
    }
}

struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Replaces a pool's runners one after the other; no job is interrupted.",
        discussion: """
            EXAMPLE
              ctl restart workerpool/triage --wait
            """
    )

    @Argument(help: ObjectReference.poolHelp, completion: NamesCommand.completion(of: "pools"))
    var pool: ObjectReference

    @Flag(help: "Wait until all runners are new.")
    var wait = false

    @OptionGroup var global: GlobalOptions

    mutating func validate() throws { try pool.requirePool() }

    func run() async throws {
        try await global.withClient { client, namespace in
            // The annotation that kubectl rollout restart sets, in our own domain: a changed template is a rollout.
            let result = try await client.patch(
                pool.resource,
                namespace: namespace,
                name: pool.name,
                .merge([
                    "spec": [
                        "template": [
                            "metadata": [
                                "annotations": ["martinet.dev/restartedAt": .string(Timestamp.now().rfc3339Micro)]
                            ]
                        ]
                    ]
                ]),
                WriteOptions(fieldManager: "ctl")
            )
            if wait {
                try await RolloutWaiter(client: client, namespace: namespace, name: pool.name)
                    .wait(for: result)
            }
            if !Printing.structured(result.json, global.output, name: "workerpool/\(pool.name)") {
                Terminal.line("workerpool/\(pool.name) restarted")
            }
        }
    }
}
