public import APIMachinery
public import RunEngine
public import Spec

/// The autoscaler of one pool: its queue and its runners' use of resources, by the rules of `autoscaling/v2`.
///
/// What it makes of them:
/// - **Queue**: the jobs that wait for a runner now *and* those that runners have. With the waiting ones alone a pool
///   would shrink as soon as its runners have taken everything, and drain runners that are needed a second later.
///   Jobs that wait for a retry's time are not counted: no runner could start them. `AverageValue` is the number of
///   jobs that each runner should have, `Value` that of all together.
/// - **Resource**: what the runners measured, against what their Pods request.
/// - The present size is what is wanted (`spec.replicas`), not what exists: during a rollout there are more Pods.
/// - A pool that the autoscaler sent to sleep wakes with the first job that could start, whatever the rules say.
public struct PoolAutoscaler: Sendable {
    /// What a step goes by.
    public struct Input: Sendable {
        public var autoscaling: AutoscalingSpec
        /// Jobs at once in one runner: the target where no metric is given.
        public var concurrency: Int
        /// The size that is set now.
        public var replicas: Int
        /// Whether there are none because an autoscaler wanted it so; a person's zero switches scaling off.
        public var isAsleep: Bool
        /// `nil` if the queue could not be read.
        public var queue: QueueStatistics?
        /// The runners, with what they use of a resource (empty: of none).
        public var pods: @Sendable (_ resource: String) -> [PodMetrics]
        public var now: Timestamp

        /// The input of one step.
        public init(
            autoscaling: AutoscalingSpec,
            concurrency: Int,
            replicas: Int,
            isAsleep: Bool = false,
            queue: QueueStatistics?,
            now: Timestamp,
            pods: @escaping @Sendable (_ resource: String) -> [PodMetrics]
        ) {
            self.autoscaling = autoscaling
            self.concurrency = concurrency
            self.replicas = replicas
            self.isAsleep = isAsleep
            self.queue = queue
            self.now = now
            self.pods = pods
        }
    }

    /// What a step came to.
    public struct Output: Sendable {
        public var replicas: Int
        public var isRescale: Bool
        /// Whether the same input will give the same size at any later time, so that nobody needs to ask before
        /// something changes.
        public var isSettled: Bool
        /// Why, with the figures: the message of the Event.
        public var reason: String
        /// What each metric asked for, for people.
        public var proposals: [String]
        /// `AbleToScale`, `ScalingActive`, `ScalingLimited`, `ScaledToZero`.
        public var conditions: [Condition]
    }

    /// Without a step for so long, the pool was at rest.
    private static let rest = Duration.seconds(10)

    private var autoscaler = Autoscaler()
    private var conditions = ScalingConditions()
    private var lastStep: (time: Timestamp, isSettled: Bool)?

    /// An autoscaler that begins now.
    public init() {}

    /// Decides how many runners there should be.
    public mutating func step(_ input: Input) -> Output {
        let spec = input.autoscaling
        let minimum = max(0, spec.minReplicas ?? 1)
        let settings = Autoscaler.Settings(
            minReplicas: minimum,
            maxReplicas: max(spec.maxReplicas, minimum),
            behavior: spec.behavior,
            scalesToZero: true
        )
        let entries = metrics(spec, concurrency: input.concurrency).map { metric in
            entry(metric, input, ReplicaCalculator(now: input.now, tolerance: settings.tolerance))
        }
        let combined = CombinedMetrics(entries.map(\.entry), currentReplicas: input.replicas)
        if let lastStep, lastStep.isSettled, input.now.since(lastStep.time) > Self.rest {
            autoscaler.hold(settings, until: input.now)
        }
        // Whose zero it is, is kept with the pool; what this autoscaler believes may be older.
        let isAsleep = input.replicas == 0 && input.isAsleep
        if isAsleep != (autoscaler.scaledToZero?.status == true) {
            autoscaler.scaledToZero =
                isAsleep
                ? .init(status: true, reason: "ScaledToZero", message: "the autoscaler scaled to zero")
                : .init(status: false, reason: "NotScaledToZero", message: "the autoscaler did not scale to zero")
        }
        var decision = autoscaler.step(
            settings,
            currentReplicas: input.replicas,
            metrics: combined.result,
            now: input.now
        )
        let waiting = input.queue?.backlog ?? 0
        let isLastToGo = input.replicas > 0 && (input.queue?.outstanding ?? 0) > 0
        if decision.replicas == 0, (input.replicas == 0 && isAsleep && waiting > 0) || isLastToGo {
            // A rate or a window must not keep a job waiting for a runner that nobody starts.
            decision = .init(replicas: 1, isRescale: input.replicas != 1, reason: "jobs wait and no runner exists")
            autoscaler.scaledToZero = .init(
                status: false,
                reason: "NotScaledToZero",
                message: "jobs wait and no runner exists"
            )
        }
        let isSettled = Self.isSettled(combined, decision, autoscaler, minimum: minimum, settings.maxReplicas)
        lastStep = (input.now, isSettled)
        let proposals = entries.map(\.text)
        let bound = autoscaler.limited.flatMap { $0.status ? "held back: \($0.message)" : nil }
        let reason = ([decision.reason] + proposals + [bound ?? ""]).filter { !$0.isEmpty }.joined(separator: "; ")
        return Output(
            replicas: decision.replicas,
            isRescale: decision.isRescale,
            isSettled: isSettled,
            reason: reason,
            proposals: proposals,
            conditions: conditions.show(
                [
                    ("AbleToScale", autoscaler.able), ("ScalingActive", autoscaler.active),
                    ("ScalingLimited", autoscaler.limited), ("ScaledToZero", autoscaler.scaledToZero),
                ],
                replicas: input.replicas,
                isRescale: decision.isRescale,
                now: input.now
            )
        )
    }

