public import APIMachinery
import FoundationEssentials
import Glibc
import Synchronization

/// What a finished command left.
public struct CommandResult: Sendable, CustomStringConvertible {
    public var command: String
    public var status: ChildProcess.ExitStatus
    public var out: String
    public var err: String

    /// Whether the command ended with 0.
    public var succeeded: Bool { status == .code(0) }

    public var description: String { "$ \(command)\n\(out)\(err)[\(status)]" }

    /// Standard output as JSON.
    public func json() throws -> JSONValue { try JSONValue(parsing: out) }
}

/// A command that should have succeeded.
public struct CommandFailed: Error, CustomStringConvertible {
    public var result: CommandResult
    public var description: String { "the command failed:\n\(result)" }
}

/// Runs real programs for tests.
public struct Commands: Sendable {
    public var directory: String
    public var environment: [String: String]
    private static let counter = Mutex(0)

    /// Commands that keep their files in that directory.
    public init(directory: String, environment: [String: String] = [:]) {
        self.directory = directory
        let own = ProcessInfo.processInfo.environment.filter { ["PATH", "LANG"].contains($0.key) }
        // What programs leave in their temporary directory goes with this one (kubectl edit does).
        let places = ["HOME": directory, "TMPDIR": directory]
        self.environment = own.merging(places) { $1 }.merging(environment) { $1 }
    }

    /// Finds a program in PATH.
    public static func find(_ name: String) -> String? {
        if name.contains("/") { return name }
        for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":") {
            let path = "\(folder)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        return nil
    }

    /// Starts a program without waiting for it.
    public func start(_ words: [String], input: String? = nil) throws -> ChildProcess {
        guard let program = words.first, let path = Self.find(program) else {
            throw ChildProcess.StartError(
                description: "\(words.first ?? ""): not found in PATH; see scripts/install-packages"
            )
        }
        let number = Self.counter.withLock {
            $0 += 1
            return $0
        }
        let base = "\(directory)/command-\(number)"
        var inputFile = "/dev/null"
        if let input {
            inputFile = base + ".in"
            try Files.write(input, to: inputFile)
        }
        return try ChildProcess(
            path,
            Array(words.dropFirst()),
            environment: environment,
            output: base,
            input: inputFile
        )
    }

    /// Runs a program to its end, however it ends.
    public func run(_ words: [String], input: String? = nil) async throws -> CommandResult {
        let child = try start(words, input: input)
        let status = try await child.wait()
        let (out, err) = child.output()
        unlink(child.standardOutput)
        unlink(child.standardError)
        return CommandResult(command: words.joined(separator: " "), status: status, out: out, err: err)
    }

    /// Runs a program that must end with 0.
    @discardableResult
    public func check(_ words: [String], input: String? = nil) async throws -> CommandResult {
        let result = try await run(words, input: input)
        guard result.succeeded else { throw CommandFailed(result: result) }
        return result
    }
}
