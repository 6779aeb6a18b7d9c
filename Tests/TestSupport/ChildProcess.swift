public import Glibc
import Synchronization

/// A program under test: started, signalled, waited for. Its output goes to files, which no pipe can block.
public final class ChildProcess: Sendable {
    public let processID: pid_t
    /// What the program printed so far: standard output and standard error, in their files.
    public let standardOutput: String
    public let standardError: String
    private let exitStatus = Mutex<ExitStatus?>(nil)

    /// How a process ended.
    public enum ExitStatus: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    public struct StartError: Error, CustomStringConvertible {
        public var description: String
    }

    /// Starts the program, which must be given by its path, in a process group of its own.
    public init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String],
        output: String,
        input: String = "/dev/null"
    ) throws {
        standardOutput = output + ".out"
        standardError = output + ".err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let create = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, standardOutput, create, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, standardError, create, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The thread that starts the program may block signals, as those of Dispatch do, which the program would
        // inherit: it could not be asked to end.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        let words = ([executable] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, executable, &actions, &attributes, words, variables)
        guard code == 0 else {
            throw StartError(description: "\(executable): \(String(cString: strerror(code)))")
        }
        processID = child
    }

    /// Sends a signal, unless the process has been waited for already.
    public func signal(_ number: Int32) {
        exitStatus.withLock { if $0 == nil { kill(processID, number) } }
    }

    /// How the process ended; `nil` while it runs.
    public var status: ExitStatus? {
        exitStatus.withLock { known in
            if let known { return known }
            var raw: Int32 = 0
            guard waitpid(processID, &raw, WNOHANG) == processID else { return nil }
            known = raw & 0x7F == 0 ? .code(raw >> 8 & 0xFF) : .signal(raw & 0x7F)
            return known
        }
    }

    /// Waits until the process has ended.
    @discardableResult
    public func wait() async throws -> ExitStatus {
        try await eventually("process \(processID) ends") { self.status }
    }

    /// Everything printed so far.
    public func output() -> (out: String, err: String) {
        (Files.text(standardOutput), Files.text(standardError))
    }
}
