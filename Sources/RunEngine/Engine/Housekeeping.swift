import APIMachinery
import Logging
import Spec
import Storage
import Synchronization

// What the engine does without being called. Each tick, in this order:
//
// 1. A pause of this process is detected, and leases get their full time back, before anything is judged by its age.
// 2. Waiting lease calls whose time is up are answered; the clock's skew is stored.
// 3. Leases of lost runners are revoked.
// 4. Expired leases are requeued, and attempts over their time-out are finished as `TimedOut`.
// 5. Runs past their deadline are stopped; jobs that outlive the stop grace are dropped.
// 6. When the sweep is due: pending runs get the reason why they wait, stalled runs are planned again, and the queue
//    counters are corrected from the store.
//
// Every step reads candidates first and checks each again inside the transaction that changes it, because it may have
// been renewed, reported or cancelled in between. Every step can be repeated: a failed tick is logged, and the next one
// does the rest.

/// What the engine's tick keeps from one turn to the next.
struct SweepState: Sendable {
    /// When the next sweep over active runs is due.
    var nextSweep: Timestamp?
    /// The generation of the catalog's pools for which waiting runs were explained last.
    var explainedPools: Int?
    /// Whether leases still have to be renewed after a pause.
    var mustRenewLeases = false
    /// After a pause: until when attempts and runs over their time are not ended.
    var pauseGraceEnd: Timestamp?
    /// The clock skew that was last stored.
    var storedSkew: Duration?
}

