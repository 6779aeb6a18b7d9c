import APIMachinery
import Containment
import Logging
import Spec
import Storage

// Runs that the process crashed on twice. Such a run is `Suspended` with reason `Quarantined`: it has no jobs and is
// never planned, so it cannot crash the process again. Listing, cancelling and deleting it only reads and writes its
// rows. When it is released, it is planned again.

extension RunRecord {
    /// The `reason` of a quarantined run.
    static let quarantined = "Quarantined"

    /// Whether the run is suspended because the process crashed on it.
    var isQuarantined: Bool { phase == .suspended && reason == Self.quarantined }
}

extension RunEngine {
    /// Suspends the runs that earlier processes crashed on. Called before anything else reads runs.
    func suspendQuarantinedRuns() async {
        for entry in containment.entries where entry.subject.kind == .run {
            let (namespace, name, uid) = (entry.subject.namespace, entry.subject.name, entry.subject.uid)
            if let rows = containment.entry(.runRows, namespace, name, uid: uid) {
                logger.critical(
                    "A quarantined run crashed the process again when it was suspended; it is left as it is",
                    metadata: ["why": "\(rows.message)"]
                )
                continue
            }
            do {
                let isThere = try await perform { [self] transaction, effects in
                    let mark = containment.mark(.runRows, namespace, name, uid: uid, scope: .thread)
                    defer { mark.end() }
                    guard let run = try transaction.run(namespace: namespace, name: name), uid.isEmpty || run.uid == uid
                    else { return false }
                    try suspend(run, entry, transaction, &effects)
                    return true
                }
                if !isThere { await containment.forget(.run, namespace, name, uid: uid) }
            } catch {
                logger.error(
                    "A quarantined run could not be suspended",
                    metadata: ["run": "\(namespace)/\(name)", "error": "\(error)"]
                )
            }
        }
    }

    private func suspend(
        _ record: RunRecord,
        _ entry: QuarantineEntry,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws {
        guard !record.phase.isFinal, !record.isQuarantined else { return }
        var run = record
        for var step in try transaction.steps(run: run.id) where step.phase.hasJob {
            try withdraw(step, transaction, &effects)
            // The attempt starts again after a release, and does not count.
            step.phase = .pending
            step.forgivenAttempts = min(step.forgivenAttempts + 1, step.attempts)
            try transaction.update(step)
        }
        run.phase = .suspended
        run.reason = RunRecord.quarantined
        run.message = entry.message
        run.deadline = nil
        try transaction.update(&run)
    }

    /// Removes the step's job, whether queued or leased.
    private func withdraw(
        _ step: StepRecord,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws {
        guard let job = try transaction.job(step.key) else { return }
        if let lease = job.lease {
            let seconds = clock.now.since(lease.leasedAt).inSeconds
            effects.departures.append(
                EngineEffects.Departure(job: job, lease: lease, kind: .cancelled, executionSeconds: seconds)
            )
        } else {
            effects.withdrawals.append(job.queue)
        }
        try transaction.removeJob(step.key)
    }

    /// Cancels a quarantined run without planning it.
    func cancelQuarantined(
        _ record: RunRecord,
        _ message: String,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws -> RunRecord {
        var run = record
        let now = max(clock.calendar, run.startedAt ?? run.createdAt)
        for var step in try transaction.steps(run: run.id) where !step.phase.isFinal {
            step.phase = .cancelled
            step.finishedAt = max(now, step.startedAt ?? now)
            try transaction.update(step)
        }
        run.phase = .cancelled
        run.reason = "Cancelled"
        run.message = message
        run.finishedAt = now
        try transaction.update(&run)
        effects.finished.append(
            EngineEffects.FinishedRun(
                namespace: run.namespace,
                name: run.name,
                uid: run.uid,
                workflow: run.workflow,
                phase: .cancelled,
                seconds: max(0, now.since(run.createdAt).inSeconds),
                reason: run.reason,
                message: run.message
            )
        )
        return run
    }

    /// Resumes a run that was released from quarantine.
    public func resume(namespace: String, name: String) async {
        do {
            try await perform { [self] transaction, effects in
                guard var run = try transaction.run(namespace: namespace, name: name), run.isQuarantined else { return }
                let now = clock.now
                run.phase = run.startedAt == nil ? .pending : .running
                run.reason = ""
                run.message = ""
                var transition = try transition(run, transaction, now: now)
                if run.stop != .none {
                    transition.run.deadline = now.advanced(by: settings.stopGrace)
                } else if let timeout = transition.workflow.spec.policy?.timeoutSeconds {
                    // The time in quarantine does not count.
                    transition.run.deadline = now.advanced(bySeconds: timeout)
                }
                try transition.advance(transaction)
                try transition.save(transaction)
                effects.append(transition.effects)
            }
        } catch {
            logger.error(
                "A released run could not be resumed",
                metadata: ["run": "\(namespace)/\(name)", "error": "\(error)"]
            )
        }
    }
}
