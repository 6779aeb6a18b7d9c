import APIMachinery
import Spec

/// The decisions for one HorizontalPodAutoscaler: the arithmetic of a pool's own autoscaler, applied to the metrics of
/// `autoscaling/v2` and told in the words of Kubernetes' controller. A value without a clock.
struct HorizontalAutoscaler: Sendable {
    /// What a step goes by.
    struct Input: Sendable {
        var spec: HorizontalPodAutoscaler.Specification
        /// The size that the target has been given.
        var replicas: Int
        /// The target's Pods with what they use of a resource.
        var pods: @Sendable (_ resource: String) -> [PodMetrics]
        var now: Timestamp
    }

    /// What a step came to.
    struct Output: Sendable {
        var replicas: Int
        var isRescale: Bool
        /// Why there is a change, for the Event.
        var reason: String
        /// `status.currentMetrics`.
        var currentMetrics: [JSONValue]
        var conditions: [Condition]
    }

    private var autoscaler = Autoscaler()
    private var conditions = ScalingConditions()

    /// Decides the size of the target.
    mutating func step(_ input: Input) -> Output {
        let spec = input.spec
        let minimum = max(1, spec.minReplicas ?? 1)
        let settings = Autoscaler.Settings(
            minReplicas: minimum,
            maxReplicas: max(spec.maxReplicas, minimum),
            behavior: spec.behavior
        )
        let calculator = ReplicaCalculator(now: input.now, tolerance: settings.tolerance)
        let metrics = (spec.metrics ?? []).map { Self.evaluate($0, input, calculator) }
        let combined = CombinedMetrics(metrics.map(\.entry), currentReplicas: input.replicas)
        let decision = autoscaler.step(
            settings,
            currentReplicas: input.replicas,
            metrics: combined.result,
            now: input.now
        )
        return Output(
            replicas: decision.replicas,
            isRescale: decision.isRescale,
            reason: Self.reason(decision.reason),
            currentMetrics: metrics.map(\.status),
            conditions: shownConditions(decision, input)
        )
    }

    private mutating func shownConditions(_ decision: Autoscaler.Decision, _ input: Input) -> [Condition] {
        let states = [
            ("AbleToScale", autoscaler.able), ("ScalingActive", autoscaler.active),
            ("ScalingLimited", autoscaler.limited),
        ].map { ($0.0, $0.1.map { Self.worded($0, replicas: decision.replicas) }) }
        var shown = conditions.show(
            states,
            replicas: input.replicas,
            isRescale: decision.isRescale,
            now: input.now
        )
        // Why nothing is scaled is never held back: the first reason is mostly that nothing has been measured yet.
        if let problem = states[1].1, !problem.status,
            let index = shown.firstIndex(where: { $0.type == "ScalingActive" })
        {
            shown[index].reason = problem.reason
            shown[index].message = problem.message
        }
        return shown
    }

    // MARK: Metrics

    private static func evaluate(
        _ metric: HorizontalPodAutoscaler.Metric,
        _ input: Input,
        _ calculator: ReplicaCalculator
    ) -> (entry: CombinedMetrics.Entry, status: JSONValue) {
        guard metric.type == "Resource", let resource = metric.resource else {
            let error = MetricError.unavailable("a metric of type \(metric.type): use Resource with cpu or memory")
            let reason = "FailedGet\(metric.type)Metric"
            let name = "\(metric.type.lowercased()) metric"
            // Kubernetes, too, shows an empty entry for a metric that has no value.
            return (.init(name: name, failureReason: reason, result: .failure(error)), ["type": ""])
        }
        let percent = resource.target.averageUtilization
        let name = "\(resource.name) resource" + (percent == nil ? "" : " utilization (percentage of request)")
        let result = Result { () throws(MetricError) in
            let pods = input.pods(resource.name)
            if let percent {
                return try calculator.utilization(
                    of: resource.name,
                    target: max(1, percent),
                    currentReplicas: input.replicas,
                    pods: pods
                )
            }
            // Validation refuses what is no quantity.
            let target = (try? Quantity(parsing: resource.target.averageValue?.text ?? ""))?.milliValue ?? 1000
            return try calculator.average(
                of: resource.name,
                target: max(1, target),
                currentReplicas: input.replicas,
                pods: pods
            )
        }
        let entry = CombinedMetrics.Entry(name: name, failureReason: "FailedGetResourceMetric", result: result)
        guard case .success(let proposal) = result else { return (entry, ["type": ""]) }
        let format: Quantity.Format = resource.name == "memory" ? .binarySI : .decimalSI
        var current: JSONValue = [
            "averageValue": .string(Quantity(milli: proposal.average ?? 0, format: format).description)
        ]
        if let utilization = proposal.utilization { current["averageUtilization"] = .int(Int64(utilization)) }
        return (entry, ["type": "Resource", "resource": ["name": .string(resource.name), "current": current]])
    }

    // MARK: Words

    /// A condition in the words of Kubernetes' controller.
    private static func worded(_ state: Autoscaler.State, replicas: Int) -> Autoscaler.State {
        var result = state
        switch state.reason {
        case "SucceededGetScale":
            result.message = "the HPA controller was able to get the target's current scale"
        case "SucceededRescale":
            result.message = "the HPA controller was able to update the target scale to \(replicas)"
        case "ValidMetricFound":
            result.message =
                "the HPA was able to successfully calculate a replica count from "
                + state.message.replacing("a replica count was calculated from ", with: "")
        case let reason where !state.status && reason.hasPrefix("FailedGet"):
            result.message = "the HPA was unable to compute the replica count: \(state.message)"
        default: break
        }
        return result
    }

    private static func reason(_ reason: String) -> String {
        switch reason {
        case "the current number of replicas is above maxReplicas":
            "Current number of replicas above Spec.MaxReplicas"
        case "the current number of replicas is below minReplicas":
            "Current number of replicas below Spec.MinReplicas"
        case "all metrics below target": "All metrics below target"
        default: reason
        }
    }
}
