import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deadletters",
        abstract: "Lists, requeues and purges jobs that were delivered too often without being reported.",
        discussion: """
            A job is put aside when it has been given to runners as often as the pool's spec.queue.maxDeliveries \
            allows and none of them reported it, usually because each of them died.

            EXAMPLES
              ctl deadletters list
              ctl deadletters show 17.0.1
              ctl deadletters requeue 17.0.1
              ctl deadletters purge --all --pool triage
            """,
        subcommands: [List.self, Show.self, Requeue.self, Purge.self]
    )

    private static let resource = DeadLetterDefinition.resource

    /// Which dead letters a command is about.
    struct Selection: ParsableArguments {
        @Argument(
            help: ArgumentHelp("The dead letters, as ctl deadletters list names them.", valueName: "name"),
            completion: NamesCommand.completion(of: "deadletters"),
            transform: ObjectKind.deadLetter.name
        )
        var names: [String] = []

        @Flag(help: "All dead letters of the namespace, or of --pool.")
        var all = false

        @Option(
            help: "With --all: only those of this pool.",
            completion: NamesCommand.completion(of: "pools"),
            transform: ObjectKind.pool.name
        )
        var pool: String?

        func validate() throws {
            guard all != names.isEmpty else { return }
            throw ValidationError(all ? "give names or --all, not both" : "give the names of dead letters, or --all")
        }

        /// The names; says so if there are none.
        func resolve(_ client: KubeClient, _ namespace: String) async throws -> [String] {
            guard all else { return names }
            let found = try await DeadLettersCommand.list(client, namespace, pool: pool).map(\.name)
            if found.isEmpty { Terminal.note(DeadLettersCommand.none(namespace, pool: pool)) }
            return found
        }
    }

    /// - Throws: `Failure` if there are none and no such pool: dead letters may outlive their pool.
    private static func list(_ client: KubeClient, _ namespace: String, pool: String?) async throws -> [Unstructured] {
        let options = ListOptions(fieldSelector: pool.map { "status.pool=\($0)" })
        let letters = try await client.listAll(resource, namespace: namespace, options).items
        if let pool, letters.isEmpty, !namespace.isEmpty {
            do {
                _ = try await client.get(WorkerPool.resource, namespace: namespace, name: pool)
            } catch let status as Status where status.isNotFound {
                throw Failure(
                    .notFound,
                    "there is no worker pool \"\(pool)\" in namespace \(namespace), and no dead letter of it; "
                        + "list them with: kubectl get workerpools -n \(namespace)"
                )
            }
        }
        return letters
    }

    /// What is said where there are no dead letters; of all namespaces if that is empty.
    static func none(_ namespace: String, pool: String?) -> String {
        let scope = [pool.map { "pool \($0)" }, namespace.isEmpty ? nil : "namespace \(namespace)"].compactMap(\.self)
        return "No dead letters" + (scope.isEmpty ? "." : " in \(scope.joined(separator: " of ")).")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Lists dead letters.",
            discussion: """
                EXAMPLE
                  ctl deadletters list --pool triage
                """
        )

        @Option(
            help: "Only those of this pool.",
            completion: NamesCommand.completion(of: "pools"),
            transform: ObjectKind.pool.name
        )
        var pool: String?

        @Flag(name: [.customShort("A"), .long], help: "Of all namespaces.")
        var allNamespaces = false

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            try await global.withClient { client, namespace in
                let letters = try await DeadLettersCommand.list(client, allNamespaces ? "" : namespace, pool: pool)
                let name = { (letter: JSONValue) in "deadletter/\(Unstructured(letter).name)" }
                if Printing.structured(list: letters.map(\.json), global.output, name: name) { return }
                guard !letters.isEmpty else {
                    return Terminal.note(DeadLettersCommand.none(allNamespaces ? "" : namespace, pool: pool))
                }
                var table = Table("NAME", "POOL", "RUN", "STEP", ">DELIVERIES", ">AGE", "MESSAGE")
                for letter in letters {
                    let status = letter.json["status"]
                    table.add([
                        .init(allNamespaces ? "\(letter.namespace)/\(letter.name)" : letter.name),
                        .init(status?["pool"]?.stringValue ?? ""), .init(status?["run"]?.stringValue ?? ""),
                        .init(status?["step"]?.stringValue ?? ""),
                        .init("\(status?["deliveries"]?.intValue ?? 0)"),
                        .init(Printing.age(letter.creationTimestamp)), .init(status?["message"]?.stringValue ?? ""),
                    ])
                }
                let width = Terminal.isInteractive ? Terminal.size.columns : nil
                Terminal.write(table.render(maximumWidth: width))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Shows one dead letter.",
            discussion: """
                EXAMPLE
                  ctl deadletters show 17.0.1 -o json
                """
        )

        @Argument(
            help: ArgumentHelp("The dead letter.", valueName: "name"),
            completion: NamesCommand.completion(of: "deadletters"),
            transform: ObjectKind.deadLetter.name
        )
        var name: String

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            try await global.withClient { client, namespace in
                let letter = try await client.get(DeadLettersCommand.resource, namespace: namespace, name: name)
                if Printing.structured(letter.json, global.output, name: "deadletter/\(name)") { return }
                for (key, value) in letter.json["status"]?.objectValue ?? [:] {
                    Terminal.line("\((key + ":").padding(to: 12)) \(value.stringValue ?? value.text)")
                }
            }
        }
    }

    struct Requeue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "requeue",
            abstract: "Puts dead letters back into their queues; their runs continue.",
            discussion: """
                EXAMPLES
                  ctl deadletters requeue 17.0.1
                  ctl deadletters requeue --all
                """
        )

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            try await global.withClient { client, namespace in
                for name in try await selection.resolve(client, namespace) {
                    let result = try await client.create(
                        DeadLettersCommand.resource,
                        namespace: namespace,
                        name: name,
                        subresource: "requeue",
                        .object([:])
                    )
                    if Printing.structured(result, global.output, name: "deadletter/\(name)") { continue }
                    Terminal.line("deadletter/\(name) requeued")
                }
            }
        }
    }

    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge",
            abstract: "Discards dead letters; their runs stay failed.",
            discussion: """
                EXAMPLES
                  ctl deadletters purge 17.0.1
                  ctl deadletters purge --all --pool triage
                """
        )

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            try await global.withClient { client, namespace in
                for name in try await selection.resolve(client, namespace) {
                    try await client.delete(DeadLettersCommand.resource, namespace: namespace, name: name)
                    if global.output == .name {
                        Terminal.line("deadletter/\(name)")
                    } else {
                        Terminal.line("deadletter/\(name) purged")
                    }
                }
            }
        }
    }
}
