public import APIMachinery
public import ControllerRuntime
import KubeAPI
public import KubeClient
public import Logging
public import RunEngine
import Spec
import Synchronization

/// Brings a pool's Pods to what its specification asks for.
///
/// One look: read the pool, its Pods, revisions, runners and queue; have the size decided (`PoolAutoscaler`) and then
/// the next step (`Rollout`), both pure; do it; write the status. Every step is safe to be killed before or after.
///
/// A pool is looked at when something has changed: objects, jobs (`observeJobs`), or what the last look said will have
/// changed by a certain time.
///
/// The size of a pool is `spec.replicas`. With `spec.autoscaling` the autoscaler writes it, as the Kubernetes one does
/// for a Deployment: `kubectl scale` then sets where it goes on from, and 0 set by a person switches scaling off.
/// `SleepMark` tells a zero of the autoscaler from one of a person.
public final class WorkerPoolReconciler: Reconciler {
    static let fieldManager = "martinet-controller"

    let client: KubeClient
    let source: any PoolSource
    let runners: any RunnerDirectory
    let queues: any QueueObserver
    let events: any EventSink
    let settings: PoolSettings
    let time: any TimeSource
    let logger: Logger
    let metrics = PoolMetrics()
    let random: @Sendable () -> UInt64
    let secrets = SecretWrites()
    private let wakeUps: PoolWakeUps
    private let memories = Mutex<[Request: PoolMemory]>([:])

    /// A reconciler of worker pools.
    public init(
        client: KubeClient,
        source: any PoolSource,
        runners: any RunnerDirectory,
        queues: any QueueObserver,
        events: any EventSink,
        settings: PoolSettings,
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "workerpool"),
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: 0 ... .max) }
    ) {
        self.client = client
        self.source = source
        self.runners = runners
        self.queues = queues
        self.events = LoggedEvents(events: events, logger: logger)
        self.settings = settings
        self.time = time
        self.logger = logger
        self.random = random
        wakeUps = PoolWakeUps(period: settings.syncPeriod)
    }

    /// Has a pool looked at when its jobs or runners have changed.
    ///
    /// - Parameter enqueue: called with the pool and after how long to look at it.
    public func observeJobs(_ enqueue: @escaping @Sendable (_ pool: Request, _ delay: Duration) -> Void) {
        queues.observe { [wakeUps, source, time] namespace, name in
            let pool = Request(namespace: namespace, name: name)
            guard let delay = wakeUps.notify(pool, now: time.instant) else { return }
            // Jobs may name a pool that nobody has made.
            if source.pool(pool) != nil { enqueue(pool, delay) } else { wakeUps.forget(pool) }
        }
    }

    public func reconcile(_ request: Request) async throws -> Reconciliation {
        wakeUps.began(request, now: time.instant)
        guard let cached = source.pool(request) else {
            wakeUps.forget(request)
            secrets.forget(request)
            if memories.withLock({ $0.removeValue(forKey: request) }) != nil { metrics.forget(request) }
            return .done
        }
        // The garbage collector takes the Pods; they finish what they have as any Pod that is deleted.
        guard cached.deletionTimestamp == nil else { return .done }
        var memory = memories.withLock { $0[request] } ?? PoolMemory(uid: cached.uid)
        if memory.uid != cached.uid { memory = PoolMemory(uid: cached.uid) }
        if memory.progress == nil { metrics.begin(request) }
        // Kept even if a step fails: what was done before it was done.
        defer { memories.withLock { $0[request] = memory } }

        let pool = memory.newest(cached)
        let typed: WorkerPool
        do {
            typed = try pool.decode(WorkerPool.self)
        } catch {
            throw TerminalError("workerpool/\(request.name) cannot be read: \(error)", cause: error)
        }
        if let fault = WorkerPoolValidation.validate(typed).first {
            events.warning(ObjectReference(pool), reason: "InvalidSpec", "\(fault)")
            throw TerminalError("workerpool/\(request.name) is invalid: \(fault)")
        }
        var look = PoolLook(self, pool, typed, time.now)
        return try await look.run(&memory)
    }
}
