public import AsyncHTTPClient
import APIMachinery
public import Logging
public import Observability
public import ServiceLifecycle
import Synchronization

/// A runner: registers with a controller, leases jobs, runs them, and reports.
///
/// Six loops share one `RunnerStateMachine`. *Registration* makes the runner known whenever it is not; *leasing* polls
/// for jobs while slots are free; *reporting* tells what finished and takes new jobs with the answer; *heartbeats*
/// renew the leases and bring cancellations; *logs* sends what running jobs write; *jobs* runs what was leased.
/// A controller that goes away stops nothing that runs: reports wait until it is back.
public final class Runner: Service {
    let options: RunnerOptions
    let connection: any ControllerConnection
    let executors: ExecutorSet
    let state: Monitor<RunnerStateMachine>
    let metrics: RunnerMetrics
    let logger: Logger
    let facts: SystemFacts
    let version: String
    let clock = ContinuousClock()
    let starts: AsyncStream<ReceivedJob>
    let start: AsyncStream<ReceivedJob>.Continuation
    let contact: Mutex<Contact>
    let load = LoadMeter()
    let logs = LogOutbox()

    /// A leased job and when it came, so that waiting inside the runner counts as waiting.
    struct ReceivedJob: Sendable {
        var job: Job
        var at: ContinuousClock.Instant
    }

    /// When things last went well, for the probes.
    struct Contact: Sendable {
        /// The last answer of the controller.
        var heard: ContinuousClock.Instant?
        /// The last turn of the heartbeat loop, whatever came of it.
        var turned: ContinuousClock.Instant
    }

    /// How long the reports of finished jobs may take once all work is over.
    static let flushTimeout: Duration = .seconds(10)

    /// Makes a runner that reaches its controller through that client.
    ///
    /// - Parameter version: of this program, for the controller's records.
    public convenience init(
        options: RunnerOptions,
        client: HTTPClient,
        executors: ExecutorSet,
        registry: PrometheusRegistry,
        version: String,
        environment: [String: String],
        logger: Logger
    ) {
        let source = options.token
        self.init(
            options: options,
            connection: HTTPController(client: client, url: options.controller) { source.current() },
            executors: executors,
            registry: registry,
            version: version,
            environment: environment,
            logger: logger
        )
    }

    init(
        options: RunnerOptions,
        connection: any ControllerConnection,
        executors: ExecutorSet,
        registry: PrometheusRegistry,
        version: String,
        environment: [String: String],
        logger: Logger
    ) {
        self.options = options
        self.connection = connection
        self.executors = executors
        self.version = version
        var logger = logger
        logger[metadataKey: "pool"] = .string(options.identity.pool)
        logger[metadataKey: "runner"] = .string(options.identity.name)
        self.logger = logger
        facts = SystemFacts.current(environment: environment)
        state = Monitor(RunnerStateMachine(slots: options.workers, inlineActors: executors.inlineActors))
        metrics = RunnerMetrics(registry: registry, pool: options.identity.pool, state: state)
        contact = Mutex(Contact(turned: clock.now))
        // No more than the slots are ever started at once.
        (starts, start) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(max(1, options.workers)))
    }

    /// Works until graceful shutdown, then finishes what runs (within the drain time-out; what is left then is
    /// handed back), reports it, and returns.
    public func run() async throws {
        logger.info(
            "runner starts",
            metadata: ["controller": "\(options.controller)", "workers": "\(options.workers)"]
        )
        await withTaskGroup { group in
            group.addTask { await self.registrationLoop() }
            group.addTask { await self.leaseLoop() }
            group.addTask { await self.reportLoop() }
            group.addTask { await self.heartbeatLoop() }
            group.addTask { await self.logLoop() }
            let jobs = JobsDone()
            group.addTask {
                await self.jobLoop()
                jobs.done.update { $0 = true }
            }
            // Without a service group around it, the end of the task is the only sign to stop.
            try? await gracefulShutdown()
            await stop(jobs)
            group.cancelAll()
        }
        logger.info("runner stopped")
    }

    /// Set when the last job, and handing it back, is over.
    private struct JobsDone: Sendable { let done = Monitor(false) }

    private func stop(_ jobs: JobsDone) async {
        let running = state.update { state in
            state.beginStopping()
            return state.running
        }
        logger.info(
            "runner is stopping: no new jobs",
            metadata: ["running": "\(running)", "drain_timeout": "\(options.drainTimeout)"]
        )
        let finished = await within(options.drainTimeout) { try await self.state.wait { $0.running == 0 ? () : nil } }
        if !finished {
            let keys = state.update { $0.abandonRunning() }
            logger.warning(
                "the drain timeout is over; running jobs are stopped and released",
                metadata: ["jobs": .array(keys.map { .string($0.id) })]
            )
        }
        start.finish()
        // The wait only fails when it is cancelled: there is no time for the jobs then.
        try? await jobs.done.wait { $0 ? () : nil }
        let isFlushed = await within(Self.flushTimeout) { try await self.state.wait { $0.isQuiet ? () : nil } }
        let unsent = state.read { $0.unsentReports }
        if !isFlushed, unsent > 0 {
            logger.error(
                "finished jobs could not be reported; their leases will expire and they will run again",
                metadata: ["reports": .stringConvertible(unsent)]
            )
        }
        // Also releases the jobs of an answer that the end of polling cut off.
        _ = try? await call(.deregister, [:], timeout: .seconds(3))
    }

    /// Does something for at most that long.
    ///
    /// - Returns: whether it was done.
    private func within(_ time: Duration, _ work: @escaping @Sendable () async throws -> Void) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            // The caller logs what was not done in time.
            group.addTask { (try? await work()) != nil }
            group.addTask {
                // The sleep only fails when it is cancelled: the work is done.
                try? await self.clock.sleep(for: time)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }

    /// Makes one call with the runner's identity in it.
    func call(_ call: ProtocolCall, _ members: JSONObject, timeout: Duration) async throws -> JSONValue {
        do {
            let answer = try await connection.call(call, options.identity.body(members), timeout: timeout)
            contact.withLock { $0.heard = clock.now }
            metrics.called(call, "ok")
            return answer
        } catch let error as ControllerError {
            metrics.called(call, "\(error.kind)")
            throw error
        }
    }
}

/// Turns growing totals of processor time into a rate.
final class LoadMeter: Sendable {
    private let last = Mutex<(cpu: Duration, at: ContinuousClock.Instant)?>(nil)

    /// Thousandths of a core used since the last call; 0 at the first.
    func millicores(cpu: Duration, now: ContinuousClock.Instant) -> Int64 {
        last.withLock { last in
            defer { last = (cpu, now) }
            guard let before = last, now > before.at else { return 0 }
            // Totals of processes that end are counted anew by the kernel, and may fall a little meanwhile.
            return Int64(clamping: (max(.zero, cpu - before.cpu) / (now - before.at) * 1000).rounded())
        }
    }
}
