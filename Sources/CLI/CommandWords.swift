import ArgumentParser
import Spec

/// What is done with the words of a command line before they are parsed.
enum CommandWords {
    /// Options that every command takes, as kubectl has them; `true` for those that have a value.
    private static let globalOptions = ["--kubeconfig", "--context", "--namespace", "-n", "--output", "-o"]

    /// Moves global options that stand before the command behind it: `ctl --kubeconfig F runs` is `ctl runs
    /// --kubeconfig F`.
    ///
    /// A number below zero is joined to the option before it, `--limit=-1`, so that the command can say what is wrong
    /// with it: by itself it looks like an option.
    static func normalized(_ words: [String]) -> [String] { withGlobalOptionsLast(joiningNegatives(words)) }

    private static func joiningNegatives(_ words: [String]) -> [String] {
        var result: [String] = []
        for (index, word) in words.enumerated() {
            guard word != "--" else { return result + words[index...] }
            if isNegative(word), let option = result.last, option.hasPrefix("-"), !option.contains("=") {
                result[result.count - 1] = "\(option)=\(word)"
            } else {
                result.append(word)
            }
        }
        return result
    }

    /// Whether the word is a number or a duration below zero, or begins as one. No option is named with a digit.
    private static func isNegative(_ word: String) -> Bool {
        guard word.first == "-", let next = word.dropFirst().first else { return false }
        return next.isASCII && next.isNumber || next == "." && word.count > 2
    }

    private static func withGlobalOptionsLast(_ words: [String]) -> [String] {
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
