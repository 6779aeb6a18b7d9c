import ArgumentParser
import Spec

/// What is done with the words of a command line before they are parsed.
enum CommandWords {
    /// Options that every command takes, as kubectl has them; `true` for those that have a value.
    private static let globalOptions = ["--kubeconfig", "--context", "--namespace", "-n", "--output", "-o"]

    /// Moves global options that stand before the command behind it: `ctl --kubeconfig F runs` is `ctl runs
    /// --kubeconfig F`.
    static func normalized(_ words: [String]) -> [String] {
        var moved: [String] = []
        var rest = words[...]
        while let word = rest.first, word.hasPrefix("-"), word != "--" {
            if globalOptions.contains(word) {
                guard rest.count >= 2 else { break }
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if globalOptions.contains(where: { isJoined(word, $0) }) {
                moved.append(word)
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        guard !moved.isEmpty, let command = rest.first, !command.hasPrefix("-") else { return words }
        // In front of "--", after which nothing is an option.
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return Array(rest[..<end]) + moved + Array(rest[end...])
    }

    /// Whether the word is the option with its value: `--namespace=x`, `-nx`.
    private static func isJoined(_ word: String, _ option: String) -> Bool {
        option.hasPrefix("--") ? word.hasPrefix(option + "=") : word.hasPrefix(option) && !word.hasPrefix("--")
    }

    /// What to say of a first word, or of a second one of a command with commands of its own, that is no command.
    static func unknownCommand(_ words: [String]) -> String? {
        var path = "ctl"
        var commands: [any ParsableCommand.Type] = Ctl.configuration.groupedSubcommands.flatMap { $0.subcommands }
        commands += Ctl.configuration.ungroupedSubcommands
        for word in words {
            guard !commands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let command = commands.first(where: { names($0).contains(word) }) else {
                let known = commands.filter { $0.configuration.shouldDisplay }.flatMap { names($0) }
                let meant = Suggestion.closest(to: word, in: known).map { "\n\nDid you mean this?\n\t\($0)" } ?? ""
                return "unknown command \"\(word)\" for \"\(path)\"; \(path) --help lists the commands\(meant)"
            }
            path += " \(word)"
            commands = command.configuration.subcommands
        }
        return nil
    }

    private static func names(_ command: any ParsableCommand.Type) -> [String] {
        (command.configuration.commandName.map { [$0] } ?? []) + command.configuration.aliases
    }
}