    /// Whether neither a window nor a rate keeps the size from what the metrics ask for.
    private static func isSettled(
        _ metrics: CombinedMetrics,
        _ decision: Autoscaler.Decision,
        _ autoscaler: Autoscaler,
        minimum: Int,
        _ maximum: Int
    ) -> Bool {
        if decision.isRescale { return false }
        if autoscaler.active?.reason == "ScalingDisabled" { return true }
        guard case .success(let recommendation) = metrics.result else { return false }
        return min(max(recommendation.replicas, minimum), maximum) == decision.replicas
    }

    private func metrics(_ spec: AutoscalingSpec, concurrency: Int) -> [MetricSpec] {
        if let metrics = spec.metrics, !metrics.isEmpty { return metrics }
        let target = MetricTarget(type: "AverageValue", averageValue: QuantityText("\(max(1, concurrency))"))
        return [MetricSpec(type: "Queue", queue: .init(target: target))]
    }

    private func entry(
        _ metric: MetricSpec,
        _ input: Input,
        _ calculator: ReplicaCalculator
    ) -> (entry: CombinedMetrics.Entry, text: String) {
        if let resource = metric.resource {
            let result = Result { () throws(MetricError) in
                try Self.proposal(resource, input, calculator)
            }
            return (
                .init(name: resource.name, failureReason: "FailedGetResourceMetric", result: result),
                Self.text(resource, result)
            )
        }
        let target = metric.queue?.target ?? MetricTarget(type: "AverageValue", averageValue: "1")
        let result = Result { () throws(MetricError) in
            guard let queue = input.queue else { throw .unavailable("the queue") }
            return try Self.proposal(target, jobs: queue.outstanding, input, calculator)
        }
        return (
            .init(name: "queue", failureReason: "FailedGetQueueMetric", result: result),
            Self.text(target, input.queue, result)
        )
    }

    private static func proposal(
        _ target: MetricTarget,
        jobs: Int,
        _ input: Input,
        _ calculator: ReplicaCalculator
    ) throws(MetricError) -> ReplicaProposal {
        let value = Int64(min(jobs, Int(Int64.max / 1000))) * 1000
        if let total = target.value, target.type == "Value" {
            return try calculator.value(
                value,
                target: milli(total),
                currentReplicas: input.replicas,
                pods: input.pods("")
            )
        }
        return calculator.valuePerReplica(
            value,
            target: milli(target.averageValue ?? "1"),
            statusReplicas: input.replicas
        )
    }

    private static func proposal(
        _ metric: MetricSpec.ResourceMetric,
        _ input: Input,
        _ calculator: ReplicaCalculator
    ) throws(MetricError) -> ReplicaProposal {
        let pods = input.pods(metric.name)
        if metric.target.type == "Utilization", let utilization = metric.target.averageUtilization {
            return try calculator.utilization(
                of: metric.name,
                target: utilization,
                currentReplicas: input.replicas,
                pods: pods
            )
        }
        return try calculator.average(
            of: metric.name,
            target: milli(metric.target.averageValue ?? "1"),
            currentReplicas: input.replicas,
            pods: pods
        )
    }

    /// A target in thousandths; at least one, as nothing can be divided by zero.
    private static func milli(_ text: QuantityText) -> Int64 {
        // Validation refuses what is no quantity; the default holds for what was stored before.
        max(1, (try? Quantity(parsing: text.text))?.milliValue ?? 1000)
    }
}

extension PoolAutoscaler {
    private static func text(
        _ target: MetricTarget,
        _ queue: QueueStatistics?,
        _ result: Result<ReplicaProposal, MetricError>
    ) -> String {
        guard let queue, case .success(let proposal) = result else { return failureText("queue", result) }
        let goal =
            target.type == "Value"
            ? "\(target.value?.text ?? "?") in all" : "\(target.averageValue?.text ?? "?") for each runner"
        return "queue has \(queue.outstanding) jobs (\(queue.backlog) waiting, \(queue.leased) running), the target is"
            + " \(goal): \(runners(proposal.replicas))"
    }

    private static func text(
        _ metric: MetricSpec.ResourceMetric,
        _ result: Result<ReplicaProposal, MetricError>
    ) -> String {
        guard case .success(let proposal) = result else { return failureText(metric.name, result) }
        if let utilization = proposal.utilization {
            return "\(metric.name) is at \(utilization) % of the request, the target is"
                + " \(metric.target.averageUtilization ?? 0) %: \(runners(proposal.replicas))"
        }
        let format: Quantity.Format = metric.name == "memory" ? .binarySI : .decimalSI
        return "\(metric.name) is at \(Quantity(milli: proposal.average ?? 0, format: format)) a runner, the target is"
            + " \(metric.target.averageValue?.text ?? "?"): \(runners(proposal.replicas))"
    }

    private static func failureText(_ name: String, _ result: Result<ReplicaProposal, MetricError>) -> String {
        guard case .failure(let error) = result else { return "" }
        return "\(name) is unknown: \(error)"
    }

    private static func runners(_ count: Int) -> String { count == 1 ? "1 runner" : "\(count) runners" }
}
