import APIMachinery
import KubeAPI
import RunEngine
import Spec

/// Puts together what the API knows of a pool's Pods and what the run engine knows of the runners in them.
enum PodObservation {
    /// Since when a Pod has been told to finish: an annotation, so that it outlives the controller.
    static let drainAnnotation = "martinet.dev/drain-requested-at"

    /// The Pod as a rollout sees it.
    static func runner(_ pod: Pod, _ runner: RunnerState?) -> RunnerPod {
        var result = RunnerPod(
            name: pod.metadata.name ?? "",
            revision: pod.metadata.labels?[PoolRevision.revisionLabel] ?? "",
            createdAt: pod.metadata.creationTimestamp ?? Timestamp(seconds: 0)
        )
        if let ready = pod.condition("Ready"), ready.status == "True" {
            result.readySince = ready.lastTransitionTime ?? result.createdAt
        }
        result.isFinished = pod.isFinished
        result.isTerminating = pod.metadata.deletionTimestamp != nil
        result.drainRequestedAt = pod.metadata.annotations?[drainAnnotation].map {
            // An annotation that somebody wrote by hand counts as a request from long ago.
            Timestamp(rfc3339: $0) ?? result.createdAt
        }
        result.leasedJobs = runner?.leasedJobs
        let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
        result.restarts = statuses.map(\.restartCount).max() ?? 0
        if let status = statuses.first(where: { $0.state?.waiting?.reason != nil }) {
            result.waitingReason = status.state?.waiting?.reason
            result.waitingMessage = status.state?.waiting?.message
            let containers = (pod.spec?.initContainers ?? []) + (pod.spec?.containers ?? [])
            result.image = containers.first { $0.name == status.name }?.image ?? status.image
        }
        let crashing = statuses.max { $0.restartCount < $1.restartCount }
        result.lastTermination = (crashing?.state?.terminated ?? crashing?.lastState?.terminated).map {
            "\($0.reason ?? "Error") (exit code \($0.exitCode))"
        }
        if let scheduled = pod.condition("PodScheduled"), scheduled.status == "False",
            scheduled.reason == "Unschedulable"
        {
            result.unschedulable = scheduled.message ?? ""
        }
        return result
    }

    /// The Pod as the autoscaler sees it, with what its runner uses of a resource.
    static func metrics(_ pod: Pod, _ runner: RunnerState?, resource: String, window: Duration) -> PodMetrics {
        var result = PodMetrics(name: pod.metadata.name ?? "")
        result.phase =
            switch pod.status?.phase {
            case nil, "Pending": .pending
            case "Succeeded": .succeeded
            case "Failed": .failed
            default: .running
            }
        // A runner that drains is as good as gone.
        result.isDeleting =
            pod.metadata.deletionTimestamp != nil || pod.metadata.annotations?[drainAnnotation] != nil
        if let ready = pod.condition("Ready") {
            result.readiness = ready.status == "True" ? .ready : ready.status == "False" ? .unready : .unknown
            result.readinessChangedAt = ready.lastTransitionTime
        }
        result.startedAt = pod.status?.startTime
        let sidecars = (pod.spec?.initContainers ?? []).filter { $0.restartPolicy == "Always" }
        result.requests = ((pod.spec?.containers ?? []) + sidecars).map { container in
            .init(container: container.name, amount: container.resources?.requests?[resource]?.milliValue)
        }
        if let runner, let reportedAt = runner.loadReportedAt {
            let value: Int64? =
                switch resource {
                case "cpu": Int64(runner.load.cpuMillicores)
                case "memory": Int64(exactly: (runner.load.memoryMB * 1024 * 1024 * 1000).rounded())
                default: nil
                }
            result.sample = value.map { .init(value: $0, timestamp: reportedAt, window: window) }
        }
        return result
    }
}
