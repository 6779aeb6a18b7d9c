public import APIMachinery
public import Containment
import KubeClient
public import Logging
import Metrics
public import ServiceLifecycle
private import Synchronization

/// Runs a reconciler: changes become names in a work queue, workers take them from there.
///
/// What the process died over twice is skipped until it is released (see `Containment`), under the controller's name
/// as the kind of work.
///
/// Workers start when all watched informers have filled their caches. On graceful shutdown nothing new is begun and
/// what is under way may finish; cancellation also cancels what is under way.
public final class Controller: Service {
    /// The name in logs and metrics.
    public let name: String
    /// Where names wait; add to it to have an object reconciled for reasons of one's own.
    public let queue: WorkQueue<Request>
    private let reconciler: any Reconciler
    private let workers: Int
    private let containment: Containment
    private let time: any TimeSource
    private let logger: Logger
    private let metrics: ControllerMetrics
    private let syncs = Mutex<[@Sendable () async throws -> Void]>([])
    /// Finds the uid of what a name stands for at present.
    private let uids = Mutex<(@Sendable (NamespacedName) -> String?)?>(nil)

    /// A controller with that many workers.
    public init(
        name: String,
        reconciler: any Reconciler,
        workers: Int = 1,
        containment: Containment = .disabled,
        rateLimit: WorkQueueState<Request>.RateLimit = .init(),
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "controller")
    ) {
        self.name = name
        self.reconciler = reconciler
        self.workers = max(workers, 1)
        self.containment = containment
        self.time = time
        queue = WorkQueue(name: name, rateLimit: rateLimit, time: time)
        metrics = ControllerMetrics(controller: name, workers: max(workers, 1))
        var logger = logger
        logger[metadataKey: "controller"] = "\(name)"
        self.logger = logger
        containment.onRelease { [queue] subject in
            guard subject.kind.rawValue == name else { return }
            queue.add(Request(namespace: subject.namespace, name: subject.name))
        }
    }

    /// Has the objects reconciled that a change concerns, and waits for the informer before starting.
    ///
    /// The informer is not run by the controller: several controllers share one.
    public func watch<Object: Sendable>(
        _ informer: Informer<Object>,
        _ requests: @escaping @Sendable (InformerEvent<Object>) -> [Request]
    ) {
        informer.addHandler { [queue] event in
            for request in requests(event) { queue.add(request) }
        }
        syncs.withLock { $0.append { try await informer.waitUntilSynced() } }
    }

    /// Has every object of the informer reconciled when it changes.
    public func watch(_ informer: Informer<Unstructured>) {
        uids.withLock { $0 = { informer.store.get($0)?.uid } }
        watch(informer) { [$0.object.namespacedName] }
    }

    /// Has every object of the informer reconciled when it changes.
    public func watch<Object: Resource>(_ informer: Informer<Object>) {
        uids.withLock { $0 = { informer.store.get($0)?.metadata.uid } }
        watch(informer) { [$0.object.metadata.namespacedName] }
    }

    /// Has the controlling owner of a changed object reconciled, if the owner is of that kind; of an object that has
    /// changed its owner, both.
    public func watch<Object: Resource>(owned informer: Informer<Object>, by kind: GroupVersionKind) {
        watch(informer) { event in
            Self.owners(event, kind) { ($0.metadata.controller, $0.metadata.namespace ?? "") }
        }
    }

    /// Has the controlling owner of a changed object reconciled, if the owner is of that kind; of an object that has
    /// changed its owner, both.
    public func watch(owned informer: Informer<Unstructured>, by kind: GroupVersionKind) {
        watch(informer) { event in
            Self.owners(event, kind) { object in
                (object.ownerReferences.first { $0.controller == true }, object.namespace)
            }
        }
    }

    static func owners<Object>(
        _ event: InformerEvent<Object>,
        _ kind: GroupVersionKind,
        _ controller: (Object) -> (OwnerReference?, namespace: String)
    ) -> [Request] {
        func request(_ object: Object) -> [Request] {
            let (owner, namespace) = controller(object)
            return Self.owner(owner, namespace, kind)
        }
        guard case .updated(let old, let new) = event else { return request(event.object) }
        let requests = request(new)
        return requests + request(old).filter { !requests.contains($0) }
    }

    static func owner(_ owner: OwnerReference?, _ namespace: String, _ kind: GroupVersionKind) -> [Request] {
        // The version is left out of the comparison: an owner may have been written through an older one.
        guard let owner, owner.kind == kind.kind, GroupVersion(apiVersion: owner.apiVersion)?.group == kind.group
        else { return [] }
        return [Request(namespace: namespace, name: owner.name)]
    }

    public func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await runWorkers()
            } onCancel: {
                queue.shutDown()
            }
        } onGracefulShutdown: {
            self.queue.shutDown()
        }
    }

    private func runWorkers() async {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                for sync in syncs.withLock({ $0 }) { try await sync() }
            }
        } catch {
            // Stopped before the caches were filled.
            return
        }
        logger.info("controller started", metadata: ["workers": "\(workers)"])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [queue] in await queue.run() }
            for _ in 0..<workers {
                group.addTask { [self] in
                    while let request = await queue.next() { await process(request) }
                }
            }
        }
        logger.info("controller stopped")
    }

    /// Whether an answer says that the reconciled object itself does not exist any more. A controller is named after its
    /// kind, in small letters.
    private func isGone(_ request: Request, _ status: Status) -> Bool {
        guard status.isNotFound, let details = status.details else { return false }
        return details.name == request.name && [name, name + "s"].contains(details.kind ?? "")
    }

    /// One reconciliation and its consequences.
    private func process(_ request: Request) async {
        let start = time.instant
        metrics.active.increment()
        defer {
            metrics.active.decrement()
            metrics.duration.recordDuration(time.instant - start)
            queue.finish(request)
        }
        var logger = logger
        logger[metadataKey: "namespace"] = "\(request.namespace)"
        logger[metadataKey: "name"] = "\(request.name)"
        let kind = WorkKind(rawValue: name)
        let uid = uids.withLock { $0 }?(request) ?? ""
        if let entry = containment.entry(kind, request.namespace, request.name, uid: uid) {
            queue.forget(request)
            logger.debug("not reconciled: quarantined", metadata: ["quarantine": "\(entry.subject.id)"])
            return
        }
        let mark = containment.mark(kind, request.namespace, request.name, uid: uid, scope: .task)
        defer { mark.end() }
        do {
            switch try await reconciler.reconcile(request) {
            case .done:
                metrics.success.increment()
                queue.forget(request)
            case .requeue(let delay):
                metrics.requeueAfter.increment()
                queue.forget(request)
                queue.add(request, after: delay)
            }
        } catch is CancellationError {
            // Stopping; the next start begins with a look at everything.
        } catch let error as TerminalError {
            for counter in metrics.errors { counter.increment() }
            metrics.terminal.increment()
            queue.forget(request)
            logger.error("reconciliation failed and is not retried", metadata: ["error": "\(error)"])
        } catch let status as Status where isGone(request, status) {
            // Deleted while it was being reconciled; its deletion has the rest reconciled.
            metrics.success.increment()
            queue.forget(request)
            logger.debug("deleted while it was being reconciled")
        } catch {
            for counter in metrics.errors { counter.increment() }
            queue.addRateLimited(request)
            // A conflict only says that the cache was behind; the retry sees the newer object.
            let level: Logger.Level = (error as? Status)?.isConflict == true ? .debug : .error
            logger.log(level: level, "reconciliation failed and is retried", metadata: ["error": "\(error)"])
        }
    }
}

