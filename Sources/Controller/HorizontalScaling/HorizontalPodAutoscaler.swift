import APIMachinery
import Spec

/// The parts of a HorizontalPodAutoscaler (`autoscaling/v2`) that its controller reads. The API server has checked and
/// completed it.
struct HorizontalPodAutoscaler: Sendable, Decodable {
    static let resource = GroupVersionResource(
        group: "autoscaling",
        version: "v2",
        resource: "horizontalpodautoscalers"
    )

    /// What is scaled.
    struct Target: Sendable, Hashable, Decodable {
        var apiVersion: String?
        var kind: String
        var name: String

        /// Whether that is a WorkerPool, whatever its version.
        var isPool: Bool {
            let group = apiVersion.flatMap { GroupVersion(apiVersion: $0) }?.group
            return kind == WorkerPool.groupVersionKind.kind && group ?? "" == WorkerPool.groupVersionKind.group
        }
    }

    /// One metric; only resources of whole Pods are measured here.
    struct Metric: Sendable, Hashable, Decodable {
        var type: String
        var resource: MetricSpec.ResourceMetric?
    }

    struct Specification: Sendable, Hashable, Decodable {
        var scaleTargetRef: Target
        var minReplicas: Int?
        var maxReplicas: Int
        var metrics: [Metric]?
        var behavior: ScalingBehavior?
    }

    var spec: Specification
}
