import APIMachinery
import Glibc
import Logging
import Observability
import Testing

@testable import AgentRunner

/// Runs one `exec` job with real programs, as the runner would.
enum Exec {
    /// As in the program itself: orphans of jobs come to this process.
    static let adopts: Bool = {
        ChildProcesses.adoptOrphans(reapingStrangers: false)
        return ChildProcesses.adoptsOrphans
    }()

    static func job(_ with: JSONValue) throws -> Job {
        try Job([
            "id": "j-1", "token": 7, "actor": "exec", "with": with, "workflow": "flow", "step": "lint", "attempt": 3,
            "run": ["namespace": "ns", "name": "run-1", "uid": "u"],
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ])
    }

    static func run(
        _ with: JSONValue,
        environment: [String: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin"],
        grace: Duration = .milliseconds(300),
        onLine: (@Sendable (String) -> Void)? = nil
    ) async throws -> JobResult {
        _ = adopts
        var logger = Logger(label: "test") { _ in
            LineLogHandler(label: "test", format: .text, level: onLine == nil ? .critical : .debug) { bytes in
                onLine?(String(decoding: bytes, as: UTF8.self))
            }
        }
        logger.logLevel = onLine == nil ? .critical : .debug
        return await ExecExecutor(environment: environment, grace: grace)
            .execute(try job(with), context: JobContext(logger: logger))
    }

    static func shell(_ script: String, _ more: JSONValue = [:]) -> JSONValue {
        var with = more
        with["command"] = ["sh", "-c", .string(script)]
        return with
    }

    /// Runs a script, waits for the line `ready` in its log, and cancels it.
    static func cancel(_ script: String, grace: Duration = .milliseconds(300)) async throws -> JobResult {
        let (ready, signal) = AsyncStream<Void>.makeStream()
        return try await withThrowingTaskGroup(of: JobResult.self) { group in
            group.addTask {
                try await run(shell(script, ["output": "text"]), grace: grace) { line in
                    if line.contains("ready") { signal.yield() }
                }
            }
            for await _ in ready { break }
            group.cancelAll()
            return try #require(try await group.next())
        }
    }

    static func isAlive(_ pid: Int32) -> Bool { ProcFS.entry(pid).map { !$0.isZombie } ?? false }
}

@Suite("exec: the contract")
struct ExecContractTests {
    @Test("The input is the last argument and stands on standard input")
    func input() async throws {
        let script = #"read line; printf '{"last":%s,"stdin":%s,"count":%d}\n' "$1" "$line" $#"#
        let result = try await Exec.run([
            "command": ["sh", "-c", .string(script), "name"], "input": ["b": 1, "a": "ü"],
        ])
        #expect(result.outcome == .succeeded, "\(String(describing: result.error))")
        #expect(result.output == ["last": ["b": 1, "a": "ü"], "stdin": ["b": 1, "a": "ü"], "count": 1])
    }

    @Test("Without input nothing is appended and standard input is empty")
    func noInput() async throws {
        let result = try await Exec.run([
            "command": ["sh", "-c", #"printf '[%d,%d]' $# $(cat | wc -c)"#, "name"]
        ])
        #expect(result.output == [0, 0])
    }

    @Test("An input too long for an argument stands on standard input alone")
    func longInput() async throws {
        let result = try await Exec.run([
            "command": ["sh", "-c", #"printf '["%s",%d]' "$1" $(cat | wc -c)"#, "name"],
            "input": .string(String(repeating: "x", count: 300_000)),
        ])
        #expect(result.output == ["-", 300_003])
    }

    @Test("A program that does not read its input is not disturbed by it")
    func unreadInput() async throws {
        let result = try await Exec.run([
            "command": ["sh", "-c", "exec <&-; echo 1", "name"],
            "input": .string(String(repeating: "x", count: 2_000_000)),
        ])
        #expect(result.output == 1)
    }

    @Test("Environment: the step's, the job's, the runner's without its own settings")
    func environment() async throws {
        let script =
            #"printf '["%s","%s","%s","%s","%s","%s","%s","%s","%s","%s"]' "$A" "$B" "$HOME" "$GONE" "$MARTINET_TOKEN" "#
            + #""$MARTINET_RUN" "$MARTINET_STEP" "$MARTINET_ATTEMPT" "$MARTINET_JOB" "$TRACEPARENT""#
        let result = try await Exec.run(
            Exec.shell(script, ["env": ["A": "1", "B": 2, "GONE": .null, "MARTINET_JOB": "forged"]]),
            environment: ["PATH": "/usr/bin:/bin", "HOME": "/h", "GONE": "x", "MARTINET_TOKEN": "secret"]
        )
        #expect(
            result.output == [
                "1", "2", "/h", "", "", "run-1", "lint", "3", "j-1",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ]
        )
    }

    @Test("Working directory, text and document output")
    func directory() async throws {
        let text = try await Exec.run(["command": ["pwd"], "workingDirectory": "/usr", "output": "text"])
        #expect(text.output == "/usr\n")
        let document = try await Exec.run(Exec.shell("printf '{\\n\"a\": [1,\\n2]}\\n'", ["output": "json-document"]))
        #expect(document.output == ["a": [1, 2]])
        let relative = try await Exec.run(["command": ["./sh", "-c", "echo 5"], "workingDirectory": "/bin"])
        #expect(relative.output == 5)
    }

    @Test("The exit code decides")
    func exitCodes() async throws {
        let failed = try await Exec.run(Exec.shell("echo 1; echo first >&2; echo 'why it failed' >&2; exit 3"))
        #expect(failed.outcome == .failed && failed.output == nil)
        #expect(
            failed.error
                == JobError("ExitCode", "sh ended with exit code 3: why it failed", exitCode: 3, retryable: true)
        )
        #expect(failed.logTail == "first\nwhy it failed\n")
        let listed = try await Exec.run(Exec.shell("echo 1; exit 3", ["successExitCodes": [3]]))
        #expect(listed.outcome == .succeeded && listed.output == 1)
    }

