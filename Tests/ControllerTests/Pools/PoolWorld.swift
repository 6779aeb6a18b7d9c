import APIMachinery
import Controller
import ControllerRuntime
import KubeAPI
import KubeClient
import KubeTestSupport
import RunEngine
import Spec
import Synchronization
import Testing

/// A pool on an API server in memory, with a node that starts every Pod at once and runners that do as told.
final class PoolWorld: Sendable {
    let time = ManualTime()
    let api: MemoryAPI
    let client: KubeClient
    let source = SnapshotSource()
    let runners = FakeRunners()
    let queues = FakeQueues()
    let events = RecordedEvents()
    let name = NamespacedName(namespace: "default", name: "p")
    private let reconciler: Mutex<WorkerPoolReconciler>
    private let make: @Sendable () -> WorkerPoolReconciler

    /// Images whose containers crash over and over.
    let badImages = Mutex<Set<String>>([])
    /// Images whose containers never become ready.
    let hangingImages = Mutex<Set<String>>([])
    /// Whether the controller is killed and started again before every look.
    let isForgetful = Mutex(false)

    init(_ transport: ((MemoryAPI) -> any APITransport)? = nil) {
        let api = MemoryAPI(time: time)
        self.api = api
        let client = KubeClient(
            ClientConfiguration(server: "https://memory.invalid"),
            transport: transport?(api) ?? api,
            retry: .never,
            time: time,
            random: { 0.5 }
        )
        self.client = client
        var settings = PoolSettings(controllerURL: "http://127.0.0.1:8080")
        settings.runnerToken = { _, _ in "secret" }
        make = { [source, runners, queues, events, time, settings] in
            WorkerPoolReconciler(
                client: client,
                source: source,
                runners: runners,
                queues: queues,
                events: events,
                settings: settings,
                time: time
            )
        }
        reconciler = Mutex(make())
    }

    static let template: JSONValue = [
        "metadata": ["annotations": ["note": "kept"]],
        "spec": [
            "containers": [["name": "agent-runner", "image": "runner:1", "unknown": ["kept": true]]],
            "nodeSelector": ["disk": "ssd"],
        ],
    ]

    /// Makes the pool.
    func create(_ spec: JSONValue) async throws {
        var spec = spec
        if spec["template"] == nil { spec["template"] = Self.template }
        _ = try await client.create(
            WorkerPool.resource,
            Unstructured([
                "apiVersion": "martinet.dev/v1alpha1", "kind": "WorkerPool",
                "metadata": ["name": "p", "namespace": "default"], "spec": spec,
            ])
        )
    }

    /// Changes the pool as a person would.
    func change(_ spec: JSONValue) async throws {
        _ = try await client.patch(WorkerPool.resource, namespace: "default", name: "p", .merge(["spec": spec]))
    }

    func pool() async throws -> Unstructured {
        try await client.get(WorkerPool.resource, namespace: "default", name: "p")
    }

    func status() async throws -> WorkerPoolStatus {
        try #require(try await pool().decode(WorkerPool.self).status)
    }

    func pods() async throws -> [Pod] { try await client.list(Pod.self, namespace: "default").items }

    func revisions() async throws -> [ControllerRevision] {
        try await client.list(ControllerRevision.self, namespace: "default").items
    }

    /// The controller that looks.
    var current: WorkerPoolReconciler { reconciler.withLock { $0 } }

    /// One look with whatever the caches show.
    @discardableResult
    func look() async throws -> Reconciliation {
        if isForgetful.withLock({ $0 }) { reconciler.withLock { $0 = make() } }
        return try await reconciler.withLock { $0 }.reconcile(name)
    }

    /// The caches catch up, the controller looks, the node acts, a second passes.
    func step(_ count: Int = 1) async throws {
        for _ in 0..<count {
            // Nothing below really waits; tests with time limits of their own run beside this on the same few threads.
            await Task.yield()
            try await source.refresh(client)
            try await look()
            try await runNode()
            time.advance(by: .seconds(1))
        }
    }

