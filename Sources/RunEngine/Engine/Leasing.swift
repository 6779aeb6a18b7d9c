import APIMachinery
import Containment
import Spec
public import Storage

// A lease is a runner's right to work on one job until it expires.
//
//               lease                       report accepted
//     ready ────────────────▶ leased ─────────────────────────▶ removed: the step ends, or its next attempt is enqueued
//       ▲                      │  ▲│
//       │                      │  └┘ renew: every heartbeat sets expiresAt to now + leaseSeconds
//       │       requeue        │
//       ├──────────────────────┤ release  by the runner; no delivery
//       │                      │ revoke   by the engine, of a runner that is gone; a delivery if the runner was lost
//       │                      │ expire   by housekeeping; a delivery
//       │                      ▼
//       └─── requeue ─── dead letter: delivered maxDeliveries times and never reported
//            (administrator)
//
// - A job has at most one lease. The token is its fence: every lease has a greater one than all before it, and a report
//   or a renewal with another token changes nothing (`Stale`, `lost`).
// - Delivery is at least once: a job leaves the queue only with an accepted report, or because its run ended.
// - A request for jobs is granted inside the transaction that leases them. A stop, a drain or a departure that was
//   recorded before that transaction therefore always prevents the lease.
// - Runners repeat reports until they are answered; the engine requeues. Neither side waits for the other.

/// What a runner sends when it registers.
public struct RunnerRegistration: Sendable {
    public var podUID: String
    public var concurrency: Int
    /// Jobs that the process still works on, if it registers again after it could not reach the controller.
    public var holding: Set<JobID>

    /// A registration with those values.
    public init(podUID: String, concurrency: Int, holding: Set<JobID> = []) {
        self.podUID = podUID
        self.concurrency = concurrency
        self.holding = holding
    }
}

/// The answer to a registration.
public struct RunnerTerms: Sendable, Hashable {
    public var leaseSeconds: Int
    public var heartbeatSeconds: Int
    public var pollSeconds: Int
    public var drain: Bool
}

/// A job as it is leased to a runner.
public struct LeasedJob: Sendable, Hashable {
    public var id: JobID
    public var token: Int64
    /// How long the job was ready before it was leased.
    public var queueTime: Duration
    public var leaseSeconds: Int
    /// The rest of the answer: the members of a JSON object, without its braces.
    public var payload: [UInt8]
}

/// The answer to a runner that asked for jobs.
public struct LeaseAnswer: Sendable, Hashable {
    public var jobs: [LeasedJob]
    /// Whether the runner should stop asking for jobs, finish what it has, and exit.
    public var drain: Bool
}

extension RunEngine {
    /// Registers a runner that has started, or that is back after it could not reach the controller.
    ///
    /// Leases that an earlier process of that name held are revoked, except for the jobs that this one is holding.
    public func register(_ runner: RunnerReference, _ registration: RunnerRegistration) async throws -> RunnerTerms {
        registry.arrive(runner.key)
        let gone = registry.held(runner.key).filter { !registration.holding.contains($0.key) }
        if !gone.isEmpty { _ = try await revoke(Array(gone), of: runner.key, isLost: true) }
        var isNewPod = false
        let drain = registry.touch(runner, now: clock.attention) { state in
            isNewPod = state.podUID != registration.podUID
            state.podUID = registration.podUID
            state.concurrency = registration.concurrency
        }
        if isNewPod { runnerOutcomes.reset(runner.key) }
        observers.notify(runner.queue)
        return RunnerTerms(
            leaseSeconds: catalog.policy(runner.queue).leaseSeconds,
            heartbeatSeconds: max(1, Int(settings.heartbeatInterval.components.seconds)),
            pollSeconds: settings.pollSeconds,
            drain: drain
        )
    }

    /// Removes a runner that exits. Leases that it did not release, because the answer with them never reached it, are
    /// revoked. The delivery does not count: an orderly exit does not suggest that the job kills its runners.
    public func deregister(_ runner: RunnerReference) async throws {
        registry.depart(runner.key)
        waiters.wake(runner.key)
        _ = try await revokeAll(of: runner.key, isLost: false)
        registry.remove(runner.key)
        observers.notify(runner.queue)
    }

