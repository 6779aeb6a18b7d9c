public import APIMachinery
public import Containment
public import ControllerRuntime
import KubeAPI
public import KubeClient
public import Logging
public import RunEngine
public import ServiceLifecycle
import Spec

/// All controllers of a plane with the caches that they alone need, ready to be run.
public struct ControllerSet: Sendable {
    /// What belongs to a set besides the client.
    public struct Parts: Sendable {
        /// The caches of the plane's own kinds, which others use as well and somebody else runs.
        public var pools: Informer<Unstructured>
        public var workflows: Informer<Unstructured>
        public var runners: any RunnerDirectory
        public var queues: any QueueObserver
        public var settings: PoolSettings
        /// What was put aside because the plane died over it.
        public var containment: Containment
        /// `nil` leaves the run counters of workflows alone.
        public var runCounter: RunCounter?
        /// Whether HorizontalPodAutoscalers of pools are served; on a cluster its own controller does that.
        public var scalesHorizontally = false
        /// Tells replicas of the controller apart, in Events.
        public var instance = ""

        /// The parts of a set.
        public init(
            pools: Informer<Unstructured>,
            workflows: Informer<Unstructured>,
            runners: any RunnerDirectory,
            queues: any QueueObserver,
            settings: PoolSettings,
            containment: Containment = .disabled,
            runCounter: RunCounter? = nil
        ) {
            self.pools = pools
            self.workflows = workflows
            self.runners = runners
            self.queues = queues
            self.settings = settings
            self.containment = containment
            self.runCounter = runCounter
        }
    }

    /// Writes the Events; it should stop last, so that the last decisions are told.
    public let events: EventRecorder
    /// The caches of Pods and revisions. They may run while another replica is the leader.
    public let informers: [any Service]
    /// The controllers, which only the leader may run.
    public let controllers: [any Service]

    /// Puts the controllers together; nothing is asked of the server before they run.
    public init(
        client: KubeClient,
        _ parts: Parts,
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "controller")
    ) {
        events = EventRecorder(
            client: client,
            component: "martinet-controller",
            instance: parts.instance,
            time: time,
            logger: logger
        )
        // Only what a pool or a workflow owns: the other Pods of a cluster are none of our memory.
        let ours = Watcher.Options(labelSelector: PoolRevision.revisionLabel)
        let pods = Informer<Pod>(
            client: client,
            options: ours,
            indices: InformedPoolSource.indices(),
            time: time,
            logger: logger
        )
        let revisions = Informer<ControllerRevision>(
            client: client,
            options: ours,
            indices: InformedPoolSource.indices(),
            time: time,
            logger: logger
        )
        // The runners' own Secret of each namespace, and no other.
        let secrets = parts.settings.runnerToken.map { _ in
            Informer<Secret>(
                client: client,
                options: Watcher.Options(fieldSelector: "metadata.name=\(parts.settings.tokenSecret)"),
                time: time,
                logger: logger
            )
        }
        let autoscalers =
            parts.scalesHorizontally
            ? Informer<Unstructured>(
                client: client,
                resource: HorizontalPodAutoscaler.resource,
                time: time,
                logger: logger
            ) : nil
        informers = [pods, revisions] + (secrets.map { [$0] } ?? []) + (autoscalers.map { [$0] } ?? [])

        let source = InformedPoolSource(pools: parts.pools, pods: pods, revisions: revisions, secrets: secrets)
        let reconciler = WorkerPoolReconciler(
            client: client,
            source: source,
            runners: parts.runners,
            queues: parts.queues,
            events: events,
            settings: parts.settings,
            time: time,
            logger: logger
        )
        let pool = Controller(
            name: "workerpool",
            reconciler: reconciler,
            workers: 2,
            containment: parts.containment,
            time: time,
            logger: logger
        )
        let pools = parts.pools
        pool.watch(pools)
        pool.watch(owned: pods, by: WorkerPool.groupVersionKind)
        pool.watch(owned: revisions, by: WorkerPool.groupVersionKind)
        pool.watch(pods) { InformedPoolSource.pools(ofOrphan: $0.object.metadata, among: pools.store) }
        pool.watch(revisions) { InformedPoolSource.pools(ofOrphan: $0.object.metadata, among: pools.store) }
        if let secrets {
            pool.watch(secrets) { event in
                pools.store.list(namespace: event.object.metadata.namespace ?? "").map(\.namespacedName)
            }
        }
        reconciler.observeJobs { [queue = pool.queue] in queue.add($0, after: $1) }

        var runCounts: WorkflowReconciler.RunCounts?
        if let counter = parts.runCounter { runCounts = { counter.counts(of: $0) } }
        let workflow = Controller(
            name: "workflow",
            reconciler: WorkflowReconciler(
                client: client,
                workflow: { parts.workflows.store.get($0) },
                revisions: { source.revisions(ownedBy: $0) },
                hasPool: { parts.pools.store.get($0) != nil },
                counts: runCounts,
                events: events,
                time: time,
                logger: logger
            ),
            workers: 1,
            containment: parts.containment,
            time: time,
            logger: logger
        )
        workflow.watch(parts.workflows)
        parts.runCounter?.observe { [queue = workflow.queue] in queue.add($0) }
        // A pool that comes or goes decides whether the workflows that name it can run.
        workflow.watch(parts.pools) { event in
            if case .updated = event { return [] }
            let pool = event.object
            return parts.workflows.store.list(namespace: pool.namespace)
                .filter { WorkflowReconciler.pool(of: $0) == pool.name }
                .map(\.namespacedName)
        }
        workflow.watch(owned: revisions, by: Workflow.groupVersionKind)
        guard let autoscalers else {
            controllers = [pool, workflow]
            return
        }
        let horizontal = Controller(
            name: "horizontalpodautoscaler",
            reconciler: HorizontalPodAutoscalerReconciler(
                client: client,
                autoscalers: { [store = autoscalers.store] in store.list(namespace: $0) },
                source: source,
                runners: parts.runners,
                events: events,
                settings: parts.settings,
                time: time,
                logger: logger
            ),
            workers: 1,
            containment: parts.containment,
            time: time,
            logger: logger
        )
        let store = autoscalers.store
        horizontal.watch(autoscalers) { event in
            // Another autoscaler of the same pool concerns this one.
            [event.object.namespacedName]
                + HorizontalPodAutoscalerReconciler.requests(
                    alike: event.object,
                    among: store.list(namespace: event.object.namespace)
                )
        }
        horizontal.watch(pools) { event in
            let pool = event.object.namespacedName
            return HorizontalPodAutoscalerReconciler.requests(
                forPool: pool,
                among: store.list(namespace: pool.namespace)
            )
        }
        controllers = [pool, workflow, horizontal]
    }
}
