import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import Logging
import RunEngine
import Spec

/// One look at one pool: everything that is read, in one place, and the order in which things are decided and done.
struct PoolLook {
    let reconciler: WorkerPoolReconciler
    var pool: Unstructured
    var spec: WorkerPoolSpec
    let previous: WorkerPoolStatus
    let now: Timestamp
    var pods: [Pod] = []
    var states: [String: RunnerState] = [:]
    var revisions: [ControllerRevision] = []

    var client: KubeClient { reconciler.client }
    var name: NamespacedName { pool.namespacedName }
    var reference: ObjectReference { ObjectReference(pool) }
    var events: any EventSink { reconciler.events }

    init(_ reconciler: WorkerPoolReconciler, _ pool: Unstructured, _ typed: WorkerPool, _ now: Timestamp) {
        self.reconciler = reconciler
        self.pool = pool
        self.now = now
        spec = typed.spec
        previous = typed.status ?? WorkerPoolStatus()
    }

    mutating func run(_ memory: inout PoolMemory) async throws -> Reconciliation {
        try await keepSecret()
        pods = memory.expectations.overlay(reconciler.source.pods(ownedBy: pool.uid), now: now)
        for runner in reconciler.runners.runners(namespace: pool.namespace, pool: pool.name) {
            states[runner.name] = runner
        }
        await releaseLost(&memory)
        revisions = reconciler.source.revisions(ownedBy: pool.uid)
        let updateRevision = try await keepRevision(&memory)

        let queue = try? await reconciler.queues.statistics(namespace: pool.namespace, pool: pool.name)
        let scaling = try await scale(&memory, queue)
        let replicas = wantedReplicas
        tellSize(replicas, scaling, &memory)

        let plan = Rollout.plan(rolloutState(updateRevision, replicas, &memory), now: now)
        memory.progress = plan.progress
        tellRollout(plan.status, updateRevision, &memory)
        for action in plan.actions {
            guard try await perform(action, updateRevision, &memory) else { break }
        }
        try await prune(updateRevision, plan.status)
        reconciler.metrics.record(name, plan.status, desired: replicas)

        let version: (String) -> String? = { [revisions] hash in
            revisions.first { $0.revisionHash == hash }.flatMap { PoolRevision(recorded: $0).version }
        }
        let status = PoolStatusBuilder(
            pool: pool,
            previous: previous,
            rollout: plan.status,
            replicas: replicas,
            updateRevision: updateRevision,
            version: version,
            queue: queue,
            scaling: scaling,
            createError: memory.createError?.message,
            now: now
        ).status()
        try await write(status, &memory)
        // Whatever was done shows at the latest then; an informer that shows it earlier wakes the pool earlier.
        return .requeue(after: min(plan.nextCheck ?? reconciler.settings.syncPeriod, reconciler.settings.syncPeriod))
    }

    /// The size that the specification asks for at this moment.
    private var wantedReplicas: Int {
        if let replicas = spec.replicas { return max(0, replicas) }
        guard let autoscaling = spec.autoscaling else { return 1 }
        let existing = pods.count { $0.metadata.deletionTimestamp == nil && !$0.isFinished }
        return min(
            max(existing, autoscaling.minReplicas ?? 1),
            max(autoscaling.maxReplicas, autoscaling.minReplicas ?? 1)
        )
    }

    /// Lets the autoscaler decide, at its own pace, and writes what it decided.
    private mutating func scale(
        _ memory: inout PoolMemory,
        _ queue: QueueStatistics?
    ) async throws -> PoolAutoscaler.Output? {
        guard let autoscaling = spec.autoscaling else {
            memory.autoscaler = nil
            memory.lastScaling = nil
            return nil
        }
        if let last = memory.lastScalingAt, memory.autoscaler != nil,
            now < last.advanced(by: reconciler.settings.syncPeriod)
        {
            var output = memory.lastScaling
            output?.isRescale = false
            return output
        }
        let current = wantedReplicas
        let isAsleep = spec.replicas == nil || pool.annotations[WorkerPoolReconciler.asleepAnnotation] == "true"
        var autoscaler = memory.autoscaler ?? PoolAutoscaler(isAsleep: isAsleep && current == 0)
        let window = reconciler.settings.loadWindow
        let output = autoscaler.step(
            .init(
                autoscaling: autoscaling,
                concurrency: max(1, spec.concurrency ?? 4),
                replicas: current,
                queue: queue,
                now: now
            ) { [pods, states] resource in
                pods.map {
                    PodObservation.metrics($0, states[$0.metadata.name ?? ""], resource: resource, window: window)
                }
            }
        )
        if output.isRescale || spec.replicas == nil {
            let mark: JSONValue = output.replicas == 0 ? "true" : .null
            let change: JSONValue = [
                "metadata": [
                    "annotations": [WorkerPoolReconciler.asleepAnnotation: mark],
                    "resourceVersion": .string(pool.resourceVersion),
                ],
                "spec": ["replicas": .int(Int64(output.replicas))],
            ]
            try await patchPool(change, &memory)
        }
        // Only now: a decision that could not be written was not made.
        memory.autoscaler = autoscaler
        memory.lastScaling = output
        memory.lastScalingAt = now
        return output
    }

