public import APIMachinery
public import ControllerRuntime
public import RunEngine

/// Records jobs that the stop of the plane has interrupted, on their pools: as an Event, and in
/// `martinet_pool_interrupted_jobs_total`, which counts the interruptions by scaling and rollouts as well.
public struct InterruptionRecorder: Sendable {
    private let pools: Informer<Unstructured>
    private let events: any EventSink
    private let metrics = PoolMetrics()

    /// A recorder that finds the pools in that cache.
    public init(pools: Informer<Unstructured>, events: any EventSink) {
        self.pools = pools
        self.events = events
    }

    /// Records one job.
    public func record(_ job: InterruptedJob) {
        let name = NamespacedName(namespace: job.namespace, name: job.pool)
        metrics.interrupted(name, 1)
        guard let pool = pools.store.get(name) else { return }
        events.warning(
            ObjectReference(pool),
            reason: "Interrupted",
            "step \(job.step) of run \(job.run) was interrupted on runner \(job.runner) by the stop of the plane, and "
                + "runs again after the next start"
        )
    }
}