    @Test("Bytes that are no UTF-8 are no JSON, and text with them replaced")
    func bytes() async throws {
        let json = try await Exec.run(Exec.shell(#"printf '"\377"\n'"#))
        #expect(json.error?.reason == "InvalidOutput")
        let text = try await Exec.run(Exec.shell(#"printf 'a\377b'"#, ["output": "text"]))
        #expect(text.output == "a\u{FFFD}b")
    }

    @Test("Closed output streams are no output, and no reason to wait")
    func closed() async throws {
        let result = try await Exec.run(Exec.shell("exec >&- 2>&-; true"))
        #expect(result.error?.reason == "InvalidOutput")
        #expect(try await Exec.run(Exec.shell("exec >&-; true", ["output": "text"])).output == "")
    }

    @Test("Output of several megabytes comes through whole, and log lines one by one")
    func big() async throws {
        let result = try await Exec.run(Exec.shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo 2"))
        #expect(result.output == 2)
        let text = try await Exec.run(Exec.shell("head -c 3000000 /dev/zero | tr '\\0' x", ["output": "text"]))
        #expect(text.output?.stringValue?.utf8.count == 3_000_000)
        let log = try await Exec.run(
            Exec.shell("i=0; while [ $i -lt 5000 ]; do echo line $i >&2; i=$((i+1)); done; echo 1")
        )
        #expect(log.logTail?.hasSuffix("line 4999\n") == true)
        #expect((log.logTail?.utf8.count ?? 0) <= 16 << 10)
        #expect(log.logTail?.hasPrefix("line ") == true)
    }

    @Test(
        "A program that cannot be started says why and what to do",
        arguments: [
            (["command": ["no-such-program-here"]], "CommandNotFound", "was not found in PATH"),
            (["command": ["/no/such/file"]], "CommandNotFound", "/no/such/file"),
            (["command": ["/etc/passwd"]], "CommandNotExecutable", "chmod +x"),
            (["command": ["/tmp"]], "CommandNotExecutable", "not an executable file"),
            (["command": ["true"], "workingDirectory": "/no/such"], "WorkingDirectoryNotFound", "/no/such"),
            (["command": ["true"], "workingDirectory": "/etc/passwd"], "WorkingDirectoryNotFound", "not a directory"),
            (["command": []], "InvalidInput", "with.command is empty"),
        ] as [(JSONValue, String, String)]
    )
    func cannotStart(_ with: JSONValue, _ reason: String, _ part: String) async throws {
        let result = try await Exec.run(with)
        #expect(result.outcome == .failed)
        #expect(result.error?.reason == reason)
        #expect(result.error?.message.contains(part) == true, "\(result.error?.message ?? "")")
        #expect(result.error?.retryable == false)
    }

    @Test("Too much on the command line is told apart from a missing program")
    func tooLong() async throws {
        let result = try await Exec.run(["command": ["true", .string(String(repeating: "x", count: 200_000))]])
        #expect(result.error?.reason == "ArgumentsTooLong")
        #expect(result.error?.message.contains("with.input") == true)
    }
}
