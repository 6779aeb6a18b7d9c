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
    /// When to look again at the latest.
    private var next: Duration

    var client: KubeClient { reconciler.client }
    var name: NamespacedName { pool.namespacedName }
    var reference: ObjectReference { ObjectReference(pool) }
    var events: any EventSink { reconciler.events }
    var settings: PoolSettings { reconciler.settings }

    init(_ reconciler: WorkerPoolReconciler, _ pool: Unstructured, _ typed: WorkerPool, _ now: Timestamp) {
        self.reconciler = reconciler
        self.pool = pool
        self.now = now
        next = reconciler.settings.resyncPeriod
        spec = typed.spec
        previous = typed.status ?? WorkerPoolStatus()
    }

    /// Has the pool looked at again after that time, or before.
    mutating func recheck(after delay: Duration) { next = min(next, delay) }

    /// What is known of the queue; without it the pool is looked after all the same, but not scaled by it.
    private func queueStatistics() async -> QueueStatistics? {
        do {
            return try await reconciler.queues.statistics(namespace: pool.namespace, pool: pool.name)
        } catch {
            reconciler.logger.warning(
                "a pool's queue cannot be read; the pool is not scaled by it",
                metadata: ["namespace": "\(pool.namespace)", "name": "\(pool.name)", "error": "\(error)"]
            )
            return nil
        }
    }

    mutating func run(_ memory: inout PoolMemory) async throws -> Reconciliation {
        if memory.recorded == nil { memory.recorded = previous }
        await ensureSecret()
        try await claim(&memory)
        for runner in reconciler.runners.runners(namespace: pool.namespace, pool: pool.name) {
            states[runner.name] = runner
        }
        refuseStrangers(&memory)
        await releaseLost(&memory)
        let updateRevision = try await ensureRevision(&memory)

        let queue = await queueStatistics()
        let outOfMemory = reconciler.queues.lastOutOfMemory(namespace: pool.namespace, pool: pool.name)
        let scaling = try await scale(&memory, queue)
        let replicas = wantedReplicas
        let plan = Rollout.plan(rolloutState(updateRevision, replicas, &memory), now: now)
        memory.progress = plan.progress
        if plan.missing == 0 { memory.createError = nil }

        func status() -> WorkerPoolStatus {
            PoolStatusBuilder(
                pool: pool,
                previous: previous,
                plan: plan,
                replicas: replicas,
                updateRevision: updateRevision,
                version: { [revisions] hash in revisions.first { $0.revisionHash == hash }?.version },
                queue: queue,
                scaling: scaling,
                createError: memory.createError?.message,
                outOfMemory: outOfMemory,
                now: now
            ).status()
        }
        // That a rollout has failed is durable before anything is done about it: it is recorded once, also by a
        // controller that is killed here.
        if plan.progress.failedAt != nil,
            previous.rollout?.revision != updateRevision || previous.rollout?.failureTime == nil
        {
            try await write(status(), &memory)
        }
        for action in plan.actions where try await !perform(action, updateRevision, &memory) {
            // The specification is another one now, which the next look is about.
            return .requeue(after: .zero)
        }
        if let at = outOfMemory?.at ?? previous.conditions?["OutOfMemory"]?.lastTransitionTime {
            let rest = at.advanced(by: PoolConditions.outOfMemoryPeriod).since(now)
            if rest > .zero { recheck(after: rest) }
        }
        if !plan.actions.isEmpty { recheck(after: settings.syncPeriod) }
        if let check = plan.nextCheck { recheck(after: check) }
        if memory.createError != nil { recheck(after: settings.metricsPeriod) }
        try await prune(updateRevision, plan)
        reconciler.metrics.record(name, plan.status, desired: replicas)
        try await write(status(), &memory)
        return .requeue(after: next)
    }

    /// The size that the specification asks for at this moment.
    private var wantedReplicas: Int {
        let wanted: Int
        if let replicas = spec.replicas {
            wanted = replicas
        } else if let autoscaling = spec.autoscaling {
            let existing = pods.count { $0.metadata.deletionTimestamp == nil && !$0.isFinished }
            let minimum = autoscaling.minReplicas ?? 1
            wanted = min(max(existing, minimum), max(autoscaling.maxReplicas, minimum))
        } else {
            wanted = 1
        }
        return min(max(0, wanted), PoolSettings.maximumReplicas)
    }

    /// Lets the autoscaler decide, at its own pace, and writes what it decided.
    private mutating func scale(
        _ memory: inout PoolMemory,
        _ queue: QueueStatistics?
    ) async throws -> PoolAutoscaler.Output? {
        guard let autoscaling = spec.autoscaling else {
            memory.scaling = ScalingMemory()
            if SleepMark.isStale(pool) { try await removeSleepMark(&memory) }
            return nil
        }
        if let last = memory.scaling.lastAt, now < last.advanced(by: settings.syncPeriod) {
            recheck(after: last.advanced(by: settings.syncPeriod).since(now))
            var output = memory.scaling.last
            output?.isRescale = false
            return output
        }
        let isAsleep = SleepMark.isAsleep(pool)
        var autoscaler = memory.scaling.autoscaler ?? PoolAutoscaler()
        let output = autoscaler.step(
            .init(
                autoscaling: autoscaling,
                concurrency: max(1, spec.concurrency ?? 4),
                replicas: wantedReplicas,
                isAsleep: isAsleep,
                queue: queue,
                now: now
            ) { [pods, states, window = settings.loadWindow] resource in
                pods.map {
                    PodObservation.metrics($0, states[$0.metadata.name ?? ""], resource: resource, window: window)
                }
            }
        )
        if output.isRescale || spec.replicas == nil {
            let mark: JSONValue = output.replicas == 0 ? "true" : .null
            let change: JSONValue = [
                "metadata": [
                    "annotations": [SleepMark.annotation: mark], "resourceVersion": .string(pool.resourceVersion),
                ],
                "spec": ["replicas": .int(Int64(output.replicas))],
            ]
            try await patchPool(change, &memory)
            memory.scaling.reason = output.isRescale ? output.reason : nil
        } else if SleepMark.isStale(pool) {
            try await removeSleepMark(&memory)
        }
        // Only now: a decision that could not be written was not made.
        memory.scaling.autoscaler = autoscaler
        memory.scaling.last = output
        memory.scaling.lastAt = now
        checkScalingAgain(output, autoscaling, &memory)
        return output
    }

    /// Arranges for the next step where time alone, or a measurement of which no event tells, may change the size.
    private mutating func checkScalingAgain(
        _ output: PoolAutoscaler.Output,
        _ autoscaling: AutoscalingSpec,
        _ memory: inout PoolMemory
    ) {
        if output.isSettled {
            memory.scaling.unsettledSince = nil
        } else {
            let since = memory.scaling.unsettledSince ?? now
            memory.scaling.unsettledSince = since
            // What is held back for long is held back by a long window.
            let isLong = now.since(since) > settings.metricsPeriod * 3
            recheck(after: isLong ? settings.metricsPeriod : settings.syncPeriod)
        }
        let isMeasured = autoscaling.metrics?.contains { $0.resource != nil } == true
        if isMeasured && output.replicas > 0 { recheck(after: settings.metricsPeriod) }
    }

    private mutating func removeSleepMark(_ memory: inout PoolMemory) async throws {
        let change: JSONValue = [
            "metadata": [
                "annotations": [SleepMark.annotation: .null], "resourceVersion": .string(pool.resourceVersion),
            ]
        ]
        try await patchPool(change, &memory)
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

    /// What the run engine knows of the runner in a Pod; not of one that had the same name before.
    func state(of pod: Pod) -> RunnerState? {
        guard let state = states[pod.metadata.name ?? ""] else { return nil }
        return state.podUID.isEmpty || state.podUID == pod.metadata.uid ? state : nil
    }

    /// Writes the status if it says something new, and then records what has happened: an Event about something that
    /// is not durable would come again.
    private mutating func write(_ status: WorkerPoolStatus, _ memory: inout PoolMemory) async throws {
        let old = pool.json["status"] ?? [:]
        let new = try JSONValueEncoder().encode(status)
        if let change = Patch.mergePatch(from: old, to: new) {
            // The queue's figures alone are not worth a write every time.
            if change.objectValue?.keys == ["queue"], let last = memory.statusWrittenAt,
                now < last.advanced(by: settings.queueStatusPeriod)
            {
                recheck(after: last.advanced(by: settings.queueStatusPeriod).since(now))
                return
            }
            let written = try await client.patchStatus(
                WorkerPool.resource,
                namespace: pool.namespace,
                name: pool.name,
                .merge(["status": change]),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
            memory.written = written
            memory.statusWrittenAt = now
            // A second write in the same look is about what is left.
            pool = written
        }
        // Its age grows by itself.
        if status.queue?.depth ?? 0 > 0 { recheck(after: settings.queueStatusPeriod) }
        record(status, &memory)
    }
}
