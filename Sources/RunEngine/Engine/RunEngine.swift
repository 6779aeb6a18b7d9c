public import Basics
import APIMachinery
public import Containment
public import Logging
import Spec
public import Storage
import Synchronization

/// Runs workflows: accepts submissions, leases jobs to runners, applies their reports, and plans every run until it has
/// ended.
///
/// The run store has all state that must not be lost. What the engine keeps in memory (live runners, waiting calls,
/// queue counters) is a cache that a start rebuilds. Every change is one transaction (`perform`), and its effects are
/// published after the commit; the process may therefore end between any two instructions.
///
///     submit, report, cancel … ──▶ perform ──▶ RunTransition ──▶ RunPlanner     decides, without I/O
///                                     │ commit
///                                     ▼
///                                  publish ──▶ QueueCounters, RunnerRegistry, LeaseWaiters, metrics, journal
public final class RunEngine: Sendable {
    public let store: any RunStore
    public let catalog: WorkflowCatalog
    public let settings: RunEngineSettings
    /// Marks runs while they are worked on, and has those that are quarantined.
    public let containment: Containment
    let clock: EngineTime
    let random: @Sendable () -> UInt64
    let workflows: CompiledWorkflows
    let registry = RunnerRegistry()
    let waiters = LeaseWaiters()
    let counters = QueueCounters()
    let runnerOutcomes = RunnerOutcomes()
    let lastKills = LastOutOfMemory()
    let endings = Mutex<(any RunnerEndings)?>(nil)
    let observers = QueueObservers()
    let metrics = EngineMetrics()
    let journal = RunJournal()
    let liveLogs = LiveLogs()
    let logger: Logger
    let wakeUps = Notifier()
    let sweepState = Mutex(SweepState())
    let stopping = Mutex(StoppingState())

