import APIMachinery
import Glibc
import Logging
import Synchronization

/// `exec`: runs a program. Its input is the last argument and stands on standard input, its output is the last
/// line of standard output, its log is standard error, its exit code decides.
public struct ExecExecutor: JobExecutor {
    /// The longest single argument that Linux passes on (`MAX_ARG_STRLEN` less its end); a longer input stands on
    /// standard input alone, and the argument is `-`.
    static let longestArgument = 131_071

    private let base: [String: String]
    private let grace: Duration
    private let live: LiveUsage
    private static let serial = Atomic<UInt64>(0)
    private static let marks: Set<String> = ["MARTINET_PLANE", "MARTINET_POD_UID"]

    /// Makes the executor.
    ///
    /// - Parameters:
    ///   - environment: the runner's own; programs get it without the runner's settings and secrets.
    ///   - grace: time between SIGTERM and SIGKILL.
    public init(environment: [String: String], grace: Duration = .seconds(5)) {
        self.init(environment: environment, grace: grace, live: LiveUsage())
    }

    init(environment: [String: String], grace: Duration, live: LiveUsage) {
        self.live = live
        // A job must not see the runner's settings, its token above all; it keeps the marks by which a node finds
        // what belongs to a Pod.
        base = environment.filter { !$0.key.hasPrefix("MARTINET_") || Self.marks.contains($0.key) }
        self.grace = grace
    }

    /// Runs the program to its end, or stops it and all its descendants if the task is cancelled.
    public func execute(_ job: Job, context: JobContext) async -> JobResult {
        let step: ExecStep
        let request: ProcessRequest
        do throws(JobError) {
            step = try ExecStep(job.with)
            request = try makeRequest(step, job, context)
        } catch {
            return .failed(error)
        }
        let end: ProcessEnd
        switch await ProcessRunner.run(request, live: live) {
        case .failure(let error):
            let bytes =
                request.arguments.reduce(0) { $0 + $1.utf8.count + 1 }
                + request.environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
            return .failed(CommandResolution.explain(error, program: step.command[0], argumentBytes: bytes))
        case .success(let value): end = value
        }
        if end.leftOver > 0 {
            context.logger.warning(
                "the program left processes running, which were killed",
                metadata: ["processes": .stringConvertible(end.leftOver)]
            )
        }
        var result = Self.judge(end, step)
        result.usage = end.usage
        result.logTail = end.logTail.isEmpty ? nil : end.logTail
        result.logBytes = end.logBytes
        return result
    }

    private func makeRequest(_ step: ExecStep, _ job: Job, _ context: JobContext) throws(JobError) -> ProcessRequest {
        // Unique among all runners of this machine and all jobs of this one.
        let serial = Self.serial.wrappingAdd(1, ordering: .relaxed).newValue
        let tree = "\(getpid()).\(serial)"
        let environment = environment(step, job, tree: tree)
        if let directory = step.workingDirectory { try CommandResolution.check(directory: directory) }
        let path = try CommandResolution.resolve(
            step.command[0],
            path: environment["PATH"],
            directory: step.workingDirectory
        )
        var arguments = step.command
        let input = step.input?.text
        if let input { arguments.append(input.utf8.count <= Self.longestArgument ? input : "-") }
        var request = ProcessRequest(
            path: path,
            arguments: arguments,
            environment: environment,
            workingDirectory: step.workingDirectory,
            // With a line feed, so that a shell's `read` takes it for a whole line.
            input: input.map { Array($0.utf8) + [0x0A] },
            limits: step.limits,
            marker: "MARTINET_PROCESS_TREE=\(tree)"
        )
        request.grace = grace
        request.job = job.id
        request.onLog = context.writeLog
        if context.logger.logLevel <= .debug {
            let logger = context.logger
            request.onLogLine = { line in logger.debug("\(line)", metadata: ["stream": "stderr"]) }
        }
        return request
    }