    /// Leases ready jobs to the runner, and waits for the first if the queue is empty.
    ///
    /// - Parameters:
    ///   - capacity: the most jobs to lease.
    ///   - wait: the longest time to wait, in seconds.
    public func lease(_ runner: RunnerReference, capacity: Int, wait: Int) async throws -> LeaseAnswer {
        let began = clock.now
        let deadline = began.advanced(bySeconds: min(max(0, wait), settings.pollSeconds * 3))
        let drain = registry.touch(runner, now: clock.attention) { state in
            state.concurrency = max(state.concurrency, capacity)
        }
        guard !drain, capacity > 0 else { return LeaseAnswer(jobs: [], drain: drain) }
        guard let request = registry.request(runner.key) else { return LeaseAnswer(jobs: [], drain: true) }
        while !isStopping {
            let seen = waiters.signals(runner.queue)
            let jobs = try await tryLease(runner, request, capacity: capacity)
            if Task.isCancelled {
                // The connection is closed, so these jobs cannot be delivered.
                try await release(jobs ?? [], of: runner)
                return LeaseAnswer(jobs: [], drain: false)
            }
            guard let jobs else { return passSignalOn(runner) }
            guard jobs.isEmpty, clock.now < deadline else { return LeaseAnswer(jobs: jobs, drain: false) }
            await waiters.wait(runner.queue, runner: runner.key, seen: seen, until: deadline)
            // A runner without heartbeats is dead, although its connection still looks open.
            let silence = settings.heartbeatInterval * 2
            let isHeard = registry.isHeard(runner.key, since: clock.attention.advanced(by: .zero - silence))
            if Task.isCancelled || !isHeard || !registry.mayLease(request) { return passSignalOn(runner) }
        }
        return LeaseAnswer(jobs: [], drain: false)
    }

    /// Ends a call that must not lease jobs. It may have been woken for a job, so another waiting call is woken
    /// instead.
    private func passSignalOn(_ runner: RunnerReference) -> LeaseAnswer {
        if !isStopping { waiters.signal(runner.queue, count: 1) }
        return LeaseAnswer(jobs: [], drain: registry.isDraining(runner.key))
    }

    /// - Returns: `nil` if this request must not lease jobs any more.
    private func tryLease(
        _ runner: RunnerReference,
        _ request: RunnerRegistry.LeaseRequest,
        capacity: Int
    ) async throws -> [LeasedJob]? {
        // Counted as empty: spares the writer a transaction.
        if counters.waiting(runner.queue) <= 0 { return [] }
        registry.openLease(request)
        defer { registry.closeLease(request) }
        return try await perform { [self] transaction, effects in
            try leaseJobs(to: runner, request, capacity: capacity, transaction, &effects)
        }
    }

    /// Leases ready jobs inside a transaction, and moves their steps and runs to `running`.
    ///
    /// - Returns: `nil` if this request must not lease jobs any more.
    func leaseJobs(
        to runner: RunnerReference,
        _ request: RunnerRegistry.LeaseRequest,
        capacity: Int,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws -> [LeasedJob]? {
        guard !isStopping, registry.mayLease(request) else { return nil }
        let now = clock.now
        let leaseSeconds = catalog.policy(runner.queue).leaseSeconds
        let jobs = try transaction.lease(
            runner.queue,
            limit: min(capacity, settings.maximumLease),
            maximumBytes: settings.maximumLeaseBytes,
            turn: counters.turn(runner.queue),
            runner: runner.name,
            now: now,
            expiresAt: now.advanced(bySeconds: leaseSeconds)
        )
        var leased: [LeasedJob] = []
        leased.reserveCapacity(jobs.count)
        for job in jobs {
            guard let lease = job.lease else { continue }
            guard var run = try transaction.run(id: job.step.run), var step = try transaction.step(job.step) else {
                // A job whose run is gone is removed.
                try transaction.removeJob(job.step)
                effects.withdrawals.append(job.queue)
                continue
            }
            let mark = containment.mark(.run, run.namespace, run.name, uid: run.uid, scope: .thread)
            defer { mark.end() }
            step.phase = .running
            step.deliveries = step.deliveries.saturatingAdd(1)
            step.runner = runner.name
            step.startedAt = max(clock.calendar, run.createdAt)
            step.finishedAt = nil
            try transaction.update(step)
            if run.phase == .pending {
                run.phase = .running
                run.startedAt = run.startedAt ?? step.startedAt
                if WaitReason.isOne(run.reason) {
                    run.reason = ""
                    run.message = ""
                }
                // Runs that an older version stored have no deadline before they start.
                if run.deadline == nil,
                    let timeout = try workflows.compiled(run.revision, from: transaction)?.spec.policy?.timeoutSeconds
                {
                    run.deadline = now.advanced(bySeconds: timeout)
                }
            }
            try transaction.update(&run)
            effects.leased.append(job)
            leased.append(
                LeasedJob(
                    id: job.id,
                    token: lease.token,
                    queueTime: max(.zero, now.since(job.readyAt)),
                    leaseSeconds: leaseSeconds,
                    payload: job.payload
                )
            )
        }
        return leased
    }

    private func release(_ jobs: [LeasedJob], of runner: RunnerReference) async throws {
        guard !jobs.isEmpty else { return }
        let held = jobs.map { ($0.id, RunnerRegistry.Held(token: $0.token, leasedAt: clock.attention)) }
        _ = try await revoke(held, of: runner.key, isLost: false)
    }
}
