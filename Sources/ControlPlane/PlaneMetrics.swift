import Observability

/// Names, help texts and buckets of the metrics whose meaning is part of the contract.
enum PlaneMetrics {
    static let descriptions: [MetricDescription] = [
        MetricDescription("martinet_runs_total", help: "Runs that ended, by phase."),
        MetricDescription(
            "martinet_run_duration_seconds",
            help: "From the creation of a run until it has ended.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription("martinet_jobs_total", help: "Jobs that left a queue, by outcome."),
        MetricDescription(
            "martinet_job_queue_seconds",
            help: "From the moment a job is ready until a runner has it.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription(
            "martinet_job_execution_seconds",
            help: "From the lease of a job until its report.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription("martinet_queue_depth", help: "Jobs that wait and could start, by lane."),
        MetricDescription("martinet_queue_oldest_age_seconds", help: "How long the oldest ready job has waited."),
        MetricDescription("martinet_pool_replicas", help: "Runners of a pool, by state."),
        MetricDescription("martinet_pool_desired_replicas", help: "Runners that a pool should have."),
        MetricDescription(
            "martinet_pool_interrupted_jobs_total",
            help: "Jobs that lost their runner to scaling, a rollout, a drain or an upgrade. Should stay 0."
        ),
        MetricDescription(
            "martinet_engine_pause_seconds",
            help: "Times in which the controller stood still: a suspended machine, a stopped process, a stuck disk."
        ),
        MetricDescription(
            "martinet_authentication_failures_total",
            help: "Requests to the HTTP port with credentials that nobody has."
        ),
        MetricDescription(
            "martinet_permission_denials_total",
            help: "Requests to the HTTP port by somebody who may not do that."
        ),
        MetricDescription(
            "authentication_attempts_total",
            help: "Requests to the Kubernetes API by whether their credentials were good; none are good, too."
        ),
        MetricDescription(
            "authorization_attempts_total",
            help: "Requests to the Kubernetes API by whether their users may do what they asked for."
        ),
        MetricDescription("apiserver_audit_event_total", help: "Audit events that were to be logged."),
        MetricDescription(
            "apiserver_audit_error_total",
            help: "Audit events that were lost, as for a full disk. Requests went on."
        ),
        MetricDescription(
            "martinet_quarantined",
            help: "Objects, runs and requests that are put aside because the plane died over them. Should be 0."
        ),
        MetricDescription(
            "martinet_process_faults_total",
            help: "Whether the last process died of a fault of its own (1), as a trap or an abort, or not (0)."
        ),
        MetricDescription(
            "martinet_node_loop_failures_total",
            help: "Failures of the local node's loops, after which they began again."
        ),
        MetricDescription("martinet_rollouts_total", help: "Rollouts that ended, by outcome."),
        MetricDescription("martinet_authentication_failures_total", help: "Requests with no or a wrong token."),
        MetricDescription("martinet_permission_denials_total", help: "Requests whose token is not good for them."),
    ]
}
