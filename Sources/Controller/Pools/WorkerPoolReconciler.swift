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
/// The size of a pool is `spec.replicas`. With `spec.autoscaling` the autoscaler writes it, as the Kubernetes one does
/// for a Deployment: `kubectl scale` then sets where it goes on from, and 0 set by a person switches scaling off. An
/// annotation tells a zero of the autoscaler from one of a person.
public final class WorkerPoolReconciler: Reconciler {
    /// `true` while there are no runners because the autoscaler wanted it so.
    static let asleepAnnotation = "martinet.dev/scaled-to-zero"
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
    let secretsKept = KeptSecrets()
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
    }

    public func reconcile(_ request: Request) async throws -> Reconciliation {
        guard let cached = source.pool(request) else {
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

/// The namespaces whose Secret has been written, with what; one write for each is enough.
final class KeptSecrets: Sendable {
    private let tokens = Mutex<[String: String]>([:])

    /// Whether the token is new for that namespace.
    func insert(_ namespace: String, _ token: String) -> Bool {
        tokens.withLock { $0.updateValue(token, forKey: namespace) != token }
    }

    /// The write failed and must be tried again.
    func forget(_ namespace: String) { tokens.withLock { $0[namespace] = nil } }
}
