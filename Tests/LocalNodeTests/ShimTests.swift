import Basics
import FoundationEssentials
import Glibc
import KubeClient
import Subprocess
import Synchronization
import SystemPackage
import Testing

@testable import LocalNode

/// The shim with real processes.
struct ShimTests {
    /// What became of one run.
    private final class Outcome: Sendable {
        private let list = Mutex<[ShimReport]>([])
        private let id = Mutex<Int32>(0)

        var reports: [ShimReport] { list.withLock { $0 } }
        var shim: Int32 { id.withLock { $0 } }
        var main: Int32? {
            for case .started(let pid) in reports { return pid }
            return nil
        }

        func add(_ shim: Int32, _ report: ShimReport) {
            id.withLock { $0 = shim }
            list.withLock { $0.append(report) }
        }
    }

    /// Runs a shell script under a shim; `body` acts once it has started. The mark is in the script's environment.
    private func run(
        _ script: String,
        log: String? = nil,
        logSize: Int = 1024 * 1024,
        mark: String = UUID().uuidString,
        _ body: @Sendable @escaping (ContainerProcess, Outcome) async throws -> Void = { _, _ in }
    ) async throws -> [ShimReport] {
        var command = ShimCommand(
            shim: Programs.shim,
            path: "/bin/sh",
            arguments: ["sh", "-c", script],
            environment: ["PATH": "/usr/bin:/bin", "MARK": mark],
            directory: "/",
            log: log
        )
        command.logSize = logSize
        let process = ContainerProcess()
        let outcome = Outcome()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [command] in try await process.run(command) { outcome.add($0, $1) } }
            group.addTask {
                try await until { !outcome.reports.isEmpty }
                try await body(process, outcome)
            }
            try await group.waitForAll()
        }
        return outcome.reports.filter { if case .started = $0 { false } else { true } }
    }

    @Test func onlyTheProcessesBelowAreRead() async throws {
        _ = try await run("sh -c 'sleep 1000 & sleep 1000 & wait' & wait") { process, outcome in
            defer { process.kill() }
            let shim = outcome.shim
            // The shim, two shells, two sleepers.
            try await until { ProcessTable.read().tree(shim).count == 5 }
            let below = ProcessTable.read(below: [shim])
            #expect(Set(below.processes.keys) == Set(ProcessTable.read().tree(shim).map(\.pid)))
            #expect(below.tree(shim).count == 5)
        }
        // This process has several threads, each with children of its own.
        _ = try await run("sleep 1000") { process, outcome in
            defer { process.kill() }
            #expect(ProcessTable.read(below: [getpid()]).tree(getpid()).contains { $0.pid == outcome.main })
        }
        #expect(ProcessTable.read(below: [.max]).processes.isEmpty)
    }

    @Test(
        "How a program ends is told",
        arguments: [
            ("exit 0", ShimReport.exited(code: 0)), ("exit 42", .exited(code: 42)), ("kill -9 $$", .signaled(9)),
            ("kill -TERM $$", .signaled(15)),
        ]
    )
    func ends(_ script: String, _ expected: ShimReport) async throws {
        #expect(try await run(script) == [expected])
    }

    @Test func programsThatCannotStartAreTold() async throws {
        var command = ShimCommand(shim: Programs.shim, path: "/nowhere", arguments: ["x"], environment: [:])
        let outcome = Outcome()
        try await ContainerProcess().run(command) { outcome.add($0, $1) }
        #expect(outcome.reports == [.failed(stage: "exec", error: ENOENT)])
        command.path = "/bin/true"
        command.directory = "/nowhere"
        let other = Outcome()
        try await ContainerProcess().run(command) { other.add($0, $1) }
        #expect(other.reports == [.failed(stage: "chdir", error: ENOENT)])
    }

    @Test func aMissingShimIsAnError() async {
        let command = ShimCommand(shim: "/nowhere", path: "/bin/true", arguments: ["x"], environment: [:])
        await #expect(throws: (any Error).self) { try await ContainerProcess().run(command) { _, _ in } }
    }

    /// Leaves a process behind in every way that a program might try.
    private static let scatter = """
        sleep 1000 &
        setsid sleep 1000 &
        (setsid sh -c 'setsid sleep 1000 & setsid setsid sleep 1000 & sleep 1000' &)
        (trap "" TERM INT HUP; sleep 1000 &)
        sleep 0
        """

    @Test func nothingOutlivesTheProgram() async throws {
        let mark = UUID().uuidString
        #expect(try await run("\(Self.scatter)\nexit 5", mark: mark) == [.exited(code: 5)])
        #expect(Programs.processes(with: "MARK=\(mark)") == [])
    }

    @Test func nothingOutlivesTheEndOfTheLifeline() async throws {
        let mark = UUID().uuidString
        try await Programs.withDirectory { directory in
            // Another process holds the lifeline here, as a plane does; it is killed as hard as can be.
            let script = "\(directory)/script"
            try Data("trap '' TERM\n\(Self.scatter)\nsleep 1000\n".utf8).write(to: URL(filePath: script))
            let holder = """
                mkfifo \(directory)/lifeline
                exec 9<>\(directory)/lifeline
                MARK=\(mark) \(Programs.shim) -- /bin/sh sh \(script) <\(directory)/lifeline >/dev/null 9>&- &
                exec sleep 1000
                """
            _ = try await Subprocess.run(
                .path("/bin/sh"),
                arguments: ["-c", holder],
                input: .none,
                output: .discarded,
                error: .discarded
            ) { execution in
                try await until { Programs.processes(with: "MARK=\(mark)").count > 5 }
                kill(execution.processIdentifier.value, SIGKILL)
            }
            try await until { Programs.processes(with: "MARK=\(mark)").isEmpty }
        }
    }

    @Test func aKilledShimTakesItsProgramAlongAndStraysAreFound() async throws {
        let mark = UUID().uuidString
        let main = Mutex<Int32>(0)
        let reports = try await run("\(Self.scatter)\nsleep 1000", mark: mark) { _, outcome in
            try await until { Programs.processes(with: "MARK=\(mark)").count > 5 }
            main.withLock { $0 = outcome.main ?? 0 }
            kill(outcome.shim, SIGKILL)
        }
        #expect(reports == [])
        let pid = main.withLock { $0 }
        try await until { ProcFS.entry(pid).map(\.isZombie) ?? true }
        await Strays.kill(marks: ["MARK=\(mark)"])
        #expect(Programs.processes(with: "MARK=\(mark)") == [])
    }

    @Test func signalsReachTheMainProcess() async throws {
        let reports = try await run("trap 'exit 7' TERM; while :; do sleep 0.01; done") { process, _ in
            // The trap may not be set yet when the program has just started; asking again does no harm.
            process.terminate()
        }
        #expect(reports == [.exited(code: 7)] || reports == [.signaled(15)])
        let deaf = try await run("trap '' TERM; while :; do sleep 0.01; done") { process, _ in
            process.terminate()
            process.kill()
        }
        #expect(deaf == [.signaled(9)] || deaf == [.signaled(15)])
    }

    @Test func cancellationKills() async throws {
        let mark = UUID().uuidString
        let command = ShimCommand(
            shim: Programs.shim,
            path: "/bin/sh",
            arguments: ["sh", "-c", "trap '' TERM\n\(Self.scatter)\nsleep 1000"],
            environment: ["PATH": "/usr/bin:/bin", "MARK": mark]
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await ContainerProcess().run(command) { _, _ in } }
            try? await until { Programs.processes(with: "MARK=\(mark)").count > 5 }
            group.cancelAll()
        }
        #expect(Programs.processes(with: "MARK=\(mark)") == [])
    }

    @Test func outputBecomesLogLines() async throws {
        try await Programs.withDirectory { directory in
            let log = "\(directory)/0.log"
            _ = try await run("echo one; echo two >&2; printf '%20000s' x; printf end", log: log)
            let text = try String(contentsOf: URL(filePath: log), encoding: .utf8)
            let lines = text.split(separator: "\n").compactMap { LogLine(Array($0.utf8)[...]) }
            let shown = Set(lines.filter { $0.text.count < 10 }.map { String(decoding: $0.text, as: UTF8.self) })
            #expect(shown.isSuperset(of: ["one", "two"]))
            let long = lines.filter { $0.text.count > 10 }
            #expect(long.map(\.isPartial) == [true, false])
            #expect(long.reduce(0) { $0 + $1.text.count } == 20003)
        }
    }

    @Test func fullLogsArePutAside() async throws {
        try await Programs.withDirectory { directory in
            let log = "\(directory)/0.log"
            _ = try await run("seq -f 'line %.0f' 100000", log: log, logSize: 4096)
            let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(files == ["0.log", "0.log.1", "0.log.2", "0.log.3", "0.log.4"])
            let last = try String(contentsOf: URL(filePath: log), encoding: .utf8)
            #expect(last.contains("line 100000"))
        }
    }
}