extension ObjectMeta {
    /// The object's name with its namespace.
    var namespacedName: NamespacedName { NamespacedName(namespace: namespace ?? "", name: name ?? "") }
}

/// The metrics that every controller has, named as in controller-runtime.
private struct ControllerMetrics: Sendable {
    let success: Counter
    let requeueAfter: Counter
    /// A failure counts under `result="error"` and on its own.
    let errors: [Counter]
    let terminal: Counter
    let duration: Timer
    let active: Meter

    init(controller: String, workers: Int) {
        func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
            let counter = Counter(label: label, dimensions: [("controller", controller)] + dimensions)
            // Present from the start, so that a rate over the first failure is seen.
            counter.increment(by: 0)
            return counter
        }
        success = counter("controller_runtime_reconcile_total", [("result", "success")])
        requeueAfter = counter("controller_runtime_reconcile_total", [("result", "requeue_after")])
        errors = [
            counter("controller_runtime_reconcile_total", [("result", "error")]),
            counter("controller_runtime_reconcile_errors_total"),
        ]
        terminal = counter("controller_runtime_terminal_reconcile_errors_total")
        duration = Timer(
            label: "controller_runtime_reconcile_time_seconds",
            dimensions: [("controller", controller)],
            preferredDisplayUnit: .seconds
        )
        active = Meter(label: "controller_runtime_active_workers", dimensions: [("controller", controller)])
        active.set(0)
        Gauge(label: "controller_runtime_max_concurrent_reconciles", dimensions: [("controller", controller)])
            .record(workers)
    }
}
