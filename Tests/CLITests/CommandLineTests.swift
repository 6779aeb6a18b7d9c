import APIMachinery
import ArgumentParser
import ImageStore
import KubeAPI
import KubeClient
import Spec
import TestSupport
import Testing

@testable import CLI

/// Arguments, help and exit codes.
@Suite struct CommandLineTests {
    static let commands: [[String]] = [
        ["run"], ["runs"], ["jobs"], ["logs"], ["cancel"], ["retry"], ["status"], ["scale"], ["restart"], ["history"],
        ["rollback"], ["versions"], ["deadletters"], ["deadletters", "list"], ["deadletters", "show"],
        ["deadletters", "requeue"],
        ["deadletters", "purge"], ["image"], ["image", "add"], ["image", "list"], ["image", "remove"], ["verify"],
        ["completion"], ["version"],
    ]

    @Test("Every command's help teaches with an example", arguments: commands)
    func help(_ command: [String]) throws {
        var help = try Ctl.parseAsRoot(command + ["--help"])
        let error = #expect(throws: (any Error).self) { try help.run() }
        let text = Ctl.fullMessage(for: try #require(error))
        #expect(text.contains("EXAMPLE"))
        #expect(text.contains("ctl \(command.joined(separator: " "))"))
    }

    @Test("Completions are there for every shell", arguments: [CompletionShell.bash, .zsh, .fish])
    func completions(_ shell: CompletionShell) {
        let script = Ctl.completionScript(for: shell)
        for command in Self.commands {
            #expect(script.contains(command.joined(separator: " ")) || script.contains(command[0]))
        }
    }

    @Test(
        "A dead letter is named as it is printed, or by its name alone",
        arguments: ["84.0.1", "deadletter/84.0.1", "deadletters/84.0.1"]
    )
    func deadLetterNames(_ argument: String) throws {
        for command in ["show", "requeue", "purge"] {
            #expect(throws: Never.self) { _ = try Ctl.parseAsRoot(["deadletters", command, argument]) }
        }
        #expect(try ObjectKind.deadLetter.name(argument) == "84.0.1")
        #expect(throws: (any Error).self) { _ = try Ctl.parseAsRoot(["deadletters", "show", "workflow/84.0.1"]) }
    }

    @Test(
        "Command lines that are right",
        arguments: [
            "run w", "run w -p a=b -j c=5 --priority 12 --watch -n ns", "run w -l a=b --dry-run -o yaml",
            "runs --workflow w --phase Failed -l a=b -A --limit 0", "jobs r -o json", "logs r step", "cancel a b c",
            "retry r --watch", "status -A", "scale wp/p --replicas 0", "restart pool/p --wait", "history workflow/w",
            "rollback workerpool/p", "rollback workerpool/p --version 1.0.0",
            "rollback workerpool/p --to-revision 3 --wait",
            "versions -o name", "run workflow/w", "jobs workflowrun/r", "logs wfr/r s", "cancel run/a b",
            "scale p --replicas 2",
            "history w", "rollback w", "rollback workflow/w --to-revision 1", "verify a b -o json",
            "image add a:1 ./x --data-dir d", "image list",
            "image remove a:1",
            "completion bash", "version --client",
        ]
    )
    func accepted(_ line: String) throws {
        _ = try Ctl.parseAsRoot(line.split(separator: " ").map(String.init))
    }

    @Test(
        "Command lines that are wrong end with 64",
        arguments: [
            "run", "nosuch", "scale workflow/w --replicas 3", "scale wp/p", "scale wp/p --replicas -1",
            "history pod/p", "history workerpool/", "rollback wp/p --version 1 --to-revision 2", "runs --phase Done",
            "runs -o toml", "completion tcsh", "verify", "run workflowrun/r", "jobs workflow/w", "jobs run/",
            "run a/b/c",
        ]
    )
    func refused(_ line: String) throws {
        let error = #expect(throws: (any Error).self) {
            try Ctl.parseAsRoot(line.split(separator: " ").map(String.init))
        }
        #expect(Ctl.exitCode(for: try #require(error)) == .validationFailure)
    }