    /// An engine over a store. Call `start` before anything else, and `run` for its loops.
    ///
    /// - Parameter random: any 64 bits, for names, uids and jitter.
    public init(
        store: any RunStore,
        catalog: WorkflowCatalog,
        settings: RunEngineSettings = RunEngineSettings(),
        clock: any TimeSource = .system,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) },
        containment: Containment = .disabled,
        logger: Logger
    ) {
        self.store = store
        self.catalog = catalog
        self.settings = settings
        self.clock = EngineTime(clock, settings: settings)
        self.random = random
        self.containment = containment
        self.logger = logger
        workflows = CompiledWorkflows(logger: logger)
    }

    /// Rebuilds the state in memory from the store: queue counters, and the runners that hold leases. These have the
    /// usual time to call before they are lost.
    ///
    /// - Throws: `RunStoreError`.
    public func start() async throws {
        clock.resume(skew: try await store.read { try $0.clockSkew() })
        await suspendQuarantinedRuns()
        let now = clock.now
        // Runners could not renew leases while no controller ran.
        try await renewLeases()
        startPauseGrace()
        let (leased, queues) = try await store.read { reader in
            let queues = try reader.queues().map { queue in
                let counts = try reader.counts(queue, now: now)
                return (queue, counts.waiting, try reader.nextReady(queue, after: now))
            }
            return (try reader.leasedJobs(), queues)
        }
        for (queue, waiting, nextDue) in queues { counters.setWaiting(queue, waiting, nextDue: nextDue) }
        for job in leased {
            guard let lease = job.lease else { continue }
            registry.recordLease(job, lease, at: clock.attention)
            registry.touch(
                RunnerReference(namespace: job.queue.namespace, pool: job.queue.pool, name: lease.runner),
                now: clock.attention
            )
        }
    }

    /// Rebuilds the state in memory after a restore has changed the store, and wakes waiting runners. Runners whose
    /// leases are gone learn that with their next heartbeat.
    public func reload() async throws {
        registry.forgetHeld()
        for queue in counters.queues { counters.setWaiting(queue, 0, nextDue: nil) }
        try await start()
        for queue in counters.queues where counters.waiting(queue) > 0 {
            waiters.signal(queue, count: counters.waiting(queue))
        }
        wakeUps.notify()
    }

    /// A number in 0..<1.
    func randomFraction() -> Double { Double(random() >> 11) * 0x1p-53 }

    // MARK: Transactions

    /// Runs a transaction and, once it is durable, publishes its effects.
    func perform<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction, inout EngineEffects) throws -> Result
    ) async throws -> Result {
        let (result, effects) = try await store.transaction { transaction in
            var effects = EngineEffects()
            return (try body(transaction, &effects), effects)
        }
        publish(effects)
        return result
    }

    private func publish(_ effects: EngineEffects) {
        let now = clock.now
        counters.apply(effects, now: now)
        let heard = clock.attention
        for job in effects.leased { if let lease = job.lease { registry.recordLease(job, lease, at: heard) } }
        for departure in effects.departures where registry.recordDeparture(departure) {
            let runner = NamespacedName(namespace: departure.job.queue.namespace, name: departure.lease.runner)
            runnerOutcomes.record(departure.kind, of: runner)
        }
        for (queue, job) in effects.outOfMemory { lastKills.record(job, queue) }
        for departure in effects.departures { liveLogs.remove(departure.job.id, token: departure.lease.token) }
        metrics.record(effects)
        journal.record(effects, now: now, logger: logger)
        record(interrupted: effects.interrupted)
        observers.notify(effects)
        guard !effects.arrivals.isEmpty else { return }
        var ready: [QueueName: Int] = [:]
        var isDelayed = false
        for arrival in effects.arrivals {
            if arrival.readyAt <= now { ready[arrival.queue, default: 0] += 1 } else { isDelayed = true }
        }
        for (queue, count) in ready { waiters.signal(queue, count: count) }
        if isDelayed { wakeUps.notify() }
    }

    /// Loads a run for a change. It is marked as being worked on for as long as the transition lives.
    ///
    /// A run whose revision is missing or unreadable gets a workflow without steps, so that the planner ends it.
    ///
    /// - Throws: `Status` (422) for a run that is quarantined.
    func transition(_ run: RunRecord, _ transaction: any RunTransaction, now: Timestamp) throws -> RunTransition {
        let mark = try containment.admit(.run, run.namespace, run.name, uid: run.uid, scope: .thread)
        let workflow = try workflows.compiled(run.revision, from: transaction) ?? .lost(run.revision)
        let queue = QueueName(namespace: run.namespace, pool: workflow.spec.poolName)
        return RunTransition(
            run: run,
            steps: try transaction.steps(run: run.id),
            workflow: workflow,
            policy: catalog.policy(queue),
            now: now,
            calendar: clock.calendar,
            mark: mark
        )
    }
}

extension RunEngine: RunnerDirectory {
    public func runners(namespace: String, pool: String) -> [RunnerState] {
        // Callers compare these times with the calendar.
        let shift = clock.calendar.since(clock.attention)
        return registry.runners(QueueName(namespace: namespace, pool: pool)).map { runner in
            var shown = runner
            shown.lastSeen = runner.lastSeen.advanced(by: shift)
            shown.loadReportedAt = runner.loadReportedAt?.advanced(by: shift)
            return shown
        }
    }

    public func setDraining(_ draining: Bool, namespace: String, runner: String) {
        let key = NamespacedName(namespace: namespace, name: runner)
        registry.setDraining(draining, key)
        // Ends its waiting calls, which would otherwise learn of it only when they time out.
        if draining { waiters.wake(key) }
    }
}

extension RunEngine: QueueObserver {
    public func statistics(namespace: String, pool: String) async throws -> QueueStatistics {
        let queue = QueueName(namespace: namespace, pool: pool)
        let now = clock.now
        let counts = try await store.read { try $0.counts(queue, now: now) }
        var statistics = QueueStatistics(
            ready: counts.ready,
            express: counts.express,
            delayed: counts.delayed,
            leased: counts.leased,
            dead: counts.dead
        )
        if let oldest = counts.oldestReadyAt { statistics.oldestAgeSeconds = max(0, now.since(oldest).inSeconds) }
        counters.fill(&statistics, queue)
        return statistics
    }

    public func outcomes(namespace: String, runner: String) -> JobOutcomes {
        runnerOutcomes.outcomes(of: NamespacedName(namespace: namespace, name: runner))
    }

    public func observe(_ handler: @escaping @Sendable (_ namespace: String, _ pool: String) -> Void) {
        observers.add(handler)
    }
}