    /// Changes the pool itself, and goes on with what the server made of it.
    mutating func patchPool(_ change: JSONValue, _ memory: inout PoolMemory) async throws {
        let changed = try await client.patch(
            WorkerPool.resource,
            namespace: pool.namespace,
            name: pool.name,
            .merge(change),
            WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
        )
        memory.written = changed
        pool = changed
        spec = try changed.decode(WorkerPool.self).spec
    }

    private func rolloutState(_ update: String, _ replicas: Int, _ memory: inout PoolMemory) -> RolloutState {
        for pod in pods where pod.isFinished && pod.metadata.deletionTimestamp == nil {
            let revision = pod.metadata.labels?[PoolRevision.revisionLabel] ?? ""
            memory.failures.note(uid: pod.metadata.uid ?? "", revision: revision, now: now)
        }
        let known = Set(revisions.map(\.revisionHash))
        var state = RolloutState(
            replicas: replicas,
            updateRevision: update,
            currentRevision: previous.currentRevision.flatMap { known.contains($0) ? $0 : nil },
            pods: pods.map { PodObservation.runner($0, self.state(of: $0)) },
            strategy: RolloutStrategy(spec.updateStrategy, replicas: replicas),
            progress: memory.progress ?? RolloutProgress(revision: update, replicas: replicas, startedAt: now)
        )
        state.minReadySeconds = max(0, spec.minReadySeconds ?? 0)
        state.progressDeadlineSeconds = spec.progressDeadlineSeconds ?? 600
        state.drainTimeoutSeconds = max(0, spec.drainTimeoutSeconds ?? 60)
        state.isPaused = spec.paused ?? false
        state.rollbackOnFailure = spec.rollbackOnFailure ?? false
        state.recentFailures = memory.failures.count(of: update, now: now)
        state.updateOutcomes = outcomes(of: update)
        if let current = state.currentRevision, current != update { state.currentOutcomes = outcomes(of: current) }
        state.createError = memory.createError?.message
        state.createNotBefore = [memory.failures.until(now: now), memory.createError?.until].compactMap { $0 }.max()
        return state
    }

    /// What the jobs of a revision's present runners came to.
    private func outcomes(of hash: String) -> JobOutcomes {
        var sum = JobOutcomes()
        for pod in pods where pod.metadata.labels?[PoolRevision.revisionLabel] == hash {
            let outcomes = reconciler.queues.outcomes(namespace: pool.namespace, runner: pod.metadata.name ?? "")
            sum.succeeded += outcomes.succeeded
            sum.failed += outcomes.failed
            sum.lost += outcomes.lost
        }
        return sum
    }

    /// What the run engine knows of the runner in a Pod; not of one that had the same name before.
    func state(of pod: Pod) -> RunnerState? {
        guard let state = states[pod.metadata.name ?? ""] else { return nil }
        return state.podUID.isEmpty || state.podUID == pod.metadata.uid ? state : nil
    }

    private func write(_ status: WorkerPoolStatus, _ memory: inout PoolMemory) async throws {
        let old = pool.json["status"] ?? [:]
        let new = try JSONValueEncoder().encode(status)
        guard let change = Patch.mergePatch(from: old, to: new) else { return }
        // The queue's figures alone are not worth a write every time.
        let isCalm = change.objectValue?.keys == ["queue"]
        if isCalm, let last = memory.statusWrittenAt, now < last.advanced(by: reconciler.settings.queueStatusPeriod) {
            return
        }
        memory.written = try await client.patchStatus(
            WorkerPool.resource,
            namespace: pool.namespace,
            name: pool.name,
            .merge(["status": change]),
            WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
        )
        memory.statusWrittenAt = now
    }
}