    @Test(
        "Errors of the plane have codes that scripts can tell apart",
        arguments: [
            (Status.notFound(.init(group: "martinet.dev", resource: "workflows"), name: "x"), Failure.Code.notFound),
            (.invalid(group: "martinet.dev", kind: "Workflow", name: "x", errors: []), .refused),
            (.badRequest("no"), .refused),
            (.conflict(.init(group: "", resource: "pods"), name: "x", "changed"), .refused),
            (.tooManyRequests("full", retryAfterSeconds: 3), .refused),
            (.unauthorized(), .plane),
            (.internalError("oh"), .plane),
            (Status(code: 503, reason: .connectionFailed, message: "connection refused"), .plane),
        ]
    )
    func codes(_ status: Status, _ code: Failure.Code) throws {
        let failure = try #require(Failure(explaining: status))
        #expect(failure.code == code)
        #expect(failure.message.hasPrefix("\(status)"))
    }

    @Test("Errors say what to do next")
    func remedies() throws {
        let missing = Status.notFound(.init(group: "martinet.dev", resource: "workflows"), name: "x")
        #expect(Failure(explaining: missing)?.message.hasSuffix("; list them with: kubectl get workflows") == true)
        let run = Status.notFound(WorkflowRun.resource.groupResource, name: "x")
        #expect(Failure(explaining: run)?.message.hasSuffix("; list them with: ctl runs") == true)
        let gone = Status(code: 503, reason: .connectionFailed, message: "connection refused")
        #expect(Failure(explaining: gone)?.message.contains("controller standalone") == true)
    }

    @Test(
        "Global options stand before or behind the command",
        arguments: [
            (
                "--kubeconfig F rollback workerpool/p --version 1.0.0",
                "rollback workerpool/p --version 1.0.0 --kubeconfig F"
            ),
            ("-n x -o=json --context c image add a b", "image add a b -n x -o=json --context c"),
            ("--namespace=x logs r -- -s", "logs r --namespace=x -- -s"),
            ("-nx runs", "runs -nx"), ("--version", "--version"), ("runs -n x", "runs -n x"),
            ("--kubeconfig", "--kubeconfig"), ("-n x --help", "-n x --help"),
        ]
    )
    func globalOptions(_ line: String, _ expected: String) {
        let words = line.split(separator: " ").map(String.init)
        #expect(CommandWords.normalized(words).joined(separator: " ") == expected)
    }

    @Test("A rollback to a version is one wherever the kubeconfig is named")
    func versionOption() throws {
        let words = CommandWords.normalized(["--kubeconfig", "F", "rollback", "workerpool/p", "--version", "1.0.0"])
        let command = try #require(try Ctl.parseAsRoot(words) as? RollbackCommand)
        #expect(command.version == "1.0.0" && command.global.kubeconfig == "F")
    }

    @Test("Every command takes the global options", arguments: commands)
    func globalOptionsEverywhere(_ command: [String]) throws {
        var help = try Ctl.parseAsRoot(
            CommandWords.normalized(["--kubeconfig", "F", "-n", "x", "--context", "c"] + command + ["--help"])
        )
        let error = #expect(throws: (any Error).self) { try help.run() }
        #expect(Ctl.exitCode(for: try #require(error)) == .success)
    }

    @Test("A mistyped command is answered with the one that was meant")
    func didYouMean() {
        #expect(CommandWords.unknownCommand(["runz"])?.contains("Did you mean this?\n\trun") == true)
        #expect(CommandWords.unknownCommand(["rolback", "x"])?.contains("\trollback") == true)
        #expect(CommandWords.unknownCommand(["image", "ad"])?.contains("for \"ctl image\"") == true)
        #expect(CommandWords.unknownCommand(["xylophone"])?.contains("Did you mean") == false)
        for words in [["runs", "x"], ["--help"], [], ["help"], ["image", "add", "x"], ["image", "--help"]] {
            #expect(CommandWords.unknownCommand(words) == nil)
        }
    }

    @Test("A cancellation says what has really happened")
    func cancellation() {
        #expect(CancelCommand.outcome(of: ["status": ["phase": "Cancelled"]]) == "cancelled")
        #expect(CancelCommand.outcome(of: ["status": ["phase": "Failed"]]).contains("had already ended"))
        let running: JSONValue = ["status": ["phase": "Running", "steps": [["id": "a", "phase": "Running"]]]]
        #expect(CancelCommand.outcome(of: running) == "is being cancelled; still stopping: a")
    }

