/// A program to run under supervision.
struct ProcessRequest: Sendable {
    /// The file to execute.
    var path: String
    /// The name under which it was called, then its arguments.
    var arguments: [String]
    var environment: [String: String]
    var workingDirectory: String?
    /// What it reads on standard input; `nil` is an empty input.
    var input: [UInt8]?
    var limits: ExecStep.Limits
    /// Bytes of the log that are kept.
    var logTail = 16 << 10
    /// Bytes of log that a program may write; a runaway that floods its log is stopped as well.
    var logLimit = 1 << 30
    /// Time between SIGTERM and SIGKILL.
    var grace: Duration = .seconds(5)
    /// `NAME=value` in `environment` that no other job has.
    var marker: String
    /// The id of the job that it belongs to.
    var job = ""
    /// Given each piece of the log as it comes.
    var onLog: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    /// Given each line of the log as it comes.
    var onLogLine: (@Sendable (String) -> Void)?
}

/// Why a program was stopped.
enum StopCause: Sendable, Equatable {
    /// The job's task was cancelled.
    case requested
    case memory(bytes: Int64)
    /// The runner's container ran out of memory, and this job used most of it.
    case containerMemory(bytes: Int64, limit: Int64)
    case cpu
    case wall
    case output
    case log
}

/// How a program ended.
struct ProcessEnd: Sendable {
    enum Status: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    var status: Status
    var output: [UInt8]
    var logTail: String
    /// Bytes written to the log in all.
    var logBytes: Int
    var usage: ResourceUsage
    /// Set if it was stopped from outside.
    var stop: StopCause?
    /// Descendants that outlived the program and were killed.
    var leftOver: Int
    /// Whether SIGTERM was not enough.
    var forced: Bool
}

/// Why a program did not start.
enum ProcessStartError: Error, Sendable, Equatable {
    /// No pipe could be made.
    case pipes(Errno)
    case spawn(Errno)
    /// No thread for its supervision.
    case thread(Errno)
}