    /// Requests so far that were to change something.
    var writes: Int { api.requests.count { $0.method != .get } }

    /// The condition of that type, as `STATUS REASON`.
    func condition(_ type: String) async throws -> String? {
        try await status().conditions?[type].map { "\($0.status) \($0.reason)" }
    }

    /// Whether the runner of a Pod gets jobs.
    func getsJobs(_ pod: String) -> Bool { !runners.draining.contains(pod) }

    /// Starts Pods that are new; those of a bad image crash.
    func runNode() async throws {
        let bad = badImages.withLock { $0 }
        let hanging = hangingImages.withLock { $0 }
        for pod in try await pods() where !pod.isReady && !pod.isFinished {
            let name = try #require(pod.metadata.name)
            if hanging.contains(pod.spec?.containers.first?.image ?? "") { continue }
            if bad.contains(pod.spec?.containers.first?.image ?? "") {
                try await setStatus(
                    name,
                    [
                        "phase": "Running",
                        "containerStatuses": [
                            [
                                "name": "agent-runner", "ready": false, "restartCount": 3,
                                "state": ["waiting": ["reason": "CrashLoopBackOff", "message": "back-off 20s"]],
                            ]
                        ],
                    ]
                )
                continue
            }
            try await setStatus(
                name,
                [
                    "phase": "Running", "startTime": .string(time.now.rfc3339), "containerStatuses": .null,
                    "conditions": [
                        ["type": "Ready", "status": "True", "lastTransitionTime": .string(time.now.rfc3339)]
                    ],
                ]
            )
            runners.start(name, pod.metadata.uid ?? "", pool: self.name, now: time.now)
        }
        runners.keep(Set(try await pods().compactMap(\.metadata.name)))
    }

    func setStatus(_ pod: String, _ status: JSONValue) async throws {
        _ = try await client.patchStatus(
            Pod.resource,
            namespace: "default",
            name: pod,
            .merge(["status": status])
        )
    }
}

/// A cache that is as old as its last refresh.
final class SnapshotSource: PoolSource {
    private struct State {
        var pools: [NamespacedName: Unstructured] = [:]
        var pods: [Pod] = []
        var revisions: [ControllerRevision] = []
        var secrets: [NamespacedName: Secret] = [:]
    }

    private let state = Mutex(State())

    func refresh(_ client: KubeClient) async throws {
        var fresh = State()
        for pool in try await client.listAll(WorkerPool.resource, namespace: "").items {
            fresh.pools[pool.namespacedName] = pool
        }
        // As the plane's informers: what has lost this label is not seen any more.
        func isOurs(_ object: ObjectMeta) -> Bool { object.labels?[PoolRevision.revisionLabel] != nil }
        fresh.pods = try await client.list(Pod.self).items.filter { isOurs($0.metadata) }
        fresh.revisions = try await client.list(ControllerRevision.self).items.filter { isOurs($0.metadata) }
        for secret in try await client.list(Secret.self).items {
            let name = NamespacedName(namespace: secret.metadata.namespace ?? "", name: secret.metadata.name ?? "")
            fresh.secrets[name] = secret
        }
        state.withLock { $0 = fresh }
    }

    func pool(_ name: NamespacedName) -> Unstructured? { state.withLock { $0.pools[name] } }

    func pods(ownedBy uid: String) -> [Pod] {
        state.withLock { $0.pods }.filter { $0.metadata.controller?.uid == uid }
    }

    func revisions(ownedBy uid: String) -> [ControllerRevision] {
        state.withLock { $0.revisions }.filter { $0.metadata.controller?.uid == uid }
    }

    func orphans(namespace: String, pool label: String) -> PoolOrphans {
        func isOne(_ object: ObjectMeta) -> Bool {
            object.controller == nil && object.namespace == namespace
                && object.labels?[PoolRevision.poolLabel] == label
        }
        return state.withLock { state in
            PoolOrphans(
                pods: state.pods.filter { isOne($0.metadata) },
                revisions: state.revisions.filter { isOne($0.metadata) }
            )
        }
    }