    private func environment(_ step: ExecStep, _ job: Job, tree: String) -> [String: String] {
        var environment = base
        for (name, value) in step.environment { environment[name] = value }
        environment["MARTINET_NAMESPACE"] = job.run.namespace
        environment["MARTINET_WORKFLOW"] = job.workflow
        environment["MARTINET_RUN"] = job.run.name
        environment["MARTINET_STEP"] = job.step
        environment["MARTINET_ATTEMPT"] = "\(job.attempt)"
        environment["MARTINET_JOB"] = job.id
        environment["MARTINET_PROCESS_TREE"] = tree
        if let traceparent = job.traceparent, !traceparent.isEmpty { environment["TRACEPARENT"] = traceparent }
        return environment
    }

    /// What an end of a program means for its step. Pure.
    static func judge(_ end: ProcessEnd, _ step: ExecStep) -> JobResult {
        let program = step.command[0]
        let last = ExecOutput.lastLogLine(end.logTail).map { ": \($0)" } ?? ""
        if let stop = end.stop { return stopped(stop, end, step) }
        switch end.status {
        case .killed(let signal):
            let hint = signal == SIGKILL ? " (possibly by the system, because memory ran out)" : ""
            return .failed(
                JobError(
                    "Killed",
                    "\(program) was killed by signal \(signal), \(String(cString: strsignal(signal)))\(hint)\(last)",
                    exitCode: 128 + signal,
                    retryable: true
                )
            )
        case .exited(let code) where !step.successExitCodes.contains(code):
            return .failed(
                JobError("ExitCode", "\(program) ended with exit code \(code)\(last)", exitCode: code, retryable: true)
            )
        case .exited(let code):
            do throws(JobError) {
                return .succeeded(try ExecOutput.value(of: end.output, mode: step.outputMode))
            } catch {
                var error = error
                error.exitCode = code
                return .failed(error)
            }
        }
    }

    private static func stopped(_ cause: StopCause, _ end: ProcessEnd, _ step: ExecStep) -> JobResult {
        let limits = step.limits
        func exceeded(_ reason: String, _ what: String, _ field: String, retryable: Bool) -> JobResult {
            .failed(
                JobError(
                    reason,
                    "\(step.command[0]) \(what) and was killed with its children; raise \(field) or make it need less",
                    retryable: retryable
                )
            )
        }
        switch cause {
        case .requested: return .stopped
        case .wall:
            let seconds = limits.wall?.inSeconds ?? 0
            var result = exceeded(
                "WallTimeExceeded",
                "ran longer than \(seconds) s",
                "with.limits.wall",
                retryable: true
            )
            result.outcome = .timedOut
            return result
        case .memory(let bytes):
            let limit = (limits.memoryBytes ?? 0) / 1_048_576
            return exceeded(
                "MemoryLimitExceeded",
                "used \(bytes / 1_048_576) MB of memory, more than the \(limit) MB allowed",
                "with.limits.memoryMB",
                retryable: true
            )
        case .containerMemory(let bytes, let limit):
            return .failed(
                JobError(
                    "OOMKilled",
                    "the runner's container has \(limit / 1_048_576) MB of memory for all of its jobs, and they used it "
                        + "up; \(step.command[0]) used most (\(bytes / 1_048_576) MB) and was killed with its children. "
                        + "Raise limits.memory in the pool's template, lower the pool's concurrency, or set "
                        + "with.limits.memory",
                    retryable: true
                )
            )
        case .cpu:
            let seconds = limits.cpu?.inSeconds ?? 0
            return exceeded(
                "CPULimitExceeded",
                "used more than \(seconds) s of CPU",
                "with.limits.cpuSeconds",
                retryable: true
            )
        case .output:
            return exceeded(
                "OutputLimitExceeded",
                "printed more than \(limits.outputBytes) bytes on standard output",
                "with.limits.outputBytes (up to \(ExecStep.maximumOutputBytes))",
                retryable: false
            )
        case .log:
            return exceeded(
                "LogLimitExceeded",
                "wrote more than 1 GiB on standard error",
                "no setting (this bound is fixed)",
                retryable: false
            )
        }
    }
}
