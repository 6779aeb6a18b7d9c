import APIMachinery

/// How the number of runners follows the load; field names and arithmetic of `autoscaling/v2`.
public struct AutoscalingSpec: Sendable, Hashable, Codable {
    /// Default: 1. With 0 the pool sleeps while its queue is empty.
    public var minReplicas: Int?
    public var maxReplicas: Int
    /// The highest proposal of several metrics wins. Default: the queue with an average of the concurrency.
    public var metrics: [MetricSpec]?
    public var behavior: ScalingBehavior?

    /// Bounds and metrics.
    public init(
        minReplicas: Int? = nil,
        maxReplicas: Int,
        metrics: [MetricSpec]? = nil,
        behavior: ScalingBehavior? = nil
    ) {
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.metrics = metrics
        self.behavior = behavior
    }
}

/// One metric and its target.
public struct MetricSpec: Sendable, Hashable, Codable {
    /// `Queue` or `Resource`.
    public var type: String
    public var queue: QueueMetric?
    public var resource: ResourceMetric?

    /// The jobs in the pool's queue, waiting and running.
    public struct QueueMetric: Sendable, Hashable, Codable {
        public var target: MetricTarget

        /// A target for the number of jobs.
        public init(target: MetricTarget) { self.target = target }
    }

    /// A resource of the runners' Pods, of which `cpu` and `memory` are known.
    public struct ResourceMetric: Sendable, Hashable, Codable {
        public var name: String
        public var target: MetricTarget

        /// A target for that resource.
        public init(name: String, target: MetricTarget) {
            self.name = name
            self.target = target
        }
    }

    /// A metric of that type.
    public init(type: String, queue: QueueMetric? = nil, resource: ResourceMetric? = nil) {
        self.type = type
        self.queue = queue
        self.resource = resource
    }
}

/// The value a metric should have.
public struct MetricTarget: Sendable, Hashable, Codable {
    /// `AverageValue`, `Value` or `Utilization`.
    public var type: String
    /// A quantity such as `"8"` or `500m`, for each runner.
    public var averageValue: QuantityText?
    /// A quantity for all runners together.
    public var value: QuantityText?
    /// Percent of what the Pods request.
    public var averageUtilization: Int?

    /// A target of that type.
    public init(
        type: String,
        averageValue: QuantityText? = nil,
        value: QuantityText? = nil,
        averageUtilization: Int? = nil
    ) {
        self.type = type
        self.averageValue = averageValue
        self.value = value
        self.averageUtilization = averageUtilization
    }
}

/// A quantity as it was written: a text, or a bare number.
public struct QuantityText: Sendable, Hashable, Codable, ExpressibleByStringLiteral {
    public var text: String

    /// That text.
    public init(_ text: String) { self.text = text }
    public init(stringLiteral value: String) { text = value }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // What is not of one type may be of the next.
        if let number = try? container.decode(Int64.self) {
            text = String(number)
        } else if let number = try? container.decode(Double.self) {  // or of the next type
            text = JSONWriter.format(number)
        } else if let text = try? container.decode(String.self) {  // or of the next type
            self.text = text
        } else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "must be a quantity: a number, or a text such as \"0.1\" or \"500m\""
            )
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// How fast the number of runners may change (`autoscaling/v2` HorizontalPodAutoscalerBehavior).
public struct ScalingBehavior: Sendable, Hashable, Codable {
    public var scaleUp: ScalingRules?
    public var scaleDown: ScalingRules?

    /// Rules for either direction.
    public init(scaleUp: ScalingRules? = nil, scaleDown: ScalingRules? = nil) {
        self.scaleUp = scaleUp
        self.scaleDown = scaleDown
    }
}

/// Rules for one direction.
public struct ScalingRules: Sendable, Hashable, Codable {
    /// Seconds over which the most cautious recommendation counts. Default: 0 up, 300 down.
    public var stabilizationWindowSeconds: Int?
    /// `Max` (default), `Min` or `Disabled`.
    public var selectPolicy: String?
    public var policies: [ScalingPolicy]?
    /// How far a ratio may be from 1 without anything being done, such as `"0.1"`.
    public var tolerance: QuantityText?

    /// A bound on the change within a period.
    public struct ScalingPolicy: Sendable, Hashable, Codable {
        /// `Pods` or `Percent`.
        public var type: String
        public var value: Int
        public var periodSeconds: Int

        /// At most that change in that many seconds.
        public init(type: String, value: Int, periodSeconds: Int) {
            self.type = type
            self.value = value
            self.periodSeconds = periodSeconds
        }
    }

    /// Rules; what is left out has its default.
    public init(
        stabilizationWindowSeconds: Int? = nil,
        selectPolicy: String? = nil,
        policies: [ScalingPolicy]? = nil,
        tolerance: QuantityText? = nil
    ) {
        self.stabilizationWindowSeconds = stabilizationWindowSeconds
        self.selectPolicy = selectPolicy
        self.policies = policies
        self.tolerance = tolerance
    }
}
