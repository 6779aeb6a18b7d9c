/// What to do here instead of what clusters have other kinds for. The API server says so when it refuses to make objects of
/// these kinds.
enum KindAdvice {
    private static let workers =
        "programs that run all the time are a WorkerPool here: write one (kubectl explain workerpool.spec) and "
        + "kubectl apply -f it, resize it with kubectl scale workerpool/NAME --replicas=N, change its version or image "
        + "with kubectl edit or kubectl patch, watch a rollout with ctl status workerpool/NAME, "
        + "restart it with ctl restart workerpool/NAME, and undo it with ctl rollback workerpool/NAME"

    private static let jobs =
        "work that ends is a Workflow here: write one (kubectl explain workflow.spec), kubectl apply -f it, "
        + "and start a run with ctl run NAME"

    /// By `plural.group`.
    static let all: [String: String] = [
        "deployments.apps": workers, "replicasets.apps": workers, "statefulsets.apps": workers,
        "daemonsets.apps": workers, "replicationcontrollers": workers, "jobs.batch": jobs,
        "cronjobs.batch": jobs,
        "services": "Services are not supported; connect to a pod at 127.0.0.1 and the port that it opens",
        "ingresses.networking.k8s.io": "pods are reached at 127.0.0.1 with the ports that they open",
    ]
}
