import APIMachinery
import Logging
import Spec
import Storage
import Synchronization

/// Something that happened to a run, to be recorded as an Event.
public struct RunOccurrence: Sendable, Hashable {
    public var namespace: String
    public var name: String
    public var uid: String
    /// Whether the Event is a warning.
    public var isWarning: Bool
    /// One word in CamelCase, for programs.
    public var reason: String
    /// One sentence, for users.
    public var message: String
}

/// Records what happened to runs and jobs: as log lines, and with an observer that writes Events.
///
/// Thousands of runs may end in a second, so finished runs, failed runs and failed jobs are rate-limited separately.
/// Suppressed entries are counted, and the next line of the kind has the count as `not_logged`.
final class RunJournal: Sendable {
    private struct Allowance {
        let burst: Double
        let perSecond: Double
        var tokens: Double
        var filledAt: Timestamp?
        var suppressed = 0

        init(burst: Double, perSecond: Double) {
            self.burst = burst
            self.perSecond = perSecond
            tokens = burst
        }

        /// How many entries were suppressed before this one; `nil` if this one is suppressed.
        mutating func take(_ now: Timestamp) -> Int? {
            if let filledAt { tokens = min(burst, tokens + max(0, now.since(filledAt).inSeconds) * perSecond) }
            filledAt = now
            guard tokens >= 1 else {
                suppressed = suppressed < .max ? suppressed + 1 : suppressed
                return nil
            }
            tokens -= 1
            defer { suppressed = 0 }
            return suppressed
        }
    }

    private struct State {
        var successes = Allowance(burst: 20, perSecond: 2)
        var failures = Allowance(burst: 100, perSecond: 10)
        var jobs = Allowance(burst: 100, perSecond: 10)
        var observer: (@Sendable (RunOccurrence) -> Void)?
    }

    private let state = Mutex(State())

    func observe(_ observer: @escaping @Sendable (RunOccurrence) -> Void) { state.withLock { $0.observer = observer } }

    /// Records an occurrence that needs no rate limit.
    func record(_ occurrence: RunOccurrence) { state.withLock { $0.observer }?(occurrence) }

    func record(_ effects: EngineEffects, now: Timestamp, logger: Logger) {
        for job in effects.failedJobs { record(job, now, logger) }
        for run in effects.finished { record(run, now, logger) }
    }

    private func record(_ job: EngineEffects.FailedJob, _ now: Timestamp, _ logger: Logger) {
        guard let suppressed = state.withLock({ $0.jobs.take(now) }) else { return }
        var metadata: Logger.Metadata = [
            "namespace": "\(job.namespace)", "run": "\(job.run)", "step": "\(job.step)", "attempt": "\(job.attempt)",
            "runner": "\(job.runner)", "reason": "\(job.failure.reason)", "error": "\(job.failure.message)",
            "retry": "\(job.isRetried)",
        ]
        if suppressed > 0 { metadata["not_logged"] = "\(suppressed)" }
        logger.warning("job failed", metadata: metadata)
    }

    private func record(_ run: EngineEffects.FinishedRun, _ now: Timestamp, _ logger: Logger) {
        let isSuccess = run.phase == .succeeded
        let (allowed, observer) = state.withLock { state in
            (isSuccess ? state.successes.take(now) : state.failures.take(now), state.observer)
        }
        guard let suppressed = allowed else { return }
        var metadata: Logger.Metadata = [
            "namespace": "\(run.namespace)", "run": "\(run.name)", "workflow": "\(run.workflow)",
            "phase": "\(run.phase.name)", "seconds": "\((run.seconds * 1000).rounded() / 1000)",
        ]
        if !run.reason.isEmpty { metadata["reason"] = "\(run.reason)" }
        if !run.message.isEmpty { metadata["error"] = "\(run.message)" }
        if suppressed > 0 { metadata["not_logged"] = "\(suppressed)" }
        logger.log(level: run.phase == .failed ? .warning : .info, "run finished", metadata: metadata)
        let text =
            run.message.isEmpty
            ? "the run ended after \(HumanDuration.human(seconds: Int64(exactly: run.seconds.rounded()) ?? 0))"
            : run.message
        observer?(
            RunOccurrence(
                namespace: run.namespace,
                name: run.name,
                uid: run.uid,
                isWarning: run.phase == .failed,
                reason: isSuccess ? "Completed" : run.phase == .failed ? "Failed" : "Cancelled",
                message: run.reason.isEmpty ? text : "\(run.reason): \(text)"
            )
        )
    }
}

extension RunEngine {
    /// Calls the observer when runs finish, and when they wait for something that a user has to provide.
    public func observeRuns(_ observer: @escaping @Sendable (RunOccurrence) -> Void) { journal.observe(observer) }
}
