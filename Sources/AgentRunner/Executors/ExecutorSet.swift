/// The executors that a runner offers, by the name of their actor.
public struct ExecutorSet: Sendable {
    let executors: [String: any JobExecutor]
    /// Use of the processes that jobs have running.
    let live: LiveUsage

    /// `noop`, `sleep` and `exec`.
    ///
    /// - Parameters:
    ///   - environment: what programs inherit. `MARTINET_MEMORY_LIMIT` is what the runner and its jobs may use together,
    ///     in bytes; without a value, or with 0, there is no limit.
    ///   - grace: time that a program has between SIGTERM and SIGKILL.
    public static func standard(environment: [String: String], grace: Duration = .seconds(5)) -> ExecutorSet {
        let limit = environment["MARTINET_MEMORY_LIMIT"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        let live = LiveUsage(memoryLimit: limit)
        return ExecutorSet(
            executors: [
                "noop": NoopExecutor(),
                "sleep": SleepExecutor(),
                "exec": ExecExecutor(environment: environment, grace: grace, live: live),
            ],
            live: live
        )
    }

    init(executors: [String: any JobExecutor], live: LiveUsage = LiveUsage()) {
        self.executors = executors
        self.live = live
    }

    subscript(actor: String) -> (any JobExecutor)? { executors[actor] }

    /// Actors whose jobs need no slot.
    var inlineActors: Set<String> { Set(executors.filter { $0.value is any InlineJobExecutor }.keys) }

    /// The answer to a job for an actor that is not here.
    func unknown(_ actor: String) -> JobResult {
        .failed(
            JobError(
                "UnknownActor",
                "this runner has no actor \"\(actor)\": it has \(executors.keys.sorted().joined(separator: ", "))",
                retryable: false
            )
        )
    }
}
