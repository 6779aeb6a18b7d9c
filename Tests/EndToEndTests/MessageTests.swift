import TestSupport
import Testing

/// What the programs say when they are used wrongly, or have nothing to do.
@Suite("Messages")
struct MessageTests {
    private static func program(_ name: String) -> String { "\(Plane.binaries)/\(name)" }

    /// Files that cannot be used, by what is said of them.
    private static func badFiles(_ directory: String) throws -> [(path: String, message: String)] {
        try Files.write("", to: "\(directory)/empty")
        try Files.write("{", to: "\(directory)/broken")
        try Files.write(bytes: [0x61, 0xFF, 0xFE, 0x0A], to: "\(directory)/binary")
        return [
            (directory, "\(directory) is a directory; name a file in it"),
            ("\(directory)/none", "\(directory)/none does not exist"),
            ("\(directory)/empty", "\(directory)/empty is empty"),
            ("\(directory)/binary", "\(directory)/binary is not a text in UTF-8"),
            ("\(directory)/broken", "\(directory)/broken: yaml: line 2: "),
        ]
    }

    @Test("A file that cannot be used is named, with what is wrong and what to do")
    func files() async throws {
        try await Files.withTemporaryDirectory { directory in
            let commands = Commands(directory: directory)
            for (path, message) in try Self.badFiles(directory) {
                for words in [
                    ["env", "KUBECONFIG=\(path)", Self.program("ctl"), "status"],
                    [Self.program("ctl"), "--kubeconfig", path, "status"],
                    [Self.program("ctl"), "run", "w", "--params", path],
                ] {
                    let result = try await commands.run(words)
                    #expect(!result.succeeded && result.err.contains(message), "\(result)")
                    #expect(!result.err.contains("Domain"), "\(result)")
                }
                guard !path.hasSuffix("broken") else { continue }
                for option in ["--token-file", "--certificate-authority"] {
                    let result = try await commands.run([
                        Self.program("agent-runner"), "--controller", "https://127.0.0.1:1", "--pool", "p", option,
                        path,
                    ])
                    #expect(result.status == .code(64) && result.err.contains("\(option) ("), "\(result)")
                    #expect(result.err.contains(message), "\(result)")
                }
            }
            let certificate = try await commands.run([
                Self.program("agent-runner"), "--controller", "https://127.0.0.1:1", "--pool", "p",
                "--certificate-authority", "\(directory)/broken",
            ])
            #expect(certificate.err.contains("has no certificate in PEM"), "\(certificate)")
            let verified = try await commands.run([Self.program("ctl"), "verify", "\(directory)/binary"])
            #expect(verified.out.contains("\(directory)/binary: -: the file is not a text in UTF-8"), "\(verified)")
            let plane = try await commands.run([
                Self.program("controller"), "standalone", "--data-dir", "\(directory)/empty",
            ])
            #expect(plane.err.contains("\(directory)/empty is a file; choose a directory with --data-dir"), "\(plane)")
        }
    }

    @Test(
        "A negative number is a wrong value: the message says why, with the usage of the command",
        arguments: [
            ("ctl runs --limit -1", "--limit -1: must be 0 or more", "Usage: ctl runs"),
            ("ctl logs --errors --since -5s", "it must be more than 0", "Usage: ctl logs"),
            ("ctl run w --priority -2000000000", "must be from -1000000000", "Usage: ctl run "),
            ("ctl run w -p s", "-p s: write NAME=VALUE", "Usage: ctl run "),
            ("ctl rollback wp/p --to-revision -1", "--to-revision -1: must be 1 or more", "Usage: ctl rollback"),
            ("controller standalone --api-port -1", "--api-port -1: a port is", "Usage: controller standalone"),
            ("controller standalone --http-port -1", "--http-port -1: a port is", "Usage: controller standalone"),
            (
                "controller standalone --audit-log-maxsize -1", "--audit-log-maxsize -1: give a number",
                "Usage: controller standalone"
            ),
            (
                "agent-runner --controller http://a --pool p --workers -1", "--workers is -1: it must be",
                "Usage: agent-runner"
            ),
            (
                "agent-runner --controller http://a --pool p --http-port -1", "--http-port is -1: it must be",
                "Usage: agent-runner"
            ),
            (
                "agent-runner --controller http://a --pool p --drain-timeout -5s", "and not negative",
                "Usage: agent-runner"
            ),
        ]
    )
    func negative(_ line: String, _ message: String, _ usage: String) async throws {
        try await Files.withTemporaryDirectory { directory in
            let words = line.split(separator: " ").map(String.init)
            let result = try await Commands(directory: directory).run([Self.program(words[0])] + words.dropFirst())
            #expect(result.status == .code(64), "\(result)")
            #expect(result.err.contains(message) && result.err.contains(usage), "\(result)")
        }
    }

