import APIMachinery
import Metrics
import Storage
import Synchronization

/// What the engine counts and measures, through swift-metrics. Handles are kept, because finding one by its labels
/// costs more than counting.
final class EngineMetrics: Sendable {
    private struct Handles {
        var counters: [String: Counter] = [:]
        var timers: [String: Recorder] = [:]
        var gauges: [String: Gauge] = [:]
    }

    private let handles = Mutex(Handles())

    private func count(_ label: String, _ dimensions: [(String, String)], by amount: Int = 1) {
        guard amount > 0 else { return }
        let key = Self.key(label, dimensions)
        let counter = handles.withLock { handles in
            if let counter = handles.counters[key] { return counter }
            let counter = Counter(label: label, dimensions: dimensions)
            handles.counters[key] = counter
            return counter
        }
        counter.increment(by: amount)
    }

    private func measure(_ label: String, _ dimensions: [(String, String)], _ seconds: Double) {
        let key = Self.key(label, dimensions)
        let recorder = handles.withLock { handles in
            if let recorder = handles.timers[key] { return recorder }
            let recorder = Recorder(label: label, dimensions: dimensions)
            handles.timers[key] = recorder
            return recorder
        }
        recorder.record(seconds)
    }

    private func set(_ label: String, _ dimensions: [(String, String)], _ value: Double) {
        let key = Self.key(label, dimensions)
        let gauge = handles.withLock { handles in
            if let gauge = handles.gauges[key] { return gauge }
            let gauge = Gauge(label: label, dimensions: dimensions)
            handles.gauges[key] = gauge
            return gauge
        }
        gauge.record(value)
    }

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> String {
        var key = label
        for (_, value) in dimensions {
            key += "\u{0}"
            key += value
        }
        return key
    }

    /// Counts what a transaction did.
    func record(_ effects: EngineEffects) {
        for job in effects.leased {
            guard let lease = job.lease else { continue }
            measure(
                "martinet_job_queue_seconds",
                [("queue", job.queue.description)],
                max(0, lease.leasedAt.since(job.readyAt).inSeconds)
            )
        }
        for departure in effects.departures {
            let queue = departure.job.queue.description
            count("martinet_jobs_total", [("queue", queue), ("outcome", departure.kind.label)])
            switch departure.kind {
            case .succeeded, .failed, .timedOut:
                measure("martinet_job_execution_seconds", [("queue", queue)], departure.executionSeconds)
            case .cancelled, .released, .lost:
                break
            }
        }
        for run in effects.finished {
            let labels = [("namespace", run.namespace), ("workflow", run.workflow)]
            count("martinet_runs_total", labels + [("phase", run.phase.name)])
            measure("martinet_run_duration_seconds", labels, run.seconds)
        }
        for queue in effects.deadLetters { count("martinet_dead_letters_total", [("queue", queue.description)]) }
        for arrival in effects.arrivals where !arrival.isReturn {
            count("martinet_jobs_enqueued_total", [("queue", arrival.queue.description)])
        }
        count("martinet_reports_total", [("result", "stale")], by: effects.staleReports)
        count("martinet_reports_total", [("result", "duplicate")], by: effects.duplicateReports)
        count("martinet_runs_repaired_total", [], by: effects.repairedRuns)
    }

    /// Submissions that were refused because a queue was full.
    func shed(_ queue: QueueName, count amount: Int) {
        count("martinet_runs_shed_total", [("queue", queue.description)], by: amount)
    }

    /// How full a queue is.
    func depth(_ queue: QueueName, _ counts: QueueCounts, _ now: Timestamp) {
        let name = queue.description
        for (lane, value) in [
            ("normal", counts.ready), ("express", counts.express), ("delayed", counts.delayed),
            ("leased", counts.leased), ("dead", counts.dead),
        ] {
            set("martinet_queue_depth", [("queue", name), ("lane", lane)], Double(value))
        }
        let age = counts.oldestReadyAt.map { max(0, now.since($0).inSeconds) } ?? 0
        set("martinet_queue_oldest_age_seconds", [("queue", name)], age)
    }
}

extension EngineEffects.Departure.Kind {
    /// The value of the label `outcome`.
    fileprivate var label: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .released: "released"
        case .lost: "lost"
        }
    }
}
