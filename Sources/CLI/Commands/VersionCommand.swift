import APIMachinery
import ArgumentParser
import KubeClient

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Prints the versions of ctl and of the plane.",
        discussion: """
            EXAMPLES
              ctl version
              ctl version --client -o json
            """
    )

    @Flag(help: "Only the version of ctl; does not connect to a plane.")
    var client = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var versions: JSONValue = ["ctl": .string(Version.text)]
        if !client {
            let server = try await global.withClient { client, _ in
                try await client.json(APIRequest(.get, "/version"))
            }
            versions["server"] = server["gitVersion"] ?? .null
            versions["martinet"] = server["martinetVersion"]
        }
        if Printing.structured(versions, global.output, name: Version.text) { return }
        Terminal.line("ctl: \(Version.text)")
        if let server = versions["server"]?.stringValue { Terminal.line("Kubernetes API of the plane: \(server)") }
    }
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Prints a script that completes ctl's commands in a shell.",
        discussion: """
            EXAMPLES
              source <(ctl completion bash)
              source <(ctl completion zsh)
              ctl completion fish | source
            """
    )

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    @OptionGroup var unused: UnusedGlobalOptions

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Terminal.write(Ctl.completionScript(for: kind) + "\n")
    }
}
