import APIMachinery
public import Storage

extension RunEngine {
    /// Releases jobs that the runner will not finish. They are ready at once, and the delivery does not count.
    ///
    /// The runner's open requests for jobs become invalid: a runner that stops leaves its long poll open, which must
    /// not lease the released jobs to it again.
    ///
    /// - Returns: how many of the jobs were leased to it.
    @discardableResult
    public func release(_ runner: RunnerReference, jobs: [(id: JobID, token: Int64)]) async throws -> Int {
        registry.touch(runner, now: clock.attention)
        registry.invalidateRequests(runner.key)
        let held = jobs.map { ($0.id, RunnerRegistry.Held(token: $0.token, leasedAt: clock.attention)) }
        return try await revoke(held, of: runner.key, isLost: false)
    }

    public func releaseLeases(namespace: String, runner: String) async throws -> Int {
        let key = NamespacedName(namespace: namespace, name: runner)
        registry.depart(key)
        waiters.wake(key)
        let count = try await revokeAll(of: key, isLost: true)
        registry.remove(key)
        return count
    }

    /// Revokes every lease that a runner which is gone has in the store.
    ///
    /// - Parameter isLost: whether the jobs may have been worked on, so that the delivery counts.
    /// - Returns: how many leases were revoked.
    func revokeAll(of runner: NamespacedName, isLost: Bool) async throws -> Int {
        let verdict = isLost ? await judgeLoss(registry.held(runner), of: runner) : nil
        return try await perform { [self] transaction, effects in
            let jobs = try transaction.leasedJobs().filter { job in
                job.lease?.runner == runner.name && job.queue.namespace == runner.namespace
            }
            for job in jobs { try revoke(job, of: runner, isLost: isLost, verdict, transaction, &effects) }
            return jobs.count
        }
    }

    /// Revokes leases of a runner before they expire.
    ///
    /// - Parameters:
    ///   - isLost: whether the jobs may have been worked on, so that the delivery counts. If the runner was killed for
    ///     its memory, the attempt of the job that used most of it has failed, and no delivery counts.
    ///   - stillApplies: checked inside the transaction; if false, nothing is revoked.
    /// - Returns: how many leases were revoked.
    func revoke(
        _ jobs: [(key: JobID, value: RunnerRegistry.Held)],
        of runner: NamespacedName,
        isLost: Bool,
        if stillApplies: @escaping @Sendable () -> Bool = { true }
    ) async throws -> Int {
        guard !jobs.isEmpty else { return 0 }
        let held = Dictionary(jobs.map { ($0.key, $0.value) }) { $1 }
        let verdict = isLost ? await judgeLoss(held, of: runner) : nil
        let count = try await perform { [self] transaction, effects -> Int? in
            guard stillApplies() else { return nil }
            var count = 0
            for (id, held) in jobs {
                guard let job = try transaction.job(id.step), job.lease?.token == held.token else { continue }
                try revoke(job, of: runner, isLost: isLost, verdict, transaction, &effects)
                count += 1
            }
            return count
        }
        // The store decides: also jobs whose lease it did not have are no longer held.
        if count != nil { registry.drop(jobs, of: runner) }
        return count ?? 0
    }

    /// Revokes one lease, and finishes the attempt that the verdict blames.
    private func revoke(
        _ job: JobRecord,
        of runner: NamespacedName,
        isLost: Bool,
        _ verdict: OutOfMemoryVerdict?,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws {
        if let verdict, verdict.culprit == job.id, let lease = job.lease {
            return try finishOutOfMemory(job, lease, verdict, transaction, &effects)
        }
        let own = verdict.flatMap { $0.concerned.contains(job.id) ? $0 : nil }
        try requeue(
            job,
            // Beside a job that is to blame, the delivery does not count.
            isLost: isLost && own?.culprit == nil,
            reason: own?.lossReason(runner: runner.name) ?? "runner \"\(runner.name)\" was lost",
            transaction,
            &effects
        )
    }

    /// Requeues a leased job, or makes it a dead letter once it was delivered too often. A job whose run has ended or
    /// is being stopped is removed.
    func requeue(
        _ job: JobRecord,
        isLost: Bool,
        reason: String,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws {
        guard let lease = job.lease else { return }
        let now = clock.now
        effects.departures.append(
            EngineEffects.Departure(
                job: job,
                lease: lease,
                kind: isLost ? .lost : .released,
                executionSeconds: now.since(lease.leasedAt).inSeconds
            )
        )
        guard let run = try transaction.run(id: job.step.run), !run.phase.isFinal else {
            try transaction.removeJob(job.step)
            return
        }
        if isLost {
            // The log so far; the next delivery of the attempt replaces it.
            let failure = StepFailure(reason: "Lost", message: reason)
            try storeLog(of: job, lease, [], end: 0, failure, at: clock.calendar, transaction)
        }
        var transition = try transition(run, transaction, now: now)
        let index = job.step.index
        if run.stop != .none {
            try transaction.removeJob(job.step)
            transition.finishStep(index, .cancelled, nil)
        } else if isLost, job.deliveries >= transition.policy.maxDeliveries {
            try transaction.removeJob(job.step)
            let count = job.deliveries == 1 ? "once" : "\(job.deliveries) times"
            let message = "the job was delivered \(count) and never reported; last failure: \(reason)"
            try transaction.insert(DeadLetter(job: job, reason: message, diedAt: clock.calendar))
            transition.finishStep(index, .failed, StepFailure(reason: "MaxDeliveriesExceeded", message: message))
            effects.deadLetters.append(job.queue)
        } else {
            var returned = job
            returned.lease = nil
            if !isLost { returned.deliveries -= 1 }
            try transaction.update(returned)
            transition.change(index) { $0.phase = .queued }
            if !isLost, isStopping {
                effects.interrupted.append(
                    InterruptedJob(
                        namespace: run.namespace,
                        pool: job.queue.pool,
                        run: run.name,
                        step: transition.steps[index].id,
                        attempt: job.attempt,
                        runner: lease.runner
                    )
                )
            }
            effects.arrivals.append(
                EngineEffects.Arrival(queue: job.queue, readyAt: returned.readyAt, isRequeue: true)
            )
        }
        try transition.advance(transaction)
        try transition.save(transaction)
        effects.append(transition.effects)
    }
}
