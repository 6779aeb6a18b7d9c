import Metrics
import Observability

/// What the runner measures of its own work, for `/metrics`.
struct RunnerMetrics: Sendable {
    private let registry: PrometheusRegistry
    private let pool: String

    private static let descriptions: [MetricDescription] = [
        MetricDescription("martinet_runner_jobs_total", help: "Jobs finished by this runner, by actor and outcome."),
        MetricDescription(
            "martinet_runner_job_execution_seconds",
            help: "Time from start to end of jobs on this runner.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription(
            "martinet_runner_job_queue_seconds",
            help: "Time that jobs had waited when this runner started them.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription(
            "martinet_runner_job_memory_peak_bytes",
            help: "Peak resident memory of jobs' process trees.",
            buckets: Buckets.bytes
        ),
        MetricDescription("martinet_runner_requests_total", help: "Calls to the controller, by call and result."),
        MetricDescription("martinet_runner_reports_total", help: "Reports, by the controller's answer."),
        MetricDescription("martinet_runner_slots", help: "Jobs that this runner can run at once."),
        MetricDescription("martinet_runner_slots_busy", help: "Jobs that are running now."),
        MetricDescription(
            "martinet_runner_reports_unsent",
            help: "Finished jobs that are not reported yet."
        ),
        MetricDescription("martinet_runner_draining", help: "1 while the runner takes no new jobs."),
        MetricDescription("martinet_runner_registered", help: "1 while the runner is registered."),
    ]

    init(registry: PrometheusRegistry, pool: String, state: Monitor<RunnerStateMachine>) {
        self.registry = registry
        self.pool = pool
        registry.describe(Self.descriptions)
        registry.collect { samples in
            let state = state.read { $0 }
            let labels = [("pool", pool)]
            samples.gauge("martinet_runner_slots", Double(state.slots), labels: labels)
            samples.gauge("martinet_runner_slots_busy", Double(state.running), labels: labels)
            samples.gauge("martinet_runner_reports_unsent", Double(state.unsentReports), labels: labels)
            samples.gauge("martinet_runner_draining", state.isDraining || state.isStopping ? 1 : 0, labels: labels)
            samples.gauge("martinet_runner_registered", state.needsRegistration ? 0 : 1, labels: labels)
        }
    }

    func finished(_ report: OutgoingReport) {
        let actor = [("pool", pool), ("actor", report.job.actor)]
        let outcome = actor + [("outcome", report.outcome.rawValue)]
        Counter(label: "martinet_runner_jobs_total", dimensions: outcome, factory: registry).increment()
        Timer(label: "martinet_runner_job_execution_seconds", dimensions: actor, factory: registry)
            .recordMicroseconds(report.metrics.executionTimeMs * 1000)
        Timer(label: "martinet_runner_job_queue_seconds", dimensions: actor, factory: registry)
            .recordMicroseconds(report.metrics.queueTimeMs * 1000)
        Recorder(label: "martinet_runner_job_memory_peak_bytes", dimensions: actor, factory: registry)
            .record(report.metrics.memoryPeakMB * 1_048_576)
    }

    func called(_ call: ProtocolCall, _ result: String) {
        let labels = [("call", call.rawValue), ("result", result)]
        Counter(label: "martinet_runner_requests_total", dimensions: labels, factory: registry).increment()
    }

    func reported(status: String) {
        Counter(label: "martinet_runner_reports_total", dimensions: [("status", status)], factory: registry).increment()
    }
}
