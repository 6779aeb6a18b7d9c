import APIMachinery
import Metrics

/// The metrics of worker pools.
struct PoolMetrics: Sendable {
    /// Writes how a pool stands.
    func record(_ pool: NamespacedName, _ status: RolloutStatus, desired: Int) {
        let states = [
            ("ready", status.readyReplicas), ("available", status.availableReplicas), ("busy", status.busyReplicas),
            ("draining", status.drainingReplicas), ("updated", status.updatedReplicas), ("total", status.replicas),
        ]
        for (state, count) in states {
            gauge("martinet_pool_replicas", pool, [("state", state)]).record(count)
        }
        gauge("martinet_pool_desired_replicas", pool).record(desired)
    }

    /// A pool is gone: what stays would look like runners that nobody has.
    func forget(_ pool: NamespacedName) {
        for state in ["ready", "available", "busy", "draining", "updated", "total"] {
            gauge("martinet_pool_replicas", pool, [("state", state)]).destroy()
        }
        gauge("martinet_pool_desired_replicas", pool).destroy()
    }

    /// Makes the counters of a pool visible before there is anything to count.
    func begin(_ pool: NamespacedName) {
        interrupted(pool, 0)
        for outcome in ["complete", "failed", "rolled_back"] { rollout(pool, outcome, by: 0) }
    }

    /// Jobs were interrupted, by the pool's own doing.
    func interrupted(_ pool: NamespacedName, _ count: Int) {
        Counter(label: "martinet_pool_interrupted_jobs_total", dimensions: dimensions(pool)).increment(by: count)
    }

    /// A rollout came to that end.
    func rollout(_ pool: NamespacedName, _ outcome: String, by count: Int = 1) {
        Counter(label: "martinet_rollouts_total", dimensions: dimensions(pool) + [("outcome", outcome)])
            .increment(by: count)
    }

    private func gauge(_ label: String, _ pool: NamespacedName, _ more: [(String, String)] = []) -> Gauge {
        Gauge(label: label, dimensions: dimensions(pool) + more)
    }

    private func dimensions(_ pool: NamespacedName) -> [(String, String)] {
        [("namespace", pool.namespace), ("pool", pool.name)]
    }
}
