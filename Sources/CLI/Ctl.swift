import APIMachinery
public import ArgumentParser

/// The command that people type: everything about runs and pools that kubectl has no word for.
public struct Ctl: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "ctl",
        abstract: "Runs workflows and manages worker pools.",
        discussion: """
            Objects are declared with kubectl; ctl does what kubectl has no word for. It finds the plane by \
            --kubeconfig, then $KUBECONFIG, then ~/.martinet/kubeconfig.

            EXAMPLES
              ctl run tree-triage -p tree=$PWD --watch     start a run and watch its steps
              ctl jobs tree-triage-x7k2p                   what every job of a run cost
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

    /// Runs the command line and ends the process with a code that means something.
    public static func runAndExit() async -> Never {
        Terminal.prepareSignals()
        do {
            let words = CommandWords.normalized(Array(CommandLine.arguments.dropFirst()))
            if let fault = CommandWords.unknownCommand(words) {
                Terminal.complain(fault)
                Terminal.exit(ExitCode.validationFailure.rawValue)
            }
            var command = try parseAsRoot(words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Terminal.exit(0)
        } catch {
            guard let failure = Failure(explaining: error) else { exit(withError: error) }
            Terminal.complain(failure.message)
            Terminal.exit(failure.code.rawValue)
        }
    }
}