    @Test("Images go to the plane whose kubeconfig is in use")
    func imageDirectory() async throws {
        try await Files.withTemporaryDirectory { folder in
            func directory(_ given: String? = nil, _ flag: String? = nil, _ environment: String? = nil) throws -> String
            {
                var variables = ["HOME": "/home/x"]
                if let environment { variables["KUBECONFIG"] = environment }
                return try ImageCommand.dataDirectory(given, kubeconfig: flag, environment: variables)
            }
            #expect(try directory() == "/home/x/.martinet")
            #expect(try directory("/d", "\(folder)/kubeconfig") == "/d")
            #expect(throws: Failure.self) { try directory(nil, nil, "\(folder)/kubeconfig") }
            try Files.write("", to: "\(folder)/lock")
            #expect(try directory(nil, nil, "\(folder)/kubeconfig").hasSuffix(folder))
            #expect(try directory(nil, "\(folder)/kubeconfig", "/nowhere/k").hasSuffix(folder))
        }
    }

    @Test("Only steps that are done count as done")
    func doneSteps() {
        let steps: [JSONValue] = [
            ["phase": "Succeeded"], ["phase": "Failed"], ["phase": "Running"], ["phase": "Cancelled"],
            ["phase": "Skipped", "error": ["reason": "ConditionFalse"]],
            ["phase": "Skipped", "error": ["reason": "DependencyFailed"]],
        ]
        #expect(RunsCommand.done(steps) == 2)
        #expect(JobsCommand.tries(["attempts": 1, "deliveries": 2]) == "1 (2 deliveries)")
        #expect(JobsCommand.tries(["attempts": 3, "deliveries": 3]) == "3")
    }

    @Test func versionsOfAPool() {
        func revision(_ number: Int64, _ version: String?) -> ControllerRevision {
            let spec: JSONValue = version.map { ["version": .string($0)] } ?? [:]
            return ControllerRevision(metadata: ObjectMeta(name: "p-\(number)"), data: ["spec": spec], revision: number)
        }
        let revisions = [revision(3, "2"), revision(1, "1"), revision(2, nil), revision(4, "1"), revision(5, "3")]
        #expect(VersionsCommand.earlier(revisions, than: "3") == ["1", "2"])
        #expect(VersionsCommand.earlier(revisions, than: nil) == ["3", "1", "2"])
    }

    @Test("An image whose file cannot be read is listed, and said to be so where it is used")
    func unreadableImage() async throws {
        try await Files.withTemporaryDirectory { folder in
            let store = ImageStore(dataDirectory: folder)
            try store.add("tools/x", path: "/bin/sh")
            let file = try #require(try Files.names(in: store.directory).first { !$0.hasPrefix(".") })
            try Files.write("{", to: "\(store.directory)/\(file)")
            #expect(store.list().map(\.name) == ["tools/x:latest"])
            let error = #expect(throws: ImageStore.Failure.self) { try store.resolve("tools/x") }
            #expect(error?.description.contains("cannot be read") == true)
            #expect(error?.description.contains("add it again with: ctl image add tools/x:latest PATH") == true)
        }
    }

    @Test func imagesAreAddedAndRemoved() async throws {
        try await Files.withTemporaryDirectory { folder in
            func run(_ words: String...) throws {
                var command = try Ctl.parseAsRoot(["image"] + words + ["--data-dir", folder, "-o", "name"])
                try command.run()
            }
            try run("add", "tools/x", "/bin/sh")
            let store = ImageStore(dataDirectory: folder)
            #expect(store.list().map(\.name) == ["tools/x:latest"])
            #expect(try store.resolve("tools/x").path == "/bin/sh")
            try run("list")
            try run("remove", "tools/x:latest")
            #expect(store.list().isEmpty)
            #expect(throws: Failure.self) { try run("remove", "tools/x") }
            #expect(throws: Failure.self) { try run("add", "no name", "/bin/sh") }
            #expect(throws: Failure.self) { try run("add", "x", "/nowhere/x") }
            #expect(throws: Failure.self) { try run("add", "x", "/tmp") }
        }
    }
}
