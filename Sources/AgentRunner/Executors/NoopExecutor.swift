import APIMachinery

/// `noop`: does nothing and hands its input on: `with.output` if there is one, else all of `with`.
public struct NoopExecutor: InlineJobExecutor {
    /// Makes the executor.
    public init() {}

    /// Returns the job's input.
    public func executeInline(_ job: Job) -> JobResult { .succeeded(job.with["output"] ?? job.with) }
}