extension RunEngine {
    /// Runs the engine's loops until the task is cancelled: leases, deadlines, delayed jobs, and the sweep.
    ///
    /// A failure of the store is logged and retried; the loops end only by cancellation.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tickLoop() }
            group.addTask { await self.delayLoop() }
        }
        waiters.wakeAll()
    }

    private func tickLoop() async {
        // The time before the loops started does not count as a pause, but leases could not be renewed in it.
        _ = clock.beat()
        sweepState.withLock { $0.mustRenewLeases = true }
        startPauseGrace()
        while !Task.isCancelled {
            do {
                try await tick()
            } catch is CancellationError {
                return
            } catch {
                logger.error("Checking leases and deadlines failed; trying again", metadata: ["error": "\(error)"])
            }
            // The sleep only fails when the loop is cancelled, which ends it.
            guard (try? await clock.sleep(for: settings.tickInterval)) != nil else { return }
        }
    }

    /// Wakes waiting runners at the moment when a delayed job becomes ready.
    private func delayLoop() async {
        while !Task.isCancelled {
            let next = await releaseDelayedJobs()
            let now = clock.now
            await wakeUps.wait(atMost: next.map { max($0.since(now), .milliseconds(1)) } ?? .seconds(60), clock.source)
        }
    }

    /// Wakes waiting runners for delayed jobs that are ready now.
    ///
    /// - Returns: when the next delayed job becomes ready.
    func releaseDelayedJobs() async -> Timestamp? {
        let now = clock.now
        let (ready, next) = counters.due(now: now)
        var earliest = next
        for queue in ready {
            waiters.signal(queue, count: max(1, waiters.count(queue)))
            observers.notify(queue)
            do {
                guard let due = try await store.read({ try $0.nextReady(queue, after: now) }) else { continue }
                counters.recordDue(queue, due)
                earliest = min(earliest ?? due, due)
            } catch {
                logger.error("Checking delayed jobs failed; trying again", metadata: ["error": "\(error)"])
                counters.recordDue(queue, now.advanced(by: .seconds(1)))
            }
        }
        return earliest
    }

    /// One turn of the housekeeping loop. Simulations call it in place of `run`.
    public func tick() async throws {
        try await checkForPause()
        let now = clock.now
        waiters.expire(now: now)
        try await storeSkew()
        try await revokeLeasesOfLostRunners()
        try await expireLeases(now)
        try await stopOverdueRuns(now)
        let isSweepDue = sweepState.withLock { state in
            guard state.nextSweep.map({ $0 <= now }) ?? true else { return false }
            state.nextSweep = now.advanced(by: settings.sweepInterval)
            return true
        }
        let pools = catalog.poolGeneration
        let arePoolsOther = sweepState.withLock { state in
            defer { state.explainedPools = pools }
            return state.explainedPools != pools
        }
        if isSweepDue || arePoolsOther { try await explainWaitingRuns() }
        if isSweepDue {
            try await sweep()
            try await correctCounters(now)
        }
    }

    private func revokeLeasesOfLostRunners() async throws {
        let now = clock.attention
        let bound = registry.silenceBound(now: now, settings)
        for runner in registry.lost(before: bound) {
            let held = Array(registry.held(runner))
            // The runner may call while this waits for the writer.
            let count = try await revoke(held, of: runner, isLost: true) { [registry] in
                registry.isLost(runner, before: bound)
            }
            guard registry.forget(runner, ifLostBefore: bound) else { continue }
            logger.warning(
                "A runner sent no heartbeat in time; its jobs are requeued",
                metadata: ["runner": "\(runner)", "patience": "\(now.since(bound))", "jobs": "\(count)"]
            )
        }
    }

    /// Requeues jobs whose lease has expired, and finishes attempts over their time-out that their runner did not end.
    private func expireLeases(_ now: Timestamp) async throws {
        let isGracePeriod = isPauseGrace(now)
        let overdue = try await store.read { [self] reader in
            try reader.leasedJobs().filter { job in
                guard let lease = job.lease else { return false }
                return lease.expiresAt <= now || !isGracePeriod && isOvertime(job, lease, now)
            }
        }
        guard !overdue.isEmpty else { return }
        try await perform { [self] transaction, effects in
            for stale in overdue {
                // The lease may have been renewed or reported since it was read.
                guard let job = try transaction.job(stale.step), let lease = job.lease,
                    lease.token == stale.lease?.token
                else { continue }
                if lease.expiresAt <= now {
                    try requeue(
                        job,
                        isLost: true,
                        reason: "runner \"\(lease.runner)\" did not renew the lease",
                        transaction,
                        &effects
                    )
                } else if !isGracePeriod, isOvertime(job, lease, now),
                    let run = try transaction.run(id: job.step.run)
                {
                    var transition = try transition(run, transaction, now: now)
                    var report = JobReport(job: job.id, token: lease.token, outcome: .timedOut)
                    report.failure = StepFailure(
                        reason: JobReport.Outcome.timedOut.rawValue,
                        message:
                            "the attempt took longer than \(job.timeoutSeconds ?? 0) s and its runner did not end it"
                    )
                    try finishAttempt(job, lease, report, &transition, transaction)
                    try transition.advance(transaction)
                    try transition.save(transaction)
                    effects.append(transition.effects)
                }
            }
        }
    }

    private func isOvertime(_ job: JobRecord, _ lease: JobLease, _ now: Timestamp) -> Bool {
        guard let timeout = job.timeoutSeconds else { return false }
        return lease.leasedAt.advanced(bySeconds: timeout).advanced(by: settings.attemptGrace) <= now
    }

    /// Stops runs past their deadline, and drops the jobs of runs that were given time to stop.
    private func stopOverdueRuns(_ now: Timestamp) async throws {
        if isPauseGrace(now) { return }
        let overdue = try await store.read { try $0.overdueRuns(now: now, limit: 200) }
        guard !overdue.isEmpty else { return }
        try await perform { [self] transaction, effects in
            for stale in overdue {
                guard let run = try transaction.run(id: stale.id), !run.phase.isFinal,
                    let deadline = run.deadline, deadline <= now
                else { continue }
                var transition = try transition(run, transaction, now: now)
                if run.stop == .none {
                    let timeout = transition.workflow.spec.policy?.timeoutSeconds ?? 0
                    transition.stop(
                        .deadlineExceeded,
                        message: "the run did not end within \(timeout) s",
                        grace: settings.stopGrace
                    )
                } else {
                    try dropJobs(&transition, transaction)
                }
                try transition.advance(transaction)
                try transition.save(transaction)
                effects.append(transition.effects)
            }
        }
    }

    /// Removes the jobs of running steps without waiting for their runners' reports.
    private func dropJobs(_ transition: inout RunTransition, _ transaction: any RunTransaction) throws {
        for index in transition.steps.indices where transition.steps[index].phase == .running {
            if let job = try transaction.job(transition.steps[index].key), let lease = job.lease {
                transition.effects.departures.append(
                    EngineEffects.Departure(
                        job: job,
                        lease: lease,
                        kind: .cancelled,
                        executionSeconds: transition.now.since(lease.leasedAt).inSeconds
                    )
                )
                try transaction.removeJob(job.step)
            }
            transition.finishStep(index, .cancelled, nil)
        }
    }

    /// Plans stalled runs again: active runs without a job, or with a step that should have one. Every change is one
    /// transaction, so only a store that was restored, edited, or written by a faulty version has such runs.
    func sweep() async throws {
        for id in try await store.read({ try $0.stalledRuns(limit: 1000) }) { try await repair(id) }
    }

    private func repair(_ id: Int64) async throws {
        let name = try await perform { [self] transaction, effects -> String? in
            guard let run = try transaction.run(id: id), !run.phase.isFinal else {
                return nil
            }
            var transition = try transition(run, transaction, now: clock.now)
            for index in transition.steps.indices where transition.steps[index].phase.hasJob {
                guard try transaction.job(transition.steps[index].key) == nil else { continue }
                // The attempt was never reported, so it does not count.
                transition.change(index) { step in
                    step.phase = .pending
                    step.forgivenAttempts += 1
                }
            }
            try transition.advance(transaction)
            try transition.save(transaction)
            effects.append(transition.effects)
            effects.repairedRuns += 1
            return "\(run.namespace)/\(run.name)"
        }
        if let name {
            logger.error("Re-planned a stalled run", metadata: ["run": "\(name)"])
        }
    }

    /// Replaces the queue counters by counts of the store, and updates the gauges.
    private func correctCounters(_ now: Timestamp) async throws {
        let before = counters.changeCounts
        let counts = try await store.read { reader in
            try reader.queues().map { ($0, try reader.counts($0, now: now), try reader.nextReady($0, after: now)) }
        }
        for (queue, counts, nextDue) in counts {
            counters.correct(queue, waiting: counts.waiting, nextDue: nextDue, unlessChangedSince: before[queue] ?? 0)
            // In case a waiting runner missed its wake-up. Costs nothing if no runner waits.
            if counts.ready + counts.express > 0 { waiters.signal(queue, count: counts.ready + counts.express) }
            metrics.depth(queue, counts, now)
        }
    }
}
