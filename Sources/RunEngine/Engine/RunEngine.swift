import APIMachinery
public import Containment
public import Logging
import Spec
public import Storage
import Synchronization

/// Runs workflows: takes submissions, hands jobs to runners, takes their reports, and moves every run on until it has
/// ended.
///
/// All state that matters is in the run store. What the engine keeps in memory (which runners are alive, who waits,
/// how full queues are) is rebuilt after a start. Every change is one transaction, so the process may end between any
/// two instructions.
public final class RunEngine: Sendable {
    public let store: any RunStore
    public let catalog: WorkflowCatalog
    public let settings: RunEngineSettings
    /// Runs that the process died over are put aside.
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
    let wakeUps = WakeUp()
    let sweepState = Mutex(SweepState())
    let stopping = Mutex(StoppingState())

    /// An engine over a store. Call `start` before anything else, and `run` for its loops.
    ///
    /// - Parameter random: any 64 bits, for names, uids and jitter.
    public init(
        store: any RunStore,
        catalog: WorkflowCatalog,
        settings: RunEngineSettings = RunEngineSettings(),
        clock: any EngineClock = SystemEngineClock(),
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

    /// Takes up what an earlier process left: how full the queues are, and which runners have jobs. Those runners get
    /// the usual time to be heard of before their jobs go to others.
    ///
    /// - Throws: `RunStoreError`.
    public func start() async throws {
        clock.resume(skew: try await store.read { try $0.clockSkew() })
        await suspendQuarantinedRuns()
        let now = clock.now
        // Nobody could renew anything while there was no controller.
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

    /// Takes up what the store holds after somebody else changed it, as ``start()`` does, and wakes who waits for jobs.
    /// Runners that hold jobs which are no longer theirs hear of it with their next heartbeat.
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

    /// Runs a change and, once it is durable, tells everyone concerned.
    func perform<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction, inout EngineEffects) throws -> Result
    ) async throws -> Result {
        let (result, effects) = try await store.transaction { transaction in
            var effects = EngineEffects()
            return (try body(transaction, &effects), effects)
        }
        apply(effects)
        return result
    }

    private func apply(_ effects: EngineEffects) {
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

    /// Loads a run to change it. It is marked as being worked on for as long as the transition lives.
    ///
    /// A run whose revision is lost cannot be planned; it is given a workflow without steps, and the planner ends it.
    ///
    /// - Throws: `Status` (422) for a run that is quarantined.
    func transition(_ run: RunRecord, _ transaction: any RunTransaction, now: Timestamp) throws -> RunTransition {
        let mark = try containment.admit(.run, run.namespace, run.name, scope: .thread)
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
        // Others know only the calendar.
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
        // Whoever waits for jobs hears at once that there will be none.
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
