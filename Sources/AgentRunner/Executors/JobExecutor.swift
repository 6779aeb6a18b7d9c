public import Logging

/// What an executor may know besides the job itself.
public struct JobContext: Sendable {
    /// Carries run, step and job in its metadata.
    public var logger: Logger
    /// Takes what the job writes to its log, as it comes; people see it while the job runs.
    public var writeLog: (@Sendable (UnsafeRawBufferPointer) -> Void)?

    /// A context with that logger.
    public init(logger: Logger, writeLog: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil) {
        self.logger = logger
        self.writeLog = writeLog
    }
}

/// Does the work of one kind of step (one *actor*).
///
/// An executor never throws: bad input and failures are results. It stops when its task is cancelled, which is
/// how time-outs, cancellation and lost leases reach it, and then returns `.stopped`, or what it had finished.
public protocol JobExecutor: Sendable {
    /// Runs the job to its end.
    func execute(_ job: Job, context: JobContext) async -> JobResult
}

/// An executor whose jobs neither wait nor work long. They run one after the other where they were received,
/// need no slot, and so pass by the thousand.
public protocol InlineJobExecutor: JobExecutor {
    /// Runs the job at once.
    func executeInline(_ job: Job) -> JobResult
}

extension InlineJobExecutor {
    /// Runs the job at once.
    public func execute(_ job: Job, context: JobContext) async -> JobResult { executeInline(job) }
}