    func secret(_ name: NamespacedName) -> Secret? { state.withLock { $0.secrets[name] } }
}

final class FakeRunners: RunnerDirectory {
    private struct State {
        var runners: [String: RunnerState] = [:]
        var draining: Set<String> = []
        var released: [String] = []
    }

    private let state = Mutex(State())

    var released: [String] { state.withLock { $0.released } }
    var draining: Set<String> { state.withLock { $0.draining } }

    func start(_ name: String, _ uid: String, pool: NamespacedName, now: Timestamp) {
        state.withLock {
            $0.runners[name] = RunnerState(
                namespace: pool.namespace,
                pool: pool.name,
                name: name,
                podUID: uid,
                concurrency: 4,
                lastSeen: now
            )
        }
    }

    func keep(_ names: Set<String>) {
        state.withLock { state in state.runners = state.runners.filter { names.contains($0.key) } }
    }

    func setJobs(_ count: Int, _ name: String) { state.withLock { $0.runners[name]?.leasedJobs = count } }

    func setLoad(cpuMillicores: Int, _ name: String, now: Timestamp) {
        state.withLock {
            $0.runners[name]?.load.cpuMillicores = cpuMillicores
            $0.runners[name]?.loadReportedAt = now
        }
    }

    func runners(namespace: String, pool: String) -> [RunnerState] {
        state.withLock { state in
            state.runners.values.map {
                var runner = $0
                runner.draining = state.draining.contains($0.name)
                return runner
            }
        }
    }

    func setDraining(_ draining: Bool, namespace: String, runner: String) {
        state.withLock { if draining { $0.draining.insert(runner) } else { $0.draining.remove(runner) } }
    }

    func releaseLeases(namespace: String, runner: String) async throws -> Int {
        state.withLock {
            $0.released.append(runner)
            return $0.runners[runner]?.leasedJobs ?? 0
        }
    }
}

final class FakeQueues: QueueObserver {
    private struct State {
        var statistics: QueueStatistics? = QueueStatistics()
        var outcomes: [String: JobOutcomes] = [:]
        var outOfMemory: JobOutOfMemory?
        var handlers: [@Sendable (String, String) -> Void] = []
    }

    private let state = Mutex(State())

    func set(_ statistics: QueueStatistics?) { state.withLock { $0.statistics = statistics } }

    /// What the jobs of a runner came to so far.
    func setOutcomes(_ outcomes: JobOutcomes, _ runner: String) { state.withLock { $0.outcomes[runner] = outcomes } }

    /// The last job that was killed for its runner's memory.
    func setOutOfMemory(_ job: JobOutOfMemory?) { state.withLock { $0.outOfMemory = job } }

    func lastOutOfMemory(namespace: String, pool: String) -> JobOutOfMemory? { state.withLock { $0.outOfMemory } }

    /// Jobs of the pool have come or gone.
    func change(_ pool: NamespacedName) {
        for handler in state.withLock({ $0.handlers }) { handler(pool.namespace, pool.name) }
    }

    func statistics(namespace: String, pool: String) async throws -> QueueStatistics {
        guard let statistics = state.withLock({ $0.statistics }) else {
            throw Status.internalError("the queue is away")
        }
        return statistics
    }

    func outcomes(namespace: String, runner: String) -> JobOutcomes {
        state.withLock { $0.outcomes[runner] } ?? JobOutcomes()
    }

    func observe(_ handler: @escaping @Sendable (_ namespace: String, _ pool: String) -> Void) {
        state.withLock { $0.handlers.append(handler) }
    }
}

final class RecordedEvents: EventSink {
    private let events = Mutex<[(reason: String, message: String)]>([])

    /// The messages of Events of that reason.
    func messages(_ reason: String) -> [String] {
        events.withLock { $0.filter { $0.reason == reason }.map(\.message) }
    }

    func normal(_ object: ObjectReference, reason: String, _ message: String) {
        events.withLock { $0.append((reason, message)) }
    }

    func warning(_ object: ObjectReference, reason: String, _ message: String) {
        events.withLock { $0.append((reason, message)) }
    }
}
