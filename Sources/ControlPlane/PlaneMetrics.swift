import Observability

/// Names, help texts and buckets of the metrics whose meaning is part of the contract.
enum PlaneMetrics {
    static let descriptions: [MetricDescription] = [
        MetricDescription("martinet_runs_total", help: "Runs that ended, by phase."),
        MetricDescription(
            "martinet_run_duration_seconds",
            help: "Time from the creation of a run to its end.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription("martinet_jobs_total", help: "Jobs that left a queue, by outcome."),
        MetricDescription(
            "martinet_job_queue_seconds",
            help: "Time from when a job is ready until a runner leases it.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription(
            "martinet_job_execution_seconds",
            help: "Time from the lease of a job to its report.",
            buckets: Buckets.jobSeconds
        ),
        MetricDescription("martinet_queue_depth", help: "Jobs that are ready to start, by lane."),
        MetricDescription("martinet_queue_oldest_age_seconds", help: "How long the oldest ready job has waited."),
        MetricDescription("martinet_pool_replicas", help: "Runners of a pool, by state."),
        MetricDescription("martinet_pool_desired_replicas", help: "Wanted runners of a pool."),
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
            help: "Requests to the HTTP port with invalid credentials."
        ),
        MetricDescription(
            "martinet_permission_denials_total",
            help: "Requests to the HTTP port that were denied."
        ),
        MetricDescription(
            "authentication_attempts_total",
            help:
                "Requests to the Kubernetes API, by the result of authentication. Anonymous requests count as successes."
        ),
        MetricDescription(
            "authorization_attempts_total",
            help: "Requests to the Kubernetes API, by the result of authorization."
        ),
        MetricDescription("apiserver_audit_event_total", help: "Audit events generated."),
        MetricDescription(
            "apiserver_audit_error_total",
            help:
                "Audit events that could not be written, for example because the disk is full. Their requests were not affected."
        ),
        MetricDescription(
            "martinet_quarantined",
            help:
                "Objects, runs and requests that are quarantined because the plane crashed while working on them. Should be 0."
        ),
        MetricDescription(
            "martinet_process_faults_total",
            help: "Whether the previous process crashed (1) or not (0)."
        ),
        MetricDescription(
            "martinet_node_loop_failures_total",
            help: "Failures of the local node's loops, each followed by a restart of the loop."
        ),
        MetricDescription("martinet_rollouts_total", help: "Rollouts that ended, by outcome."),
        MetricDescription("martinet_authentication_failures_total", help: "Requests without a valid token."),
        MetricDescription("martinet_permission_denials_total", help: "Requests that their token does not permit."),
    ]
}
