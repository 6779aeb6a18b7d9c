import APIMachinery
public import ArgumentParser

/// The command that people type: everything about runs and pools that kubectl has no word for.
public struct Ctl: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "ctl",
        abstract: "Runs workflows and manages worker pools.",
        discussion: """
            Objects are declared with kubectl; ctl adds the commands that kubectl lacks. It finds the plane by \
            --kubeconfig, then $KUBECONFIG, then ~/.martinet/kubeconfig.

            EXAMPLES
              ctl run tree-triage -p tree=$PWD --watch     start a run and watch its steps
              ctl jobs tree-triage-x7k2p                   the durations and resources of its jobs
              ctl rollback workerpool/triage --version 1.0.0
              ctl verify manifests/                        check files without a plane

            EXIT CODES
               0  done
               1  failed; so did the run that was waited for
               2  refused: the input is wrong
               3  not found
               4  the plane cannot be reached, or answered with an error
              64  wrong usage
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Runs",
                subcommands: [
                    RunCommand.self, RunsCommand.self, JobsCommand.self, LogsCommand.self, CancelCommand.self,
                    RetryCommand.self, DeadLettersCommand.self,
                ]
            ),
            CommandGroup(
                name: "Pools and workflows",
                subcommands: [
                    StatusCommand.self, ScaleCommand.self, RestartCommand.self, HistoryCommand.self,
                    RollbackCommand.self, VersionsCommand.self,
                ]
            ),
            CommandGroup(
                name: "Faults",
                subcommands: [QuarantineCommand.self]
            ),
            CommandGroup(
                name: "Backups",
                subcommands: [BackupCommand.self, RestoreCommand.self]
            ),
            CommandGroup(
                name: "Files and programs",
                subcommands: [
                    ImageCommand.self, VerifyCommand.self, CompletionCommand.self, VersionCommand.self,
                    NamesCommand.self,
                ]
            ),
        ]
    )

    public init() {}

    /// What is said of wrong arguments that a command found after they were parsed, as the parser says it of others.
    static func usageError(_ fault: ValidationError, of command: any ParsableCommand.Type) -> String {
        let usage = usageString(for: command)
        // The command's own words: `ctl deadletters purge` of `ctl deadletters purge [<name> ...]`.
        let path = usage.split(separator: " ").prefix { $0.first?.isLetter == true }.joined(separator: " ")
        return "Error: \(fault.message)\nUsage: \(usage)\n  See '\(path) --help' for more information."
    }

    /// Runs the command line and ends the process with a code that means something.
    public static func runAndExit() async -> Never {
        Terminal.prepareSignals()
        var running: (any ParsableCommand.Type)?
        do {
            let words = CommandWords.normalized(Array(CommandLine.arguments.dropFirst()))
            if let fault = CommandWords.unknownCommand(words) {
                Terminal.complain(fault)
                Terminal.exit(ExitCode.validationFailure.rawValue)
            }
            var command = try parseAsRoot(words)
            running = type(of: command)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Terminal.exit(0)
        } catch {
            if let running, let fault = error as? ValidationError {
                Terminal.note(usageError(fault, of: running))
                Terminal.exit(ExitCode.validationFailure.rawValue)
            }
            guard let failure = Failure(explaining: error) else { exit(withError: error) }
            Terminal.complain(failure.message)
            Terminal.exit(failure.code.rawValue)
        }
    }
}
