public import APIMachinery
public import Containment
import ControllerRuntime
public import ImageStore
import KubeAPI
public import KubeClient
public import Logging
public import ServiceLifecycle
import Synchronization

/// Does on one machine what scheduler and kubelet do on a cluster, over the Kubernetes API only: registers a Node,
/// binds pending Pods that fit, runs their containers as processes, probes them, restarts them with back-off, keeps
/// their logs, measures their usage.
///
/// What differs from a container: no file system and no network of its own. Volumes are not mounted, Pods share the
/// loopback interface (see `PortAllocator`), a memory limit is checked every few seconds, a CPU limit is not enforced.
///
/// On graceful shutdown the containers are ended in order, each in the time that its Pod asks for
/// (`terminationGracePeriodSeconds`), or at once after ``hurry()``; their Pods stay and go on at the next start.
public final class LocalNode: Service {
    private struct State {
        var workers: [String: PodWorker] = [:]
        var isStopping = false
        var isRegistered = false
        var stopped: [NamespacedName] = []
    }

    /// The images that this node knows.
    public let images: ImageStore
    private let context: NodeContext
    private let scheduling: EventRecorder
    private let state = Mutex(State())
    private let changed = Notifier()

    /// A node that is reached through that client's API server.
    public init(
        client: KubeClient,
        options: Options,
        containment: Containment = .disabled,
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "local-node")
    ) {
        images = ImageStore(dataDirectory: options.dataDirectory, builtIn: options.builtInImages)
        scheduling = EventRecorder(client: client, component: "default-scheduler", time: time, logger: logger)
        context = NodeContext(
            client: client,
            options: options,
            images: images,
            logs: LogDirectory(dataDirectory: options.dataDirectory),
            ports: PortAllocator(),
            recorder: EventRecorder(
                client: client,
                component: "kubelet",
                instance: options.nodeName,
                time: time,
                logger: logger
            ),
            containment: containment,
            time: time,
            logger: logger
        )
        containment.onRelease { [weak self] subject in
            guard subject.kind == .pod, let self else { return }
            let name = NamespacedName(namespace: subject.namespace, name: subject.name)
            for worker in workers where worker.name == name { worker.post(.tick) }
        }
    }

    /// Whether the Node object exists and Pods are looked after.
    public var isRegistered: Bool { state.withLock { $0.isRegistered } }

    /// Runs Pods until graceful shutdown, when it ends them in order, or cancellation, when it kills them.
    public func run() async throws {
        // Whatever the last run left over must not meet what this one starts.
        let strays = await Strays.kill(marks: [context.planeMark])
        if strays > 0 {
            context.logger.warning("processes of an earlier run were killed", metadata: ["count": "\(strays)"])
        }
        let informer = Informer<Pod>(client: context.client, logger: context.logger)
        // One for each Pod of the node, whose number the API bounds, and taken at once.
        let (pods, arrivals) = AsyncStream<PodWorker>.makeStream(bufferingPolicy: .unbounded)
        informer.addHandler { [self] event in
            if let worker = handle(event) { arrivals.yield(worker) }
            changed.notify()
        }
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                func keep(_ name: String, _ loop: @escaping @Sendable () async throws -> Void) {
                    group.addTask { [context] in
                        await NodeLoop(name: name, time: context.time, logger: context.logger).run(loop)
                    }
                }
                keep("informer") { try await informer.run() }
                keep("events") { [context] in try await context.recorder.run() }
                keep("scheduler's events") { [scheduling] in try await scheduling.run() }
                keep("heartbeat") { [self] in try await untilShutdown { try await self.heartbeat() } }
                keep("scheduler") { [self] in try await untilShutdown { try await self.schedule(informer) } }
                keep("images") { [self] in try await untilShutdown { try await self.watchImages() } }
                // Limits are kept until the last container has ended.
                keep("usage") { [self] in try await measure() }
                await withDiscardingTaskGroup { workers in
                    for await worker in pods {
                        workers.addTask { [self] in
                            await worker.run()
                            forget(worker)
                        }
                    }
                }
                group.cancelAll()
            }
        } onGracefulShutdown: { [self] in
            stop()
            arrivals.finish()
        }
    }

    /// Runs the loop until the node is to stop, which does not count as a failure of the loop.
    private func untilShutdown(_ loop: @Sendable @escaping () async throws -> Void) async throws {
        // A loop that is cancelled has been stopped.
        do { try await cancelWhenGracefulShutdown(loop) } catch is CancellationError {}
    }

    private func stop() {
        let workers = state.withLock { state in
            state.isStopping = true
            state.stopped = state.workers.values.map(\.name)
            return Array(state.workers.values)
        }
        for worker in workers { worker.post(.nodeStops(grace: context.options.shutdownGrace)) }
    }

    /// Kills the containers that are still there, if the node is stopping.
    public func hurry() {
        let workers = state.withLock { $0.isStopping ? Array($0.workers.values) : [] }
        for worker in workers { worker.post(.nodeStops(grace: .zero)) }
    }

    /// The Pods that were here when the node began to stop.
    public var stoppedPods: [NamespacedName] { state.withLock { $0.stopped } }

    /// Hands a change to the Pod's worker; answers a new worker for a Pod that has none yet.
    private func handle(_ event: InformerEvent<Pod>) -> PodWorker? {
        let pod = event.object
        guard pod.spec?.nodeName == context.options.nodeName, let uid = pod.metadata.uid else { return nil }
        let existing = state.withLock { $0.workers[uid] }
        if case .deleted = event {
            existing?.post(.objectGone)
            if existing == nil { context.logs.remove(pod) }
            return nil
        }
        if let existing {
            existing.update(pod)
            return nil
        }
        // A Pod that has run to its end needs no worker until it is deleted.
        if pod.isFinished, pod.metadata.deletionTimestamp == nil { return nil }
        return state.withLock { state in
            if state.isStopping { return nil }
            let worker = PodWorker(pod, context)
            state.workers[uid] = worker
            return worker
        }
    }

    private func forget(_ worker: PodWorker) {
        let isStopping = state.withLock { state in
            state.workers[worker.uid] = nil
            return state.isStopping
        }
        if !isStopping, !Task.isCancelled { context.logs.remove(worker.pod) }
    }

    private func heartbeat() async throws {
        let heartbeat = NodeHeartbeat(
            client: context.client,
            options: context.options,
            time: context.time,
            logger: context.logger
        )
        try await heartbeat.run { [self] node in
            state.withLock { $0.isRegistered = true }
            context.logger.info("node registered", metadata: ["node": "\(node.metadata.name ?? "")"])
            changed.notify()
        }
    }

    /// Binds Pods whenever one comes or goes.
    private func schedule(_ informer: Informer<Pod>) async throws {
        try await informer.waitUntilSynced()
        context.logs.removeAll(except: Set(informer.store.list().compactMap(\.metadata.uid)))
        var binder = PodBinder(context: context, recorder: scheduling)
        while !Task.isCancelled {
            let isAnyLeft = isRegistered ? await binder.bind(informer.store.list()) : false
            // A node that was cordoned, or a server that refused, is tried again even if no Pod changes.
            await changed.wait(atMost: isAnyLeft ? .seconds(5) : nil, context.time)
        }
    }

    /// Tells Pods that wait for an image when one is added. Looks only while one waits.
    private func watchImages() async throws {
        var version = images.version
        while true {
            try Task.checkCancellation()
            let waiting = workers.filter { $0.state.withLock { $0.waitsForImage } }
            if waiting.isEmpty {
                await context.imageWaits.wait()
                continue
            }
            // An image may have come before the first of them waited: a look too many does no harm.
            let now = images.version
            if now != version {
                version = now
                for worker in waiting { worker.post(.imagesChanged) }
            }
            try await context.time.sleep(for: .seconds(1))
        }
    }

    private func measure() async throws {
        do {
            while true {
                try await context.time.sleep(for: context.options.usageInterval)
                let running = workers.filter { $0.state.withLock { !$0.running.isEmpty } }
                if running.isEmpty { continue }
                let shims = running.flatMap { $0.state.withLock { $0.running.values.map(\.shim) } }
                let table = ProcessTable.read(below: shims)
                for worker in running { worker.measure(table) }
            }
        } catch is CancellationError {
            // The last container has ended.
        }
    }

    var workers: [PodWorker] { state.withLock { Array($0.workers.values) } }

    func worker(_ uid: String) -> PodWorker? { state.withLock { $0.workers[uid] } }

    var nodeContext: NodeContext { context }
}
