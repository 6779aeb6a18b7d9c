import APIMachinery
import Metrics
import Storage
import Synchronization

/// The engine's metrics, through swift-metrics. Handles are cached, because finding one by its labels costs more than
/// counting.
final class EngineMetrics: Sendable {
    private struct WorkflowName: Hashable {
        var namespace: String
        var workflow: String
    }

    private struct Handles {
        var queues: [QueueName: QueueMetrics] = [:]
        var workflows: [WorkflowName: WorkflowMetrics] = [:]
    }

    private let handles = Mutex(Handles())
    private let staleReports = Counter(label: "martinet_reports_total", dimensions: [("result", "stale")])
    private let duplicateReports = Counter(label: "martinet_reports_total", dimensions: [("result", "duplicate")])
    private let pauses = Recorder(label: "martinet_engine_pause_seconds")
    private let repairedRuns = Counter(label: "martinet_runs_repaired_total")

    private func queue(_ name: QueueName) -> QueueMetrics {
        handles.withLock { handles in
            if let metrics = handles.queues[name] { return metrics }
            let metrics = QueueMetrics(name)
            handles.queues[name] = metrics
            return metrics
        }
    }

    private func workflow(_ run: EngineEffects.FinishedRun) -> WorkflowMetrics {
        let name = WorkflowName(namespace: run.namespace, workflow: run.workflow)
        return handles.withLock { handles in
            if let metrics = handles.workflows[name] { return metrics }
            let metrics = WorkflowMetrics(namespace: run.namespace, workflow: run.workflow)
            handles.workflows[name] = metrics
            return metrics
        }
    }

    /// Records the effects of a transaction.
    func record(_ effects: EngineEffects) {
        for job in effects.leased {
            guard let lease = job.lease else { continue }
            queue(job.queue).waiting.record(max(0, lease.leasedAt.since(job.readyAt).inSeconds))
        }
        for departure in effects.departures { queue(departure.job.queue).record(departure) }
        for run in effects.finished { workflow(run).record(run) }
        for name in effects.deadLetters { queue(name).deadLetters.increment() }
        for arrival in effects.arrivals where !arrival.isRequeue { queue(arrival.queue).enqueued.increment() }
        if effects.staleReports > 0 { staleReports.increment(by: effects.staleReports) }
        if effects.duplicateReports > 0 { duplicateReports.increment(by: effects.duplicateReports) }
        if effects.repairedRuns > 0 { repairedRuns.increment(by: effects.repairedRuns) }
    }

    /// Records a pause of this process.
    func paused(_ time: Duration) { pauses.record(time.inSeconds) }

    /// Counts runs that were rejected because a queue was full.
    func shed(_ name: QueueName, count: Int) { queue(name).shed.increment(by: count) }

    /// Updates the gauges of a queue.
    func depth(_ name: QueueName, _ counts: QueueCounts, _ now: Timestamp) { queue(name).record(counts, now) }
}

/// The metrics of one queue.
private struct QueueMetrics: Sendable {
    let waiting: Recorder
    let enqueued: Counter
    let deadLetters: Counter
    let shed: Counter
    private let execution: Recorder
    private let outcomes: [EngineEffects.Departure.Kind: Counter]
    private let depth: [(gauge: Gauge, count: @Sendable (QueueCounts) -> Int)]
    private let oldestAge: Gauge

    init(_ name: QueueName) {
        let queue = ("queue", name.description)
        waiting = Recorder(label: "martinet_job_queue_seconds", dimensions: [queue])
        execution = Recorder(label: "martinet_job_execution_seconds", dimensions: [queue])
        enqueued = Counter(label: "martinet_jobs_enqueued_total", dimensions: [queue])
        deadLetters = Counter(label: "martinet_dead_letters_total", dimensions: [queue])
        shed = Counter(label: "martinet_runs_shed_total", dimensions: [queue])
        oldestAge = Gauge(label: "martinet_queue_oldest_age_seconds", dimensions: [queue])
        var outcomes: [EngineEffects.Departure.Kind: Counter] = [:]
        for kind in EngineEffects.Departure.Kind.allCases {
            outcomes[kind] = Counter(label: "martinet_jobs_total", dimensions: [queue, ("outcome", kind.label)])
            // Present from the start, so that the first one is an increase.
            outcomes[kind]?.increment(by: 0)
        }
        self.outcomes = outcomes
        func gauge(_ lane: String) -> Gauge {
            Gauge(label: "martinet_queue_depth", dimensions: [queue, ("lane", lane)])
        }
        depth = [
            (gauge("normal"), \.ready), (gauge("express"), \.express), (gauge("delayed"), \.delayed),
            (gauge("leased"), \.leased), (gauge("dead"), \.dead),
        ]
    }

    func record(_ departure: EngineEffects.Departure) {
        outcomes[departure.kind]?.increment()
        switch departure.kind {
        case .succeeded, .failed, .timedOut: execution.record(departure.executionSeconds)
        case .cancelled, .released, .lost: break
        }
    }

    func record(_ counts: QueueCounts, _ now: Timestamp) {
        for (gauge, count) in depth { gauge.record(count(counts)) }
        oldestAge.record(counts.oldestReadyAt.map { max(0, now.since($0).inSeconds) } ?? 0)
    }
}

/// The metrics of one workflow.
private struct WorkflowMetrics: Sendable {
    private let duration: Recorder
    private let phases: [RunRecord.Phase: Counter]

    init(namespace: String, workflow: String) {
        let labels = [("namespace", namespace), ("workflow", workflow)]
        duration = Recorder(label: "martinet_run_duration_seconds", dimensions: labels)
        var phases: [RunRecord.Phase: Counter] = [:]
        for phase in RunRecord.Phase.allCases where phase.isFinal {
            phases[phase] = Counter(label: "martinet_runs_total", dimensions: labels + [("phase", phase.name)])
            phases[phase]?.increment(by: 0)
        }
        self.phases = phases
    }

    func record(_ run: EngineEffects.FinishedRun) {
        phases[run.phase]?.increment()
        duration.record(run.seconds)
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
