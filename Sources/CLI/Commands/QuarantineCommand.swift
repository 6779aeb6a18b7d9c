import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Lists and releases what is quarantined because the plane crashed while working on it.",
        subcommands: [QuarantineListCommand.self, QuarantineReleaseCommand.self],
        defaultSubcommand: QuarantineListCommand.self
    )
}

struct QuarantineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists quarantined objects, runs and requests.",
        discussion: """
            When the plane crashes twice while it works on the same object, run or request, that is quarantined at the \
            next start, and everything else continues. The log before the time shown has the cause.

            EXAMPLES
              ctl quarantine list
              ctl quarantine list -o yaml
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, _ in
            let items = try await client.listAll(QuarantineDefinition.resource, namespace: "").items
            if Printing.structured(
                list: items.map(\.json),
                global.output,
                name: { "quarantine/\(Unstructured($0).name)" }
            ) {
                return
            }
            guard !items.isEmpty else {
                Terminal.note("Nothing is quarantined.")
                return
            }
            Terminal.write(Self.table(items).render())
        }
    }

    static func table(_ items: [Unstructured], now: Timestamp = .now()) -> Table {
        var table = Table("NAME", "KIND", "SUBJECT", ">DEATHS", "SIGNAL", ">AGE")
        for item in items {
            let spec = item.json["spec"]
            let namespace = spec?["namespace"]?.stringValue ?? ""
            let subject = spec?["name"]?.stringValue ?? ""
            table.add([
                .init(item.name, .bold),
                .init(spec?["kind"]?.stringValue ?? "-"),
                .init(namespace.isEmpty ? subject : "\(namespace)/\(subject)"),
                .init("\(item.json.value(at: "status", "deaths")?.intValue ?? 0)"),
                .init(item.json.value(at: "status", "signal")?.stringValue ?? "-", .red),
                .init(Printing.age(item.creationTimestamp, now: now)),
            ])
        }
        return table
    }
}

struct QuarantineReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Releases quarantined objects, runs or requests.",
        discussion: """
            If the plane crashes twice more while working on it, it is quarantined again.

            EXAMPLE
              ctl quarantine release run-0f3c5a7e91b2d480
            """
    )

    @Argument(help: ArgumentHelp("The names that ctl quarantine list shows.", valueName: "name"))
    var names: [String]

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, _ in
            for name in names {
                let result = try await client.delete(QuarantineDefinition.resource, namespace: "", name: name)
                if !Printing.structured(result, global.output, name: "quarantine/\(name)") {
                    Terminal.line("quarantine/\(name) released")
                }
            }
        }
    }
}
