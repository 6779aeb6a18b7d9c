import APIMachinery
import ArgumentParser
import Testing

@testable import CLI

/// Values that look like options.
@Suite struct NegativeValueTests {
    /// Every option with a value of every command, as `runs --limit`.
    private static func options() throws -> [[String]] {
        func options(_ command: JSONValue, _ path: [String]) -> [[String]] {
            let own = (command["arguments"]?.arrayValue ?? []).filter { $0["kind"] == "option" }
            let words = own.flatMap { $0["names"]?.arrayValue ?? [] }.compactMap { name -> [String]? in
                guard let text = name["name"]?.stringValue else { return nil }
                return path + [(name["kind"] == "long" ? "--" : "-") + text]
            }
            let below = (command["subcommands"]?.arrayValue ?? []).flatMap { sub in
                options(sub, path + [sub["commandName"]?.stringValue ?? ""])
            }
            return words + below
        }
        return options(try JSONValue(parsing: Ctl._dumpHelp())["command"] ?? [:], [])
    }

    @Test("A negative number is the value of any option before it")
    func everyOption() throws {
        let options = try Self.options()
        #expect(options.count > 100)
        for words in options {
            for value in ["-1", "-5s", "-0.5"] {
                do {
                    _ = try Ctl.parseAsRoot(CommandWords.normalized(words + [value]))
                } catch {
                    let message = Ctl.message(for: error)
                    #expect(!message.contains("Missing value"), "\(words) \(value): \(message)")
                    #expect(!message.contains("Unknown option"), "\(words) \(value): \(message)")
                }
            }
        }
    }

    @Test("Nothing else is joined")
    func others() {
        for line in ["runs -A -l x", "logs r -- --since -5s", "jobs -5", "run w --watch --name -p", "--limit=3 -1x"] {
            let words = line.split(separator: " ").map(String.init)
            #expect(CommandWords.normalized(words) == words)
        }
        #expect(CommandWords.normalized(["-n", "-1", "runs"]) == ["runs", "-n=-1"])
    }

    @Test(
        "A fault that a command finds shows the usage of that command",
        arguments: [
            (["deadletters", "purge", "x"], "Usage: ctl deadletters purge "), (["run", "w"], "Usage: ctl run "),
        ]
    )
    func usage(_ words: [String], _ expected: String) throws {
        let command = try Ctl.parseAsRoot(words)
        let text = Ctl.usageError(ValidationError("wrong"), of: type(of: command))
        #expect(text.hasPrefix("Error: wrong\n\(expected)"))
        #expect(text.contains("\n  See '\(expected.dropFirst("Usage: ".count))--help' for more information."))
    }
}
