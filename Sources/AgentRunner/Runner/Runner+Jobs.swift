import APIMachinery
import Logging

extension Runner {
    /// Does with an answer's jobs what the state decided.
    func handle(_ intake: RunnerStateMachine.Intake, _ work: WorkAnswer) async {
        for (json, error) in work.unreadable {
            logger.error(
                "a job cannot be read and is ignored",
                metadata: ["error": "\(error)", "job": "\(json.text)"]
            )
        }
        let now = clock.now
        for job in intake.start {
            if case .dropped = start.yield(ReceivedJob(job: job, at: now)) {
                logger.error("more jobs than slots; the lease of one runs out", metadata: ["job": .string(job.id)])
            }
        }
        if !intake.inline.isEmpty { runInline(intake.inline, receivedAt: now) }
        guard !intake.surplus.isEmpty else { return }
        await release(intake.surplus)
        state.update { $0.handedBack(intake.surplus.count) }
    }

    /// Runs leased jobs, each in its task; returns when there are to be no more and the last one is over.
    func jobLoop() async {
        await withDiscardingTaskGroup { group in
            for await received in starts { group.addTask { await self.run(received) } }
        }
    }

    private enum Ending: Sendable {
        case result(JobResult)
        case stopped
        case timedOut
    }

    private func run(_ received: ReceivedJob) async {
        let job = received.job
        let begin = clock.now
        let startedAt = Timestamp.now()
        let before = OwnUsage.sample()
        let result = await result(of: job)
        let finishedAt = Timestamp.now()
        let report = OutgoingReport(
            job: job,
            outcome: result.outcome,
            output: result.output,
            error: result.error,
            metrics: JobMetrics(
                queueTimeMs: job.queueTimeMs,
                held: begin - received.at,
                execution: clock.now - begin,
                usage: result.usage ?? OwnUsage.usage(from: before, to: OwnUsage.sample())
            ),
            startedAt: startedAt,
            finishedAt: finishedAt,
            logTail: result.logTail,
            logBytes: result.logBytes
        ).bounded
        // The report brings the end of the log.
        logs.close(job.key)
        let isHandedBack = state.update { $0.finish(report) }
        note(report)
        if isHandedBack { await release([job]) }
    }

    /// Runs the job until it ends, is to be stopped, or has had its time; says which in the result.
    private func result(of job: Job) async -> JobResult {
        guard let executor = executors[job.actor] else { return executors.unknown(job.actor) }
        let context = JobContext(logger: logger(for: job)) { [logs] in logs.append($0, of: job) }
        let (first, result) = await withTaskGroup(of: Ending.self) { group in
            group.addTask { .result(await executor.execute(job, context: context)) }
            group.addTask {
                // The wait only fails when it is cancelled: the job has ended, and the answer is not looked at.
                _ = try? await self.state.wait { $0.stopReason(job.key) }
                return .stopped
            }
            if let timeout = job.timeout {
                group.addTask {
                    // The sleep only fails when it is cancelled: the job has ended, and the answer is not looked at.
                    try? await self.clock.sleep(for: timeout)
                    return .timedOut
                }
            }
            var first: Ending?
            var result: JobResult?
            while result == nil, let next = await group.next() {
                if first == nil {
                    first = next
                    // The executor sees that its task is cancelled, stops, and says so.
                    group.cancelAll()
                }
                if case .result(let value) = next { result = value }
            }
            return (first, result ?? .stopped)
        }
        guard result.outcome == .cancelled else { return result }
        return explain(result, first, job)
    }

    /// A stopped job's result with the reason why it was stopped.
    private func explain(_ stopped: JobResult, _ first: Ending?, _ job: Job) -> JobResult {
        var result = stopped
        if case .timedOut? = first {
            result.outcome = .timedOut
            result.error = JobError(
                "TimedOut",
                "the step took longer than its timeout of \(job.timeout?.inSeconds ?? 0) s and was stopped",
                retryable: true
            )
            return result
        }
        let isHandedBack = state.read { $0.stopReason(job.key) } == .drained
        result.error = JobError(
            "Cancelled",
            isHandedBack ? "the runner is stopping; the job is released" : "the job was cancelled",
            retryable: isHandedBack
        )
        return result
    }

    /// Runs jobs that need no slot one after the other, and lets go of all of them in one change.
    private func runInline(_ jobs: [Job], receivedAt: ContinuousClock.Instant) {
        let before = OwnUsage.sample()
        let batchBegin = clock.now
        var done: [(report: OutgoingReport, began: ContinuousClock.Instant, took: Duration)] = []
        done.reserveCapacity(jobs.count)
        let noMetrics = JobMetrics(queueTimeMs: 0, held: .zero, execution: .zero, usage: ResourceUsage())
        for job in jobs {
            let begin = clock.now
            let startedAt = Timestamp.now()
            let executor = executors[job.actor] as? any InlineJobExecutor
            let result = executor?.executeInline(job) ?? executors.unknown(job.actor)
            let took = clock.now - begin
            let report = OutgoingReport(
                job: job,
                outcome: result.outcome,
                output: result.output,
                error: result.error,
                metrics: noMetrics,
                startedAt: startedAt,
                finishedAt: startedAt.advanced(by: took),
                logTail: result.logTail
            ).bounded
            done.append((report, begin, took))
        }
        // One look at the process for the whole batch: asking the kernel takes longer than the jobs do.
        let usage = OwnUsage.usage(from: before, to: OwnUsage.sample())
        let share = usage.cpu / max(clock.now - batchBegin, .nanoseconds(1))
        let reports = done.map { entry in
            var report = entry.report
            var own = usage
            own.cpu = entry.took * share
            report.metrics = JobMetrics(
                queueTimeMs: report.job.queueTimeMs,
                held: entry.began - receivedAt,
                execution: entry.took,
                usage: own
            )
            return report
        }
        state.update { state in for report in reports { _ = state.finish(report) } }
        for report in reports { note(report) }
    }

    /// One line and the metrics for a finished job.
    private func note(_ report: OutgoingReport) {
        metrics.finished(report)
        guard logger.logLevel <= .info else { return }
        var metadata = Self.metadata(of: report.job)
        metadata["outcome"] = .string(report.outcome.rawValue)
        for (name, value) in report.metrics.named {
            metadata[name] =
                value.intValue.map { .stringConvertible($0) } ?? .stringConvertible(value.doubleValue ?? 0)
        }
        if let error = report.error {
            metadata["reason"] = .string(error.reason)
            metadata["error"] = .string(error.message)
            if let code = error.exitCode { metadata["exit_code"] = .stringConvertible(code) }
        }
        logger.info("job finished", metadata: metadata)
    }

    private func logger(for job: Job) -> Logger {
        var logger = logger
        for (key, value) in Self.metadata(of: job) { logger[metadataKey: key] = value }
        return logger
    }

    private static func metadata(of job: Job) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "job": .string(job.id), "run": .string(job.run.name), "namespace": .string(job.run.namespace),
            "workflow": .string(job.workflow), "step": .string(job.step), "attempt": .stringConvertible(job.attempt),
            "actor": .string(job.actor),
        ]
        if let traceparent = job.traceparent {
            // version-traceid-parentid-flags: the second part is what finds the trace.
            let parts = traceparent.split(separator: "-")
            if parts.count >= 2 { metadata["trace"] = .string(String(parts[1])) }
        }
        return metadata
    }
}
