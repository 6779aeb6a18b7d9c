import APIMachinery
public import Storage

/// The outcome of an attempt, as its runner reports it.
public struct JobReport: Sendable, Hashable {
    /// How the attempt ended.
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        case succeeded = "Succeeded"
        case failed = "Failed"
        case timedOut = "TimedOut"
        case cancelled = "Cancelled"
    }

    public var job: JobID
    public var token: Int64
    public var outcome: Outcome
    /// One JSON value, or nothing.
    public var output: [UInt8] = []
    public var failure: StepFailure?
    /// Whether another attempt may succeed.
    public var isRetryable = true
    /// One JSON object of numbers, or nothing.
    public var metrics: [UInt8] = []
    /// How long the attempt took; `nil` if the runner did not measure it.
    public var executionSeconds: Double?
    /// The end of the attempt's log.
    public var log: [UInt8] = []
    /// How many bytes the attempt wrote to its log in all; 0 if unknown.
    public var logEnd = 0

    /// A report of that outcome.
    public init(job: JobID, token: Int64, outcome: Outcome) {
        self.job = job
        self.token = token
        self.outcome = outcome
    }
}

/// The engine's answer to one report.
public enum ReportResult: String, Sendable, Hashable {
    case accepted = "Accepted"
    /// A report under the same lease was accepted before.
    case duplicate = "Duplicate"
    /// The lease had ended: another runner has the job, or its run no longer needs it. Nothing was changed.
    case stale = "Stale"
}

/// The answer to a call with reports: one result for each, and new jobs.
public struct ReportAnswer: Sendable, Hashable {
    public var results: [ReportResult]
    public var jobs: [LeasedJob]
    public var drain: Bool
}

extension RunEngine {
    /// Applies reports and leases up to `capacity` jobs, in one transaction. Durable on return.
    public func report(_ runner: RunnerReference, _ reports: [JobReport], capacity: Int) async throws -> ReportAnswer {
        let drain = registry.touch(runner, now: clock.attention)
        let request = drain || capacity <= 0 ? nil : registry.request(runner.key)
        if let request { registry.openLease(request) }
        defer { if let request { registry.closeLease(request) } }
        let (results, jobs) = try await perform { [self] transaction, effects in
            let results = try reports.map { try applyReport($0, transaction, &effects) }
            let jobs = try request.flatMap { try leaseJobs(to: runner, $0, capacity: capacity, transaction, &effects) }
            return (results, jobs ?? [])
        }
        return ReportAnswer(results: results, jobs: jobs, drain: drain || registry.isDraining(runner.key))
    }

    private func applyReport(
        _ report: JobReport,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws -> ReportResult {
        guard let job = try transaction.job(report.job.step), job.attempt == report.job.attempt,
            let lease = job.lease, lease.token == report.token
        else {
            // An accepted token of zero means that no report of the step was accepted yet.
            if report.token != 0, let step = try transaction.step(report.job.step), step.acceptedToken == report.token {
                effects.duplicateReports += 1
                return .duplicate
            }
            effects.staleReports += 1
            return .stale
        }
        let now = clock.now
        guard let run = try transaction.run(id: job.step.run), !run.phase.isFinal else {
            try transaction.removeJob(job.step)
            effects.staleReports += 1
            return .stale
        }
        var transition = try transition(run, transaction, now: now)
        transition.change(job.step.index) { $0.acceptedToken = lease.token }
        try finishAttempt(job, lease, report, &transition, transaction)
        try transition.advance(transaction)
        try transition.save(transaction)
        effects.append(transition.effects)
        return .accepted
    }

    /// Finishes an attempt: stores its result in the step, or enqueues the next attempt.
    func finishAttempt(
        _ job: JobRecord,
        _ lease: JobLease,
        _ report: JobReport,
        _ transition: inout RunTransition,
        _ transaction: any RunTransaction
    ) throws {
        let index = job.step.index
        let now = transition.now
        let elapsed = max(0, now.since(lease.leasedAt).inSeconds)
        transition.effects.departures.append(
            EngineEffects.Departure(
                job: job,
                lease: lease,
                kind: report.outcome.departure,
                executionSeconds: min(report.executionSeconds ?? elapsed, elapsed)
            )
        )
        let finishedAt = transition.finishTime(index)
        transition.change(index) { step in
            step.metrics = report.metrics
            step.finishedAt = finishedAt
        }
        let failure = report.outcome == .succeeded ? nil : report.failure ?? report.outcome.defaultFailure
        try storeLog(of: job, lease, report.log, end: report.logEnd, failure, at: finishedAt, transaction)
        guard let failure else {
            try transaction.removeJob(job.step)
            transition.change(index) { step in
                step.phase = .succeeded
                step.output = report.output
                step.failure = nil
            }
            return
        }
        if transition.run.stop != .none, report.outcome == .cancelled {
            try transaction.removeJob(job.step)
            transition.finishStep(index, .cancelled, nil)
            return
        }
        transition.change(index) { step in
            step.output = report.output
            step.failure = failure
        }
        let step = transition.steps[index]
        var failedJob = EngineEffects.FailedJob(
            namespace: transition.run.namespace,
            run: transition.run.name,
            step: step.id,
            attempt: job.attempt,
            runner: lease.runner,
            failure: failure,
            isRetried: false
        )
        if failure.reason == OutOfMemoryVerdict.reason {
            let name = "attempt \(job.attempt) of step \(step.id) of run \(transition.run.name)"
            let killed = JobOutOfMemory(at: now, runner: lease.runner, job: name, message: failure.message)
            transition.effects.outOfMemory.append((job.queue, killed))
        }
        if transition.run.stop == .none,
            // Without the revision there is no retry policy; the planner ends the run.
            let retry = transition.workflow.step(at: index)?.retry,
            let time = retry.nextAttempt(
                afterAttempt: step.attempts - step.forgivenAttempts,
                reason: failure.reason,
                retryable: report.isRetryable,
                now: now,
                random: randomFraction()
            )
        {
            failedJob.isRetried = true
            try transition.retry(index, job, at: time, transaction)
        } else {
            try transaction.removeJob(job.step)
            transition.finishStep(index, .failed, failure)
        }
        transition.effects.failedJobs.append(failedJob)
    }

    /// Stores the log of an attempt and its failure. Nothing is stored for an attempt that succeeded and wrote nothing,
    /// unless an earlier delivery of it has a log that must be replaced.
    func storeLog(
        of job: JobRecord,
        _ lease: JobLease,
        _ tail: [UInt8],
        end: Int,
        _ failure: StepFailure?,
        at time: Timestamp,
        _ transaction: any RunTransaction
    ) throws {
        let (text, end) = liveLogs.completed(job.id, token: lease.token, with: tail, end: end)
        guard !text.isEmpty || failure != nil || job.deliveries > 1 else { return }
        try transaction.setLog(
            job.step,
            AttemptLog(
                attempt: job.attempt,
                runner: lease.runner,
                finishedAt: time,
                failure: failure,
                log: text,
                end: end
            )
        )
    }
}

extension JobReport.Outcome {
    fileprivate var departure: EngineEffects.Departure.Kind {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .timedOut: .timedOut
        case .cancelled: .cancelled
        }
    }

    /// The failure for a report that gives none.
    fileprivate var defaultFailure: StepFailure {
        switch self {
        case .succeeded, .failed: StepFailure(reason: "Failed", message: "the runner gave no reason")
        case .timedOut: StepFailure(reason: self.rawValue, message: "the attempt took longer than its timeout")
        case .cancelled: StepFailure(reason: "Cancelled", message: "the runner stopped the job")
        }
    }
}