    @Test("The plane prints the next steps, its names are completed, and what has nothing to do says so")
    func newcomer() async throws {
        try await Plane.with { plane in
            let greeting = try await eventually("the next steps are printed") {
                let out = plane.controller.output().out
                return out.contains("ctl run tree-triage") ? out : nil
            }
            #expect(greeting.contains("  export KUBECONFIG=\(plane.dataDirectory)/kubeconfig\n"))
            #expect(greeting.contains("  kubectl apply -k manifests/examples/triage\n"))

            try await plane.kubectl("apply", "-f", "-", input: Self.manifests)
            for (line, expected) in [
                ("ctl run sle", "sleepy"), ("ctl scale id", "idle"), ("ctl history workflow/", "workflow/sleepy"),
                ("ctl runs --namespace kube-s", "kube-system"), ("ctl deadletters list --pool id", "idle"),
            ] {
                let found = try await complete(line, plane)
                #expect(found.contains(expected), "\(line): \(found)")
            }

            for command in ["purge", "requeue"] {
                let nothing = try await plane.ctl("deadletters", command, "--all")
                #expect(nothing.err == "No dead letters in namespace default.\n", "\(nothing)")
                let pool = try await plane.ctl("deadletters", command, "--all", "--pool", "idle")
                #expect(pool.err == "No dead letters in pool idle of namespace default.\n", "\(pool)")
                let ctl = Self.program("ctl")
                let unknown = try await plane.commands.run([ctl, "deadletters", command, "--all", "--pool", "nowhere"])
                #expect(unknown.status == .code(3) && unknown.err.contains("no worker pool \"nowhere\""), "\(unknown)")
                let missing = try await plane.commands.run([ctl, "deadletters", command, "17.0.1"])
                #expect(missing.status == .code(3), "\(missing)")
                #expect(missing.err.contains("list them with: ctl deadletters list"), "\(missing)")
            }
        }
    }

    @Test("A port in use is the only thing that a failed start reports", arguments: ["--api-port", "--http-port"])
    func portInUse(_ option: String) async throws {
        try await Plane.with { plane in
            let port = option == "--api-port" ? plane.apiPort : plane.httpPort
            let other = option == "--api-port" ? "--http-port" : "--api-port"
            let result = try await plane.commands.run([
                Self.program("controller"), "standalone", "--data-dir", "\(plane.directory)/other", option, "\(port)",
                other, "0", "--log-format", "json",
            ])
            #expect(result.status == .code(1))
            #expect(result.err.contains("127.0.0.1:\(port): the port is in use by another program"), "\(result)")
            let errors = result.err.split(separator: "\n").filter { $0.contains(#""level":"error""#) }
            #expect(errors.isEmpty, "\(errors)")
        }
    }

    /// What bash offers for the last word of a command line.
    private func complete(_ line: String, _ plane: Plane) async throws -> [String] {
        let words = line.split(separator: " ").map { "'\($0)'" }
        // As bash calls it: the command, the word that is completed, and the one before.
        let arguments = ["ctl"] + [words.last, words.dropLast().last].compactMap(\.self)
        let script = """
            PATH=\(Plane.binaries):$PATH
            source <(ctl completion bash)
            COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count) COMP_WORDS=(\(words.joined(separator: " ")))
            COMP_CWORD=\(words.count - 1)
            _ctl \(arguments.joined(separator: " "))
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        return try await plane.commands.check(["bash", "-c", script]).out.split(separator: "\n").map(String.init)
    }

    private static let manifests = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: idle}
        spec: {replicas: 0}
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: sleepy}
        spec: {pool: idle, steps: [{id: a, actor: noop}]}
        """
}
