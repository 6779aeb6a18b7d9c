import APIMachinery
import Containment
import Spec
public import Storage

/// What a runner says of itself when it starts.
public struct RunnerRegistration: Sendable {
    public var podUID: String
    public var concurrency: Int
    /// Jobs that the process still works on: it registers again after the controller was gone.
    public var holding: Set<JobID>

    /// A runner that works on so many jobs at once.
    public init(podUID: String, concurrency: Int, holding: Set<JobID> = []) {
        self.podUID = podUID
        self.concurrency = concurrency
        self.holding = holding
    }
}

/// What a runner is told when it registers.
public struct RunnerTerms: Sendable, Hashable {
    public var leaseSeconds: Int
    public var heartbeatSeconds: Int
    public var pollSeconds: Int
    public var drain: Bool
}

/// A job handed to a runner.
public struct LeasedJob: Sendable, Hashable {
    public var id: JobID
    public var token: Int64
    /// How long the job waited, from when it could have been handed out.
    public var queueTime: Duration
    public var leaseSeconds: Int
    /// What else the runner is told: the members of a JSON object, without its braces.
    public var payload: [UInt8]
}

/// The answer to a runner that asked for jobs.
public struct LeaseAnswer: Sendable, Hashable {
    public var jobs: [LeasedJob]
    /// Whether the runner shall ask no more, finish what it has, and leave.
    public var drain: Bool
}

extension RunEngine {
    /// A runner has started, or is back after it could not reach the controller.
    ///
    /// A process that registers has none of the jobs that one of that name had before, so those go back; those
    /// that it names as its own stay.
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

    /// A runner has stopped. Jobs that it did not hand back, as an answer with them never reached it, go back to the
    /// queue; a farewell is no sign that a job ends its runner, so that the delivery does not count.
    public func deregister(_ runner: RunnerReference) async throws {
        registry.depart(runner.key)
        waiters.wake(runner.key)
        _ = try await revokeAll(of: runner.key, isLost: false)
        registry.remove(runner.key)
        observers.notify(runner.queue)
    }

    /// Hands out jobs; waits for the first if there is none.
    ///
    /// - Parameters:
    ///   - capacity: how many jobs the runner can take.
    ///   - wait: how long to wait at most, in seconds.
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
                // The caller is gone and will never hear of them.
                try await release(jobs ?? [], of: runner)
                return LeaseAnswer(jobs: [], drain: false)
            }
            guard let jobs else { return passSignalOn(runner) }
            guard jobs.isEmpty, clock.now < deadline else { return LeaseAnswer(jobs: jobs, drain: false) }
            await waiters.wait(runner.queue, runner: runner.key, seen: seen, until: deadline)
            // A runner that sends no heartbeats is dead, and its call only looks as if it waited.
            let silence = settings.heartbeatInterval * 2
            let isHeard = registry.isHeard(runner.key, since: clock.attention.advanced(by: .zero - silence))
            if Task.isCancelled || !isHeard || !registry.mayLease(request) { return passSignalOn(runner) }
        }
        return LeaseAnswer(jobs: [], drain: false)
    }

    /// Ends a call that must not get jobs. The wake-up was meant for a job that someone else must take now.
    private func passSignalOn(_ runner: RunnerReference) -> LeaseAnswer {
        if !isStopping { waiters.signal(runner.queue, count: 1) }
        return LeaseAnswer(jobs: [], drain: registry.isDraining(runner.key))
    }

    /// - Returns: `nil` if the runner must not get jobs for this request any more.
    private func tryLease(
        _ runner: RunnerReference,
        _ request: RunnerRegistry.LeaseRequest,
        capacity: Int
    ) async throws -> [LeasedJob]? {
        // The queue is empty as far as anyone knows: no need to disturb the writer.
        if counters.waiting(runner.queue) <= 0 { return [] }
        registry.openLease(request)
        defer { registry.closeLease(request) }
        return try await perform { [self] transaction, effects in
            try leaseJobs(to: runner, request, capacity: capacity, transaction, &effects)
        }
    }

    /// Hands out what is ready, inside a transaction.
    ///
    /// - Returns: `nil` if the runner must not get jobs for this request any more.
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
        var handed: [LeasedJob] = []
        handed.reserveCapacity(jobs.count)
        for job in jobs {
            guard let lease = job.lease else { continue }
            guard var run = try transaction.run(id: job.step.run), var step = try transaction.step(job.step) else {
                // A job without its run is of no use to anyone.
                try transaction.removeJob(job.step)
                effects.withdrawals.append(job.queue)
                continue
            }
            let mark = containment.mark(.run, run.namespace, run.name, scope: .thread)
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
            handed.append(
                LeasedJob(
                    id: job.id,
                    token: lease.token,
                    queueTime: max(.zero, now.since(job.readyAt)),
                    leaseSeconds: leaseSeconds,
                    payload: job.payload
                )
            )
        }
        return handed
    }

    private func release(_ jobs: [LeasedJob], of runner: RunnerReference) async throws {
        guard !jobs.isEmpty else { return }
        let held = jobs.map { ($0.id, RunnerRegistry.Held(token: $0.token, leasedAt: clock.attention)) }
        _ = try await revoke(held, of: runner.key, isLost: false)
    }
}
