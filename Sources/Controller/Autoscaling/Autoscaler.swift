public import APIMachinery
public import Spec

/// One autoscaler: from recommendations over time to replicas, as Kubernetes' horizontal Pod autoscaler does it.
///
/// A value without a clock: `step` takes the time and everything else that it goes by.
public struct Autoscaler: Sendable {
    /// What an autoscaler keeps to.
    public struct Settings: Sendable, Hashable {
        public var minReplicas: Int
        public var maxReplicas: Int
        /// What the user wrote; without it, older and simpler rules hold.
        public var behavior: ScalingBehavior?
        /// Seconds for which scaling down waits where `behavior` does not say.
        public var downscaleStabilizationWindow: Int
        /// Whether the autoscaler may wake up what it sent to sleep.
        public var scalesToZero: Bool

        /// Bounds, and rules for changes.
        public init(
            minReplicas: Int,
            maxReplicas: Int,
            behavior: ScalingBehavior? = nil,
            downscaleStabilizationWindow: Int = 300,
            scalesToZero: Bool = false
        ) {
            self.minReplicas = minReplicas
            self.maxReplicas = maxReplicas
            self.behavior = behavior
            self.downscaleStabilizationWindow = downscaleStabilizationWindow
            self.scalesToZero = scalesToZero
        }

        /// The tolerance of metrics under these settings.
        public var tolerance: ScalingTolerance {
            var tolerance = ScalingTolerance.standard
            guard let behavior else { return tolerance }
            let rules = EffectiveBehavior(behavior, downscaleStabilizationWindow: downscaleStabilizationWindow)
            if let down = rules.scaleDown.tolerance { tolerance.down = down }
            if let up = rules.scaleUp.tolerance { tolerance.up = up }
            return tolerance
        }
    }

    /// A condition without its times.
    public struct State: Sendable, Hashable {
        public var status: Bool
        public var reason: String
        public var message: String
    }

    /// What a step came to.
    public struct Decision: Sendable, Hashable {
        public var replicas: Int
        /// Whether that is a change.
        public var isRescale: Bool
        /// Why there is a change, for people.
        public var reason: String
    }

    public var history = ScalingHistory()
    /// `AbleToScale`: whether a new size can be chosen now.
    public private(set) var able: State?
    /// `ScalingActive`: whether metrics can be calculated.
    public private(set) var active: State?
    /// `ScalingLimited`: whether bounds or rates hold the size back.
    public private(set) var limited: State?
    /// `ScaledToZero`: whether it was the autoscaler who sent everything to sleep.
    public var scaledToZero: State?

    /// An autoscaler that has not seen anything.
    public init() {}

    /// Decides how many replicas there should be.
    ///
    /// - Parameters:
    ///   - currentReplicas: the size that is set now, by whomever.
    ///   - metrics: what the metrics recommend, or why they cannot.
    public mutating func step(
        _ settings: Settings,
        currentReplicas current: Int,
        metrics: Result<CombinedMetrics.Recommendation, CombinedMetrics.Failure>,
        now: Timestamp
    ) -> Decision {
        able = State(status: true, reason: "SucceededGetScale", message: "the current number of runners is known")
        history.begin(with: current, now: now)
        let slept = settings.scalesToZero && scaledToZero?.status == true
        if !settings.scalesToZero { scaledToZero = nil }

        if current == 0 && !slept {
            active = State(
                status: false,
                reason: "ScalingDisabled",
                message: "scaling is disabled since the replica count of the target is zero"
            )
            return Decision(replicas: 0, isRescale: false, reason: "")
        }
        if current > settings.maxReplicas {
            let reason = "the current number of replicas is above maxReplicas"
            return rescale(from: current, to: settings.maxReplicas, reason, settings, now)
        }
        if current != 0 && current < settings.minReplicas {
            let reason = "the current number of replicas is below minReplicas"
            return rescale(from: current, to: settings.minReplicas, reason, settings, now)
        }

        let recommendation: CombinedMetrics.Recommendation
        switch metrics {
        case .failure(let failure):
            active = State(status: false, reason: failure.reason, message: failure.message)
            return Decision(replicas: current, isRescale: false, reason: "")
        case .success(let success): recommendation = success
        }
        active = State(
            status: true,
            reason: "ValidMetricFound",
            message: "a replica count was calculated from \(recommendation.metric)"
        )
        var desired = normalize(recommendation.replicas, current: current, settings, now)
        var reason = ""
        if recommendation.replicas > current { reason = "\(recommendation.metric) above target" }
        if recommendation.replicas < current { reason = "all metrics below target" }
        if current == 0, desired < settings.minReplicas {
            desired = settings.minReplicas
            if reason.isEmpty { reason = "the current number of replicas is below minReplicas" }
        }
        guard desired != current else { return Decision(replicas: current, isRescale: false, reason: "") }
        return rescale(from: current, to: desired, reason, settings, now)
    }

    /// Notes that the last recommendation has held until now. A pool in which nothing happens is not looked at, and its
    /// stabilization windows must not be empty when something does.
    mutating func hold(_ settings: Settings, until now: Timestamp) {
        guard let last = history.recommendations.max(by: { $0.time < $1.time }) else { return }
        let rules = EffectiveBehavior(
            settings.behavior ?? ScalingBehavior(),
            downscaleStabilizationWindow: settings.downscaleStabilizationWindow
        )
        let windows = [rules.scaleUp, rules.scaleDown].map(\.stabilizationWindowSeconds)
        let cutoff = now.advanced(by: .seconds(-(windows.max() ?? 0)))
        history.record(last.replicas, now: now.advanced(by: .milliseconds(-1))) { $0 < cutoff }
    }

    private mutating func rescale(
        from current: Int,
        to desired: Int,
        _ reason: String,
        _ settings: Settings,
        _ now: Timestamp
    ) -> Decision {
        able = State(status: true, reason: "SucceededRescale", message: "the number of runners was set to \(desired)")
        if let behavior = settings.behavior {
            let rules = EffectiveBehavior(
                behavior,
                downscaleStabilizationWindow: settings.downscaleStabilizationWindow
            )
            history.recordChange(from: current, to: desired, rules: rules, now: now)
        }
        if settings.scalesToZero {
            scaledToZero =
                current > 0 && desired == 0 && settings.minReplicas == 0
                ? State(status: true, reason: "ScaledToZero", message: "the autoscaler scaled to zero")
                : State(status: false, reason: "NotScaledToZero", message: "the autoscaler did not scale to zero")
        }
        return Decision(replicas: desired, isRescale: true, reason: reason)
    }

    /// Stabilizes a recommendation and brings it within bounds and rates.
    private mutating func normalize(_ recommended: Int, current: Int, _ settings: Settings, _ now: Timestamp) -> Int {
        let limits = ScalingLimits(minReplicas: settings.minReplicas, maxReplicas: settings.maxReplicas, now: now)
        let stabilized: Int
        let result: LimitedReplicas
        if let written = settings.behavior {
            let behavior = EffectiveBehavior(
                written,
                downscaleStabilizationWindow: settings.downscaleStabilizationWindow
            )
            stabilized = stabilize(recommended, current: current, behavior, now)
            result = limits.limit(stabilized, current: current, behavior: behavior, history: history)
        } else {
            stabilized = stabilize(recommended, window: settings.downscaleStabilizationWindow, now)
            result = limits.limit(stabilized, current: current)
        }
        if stabilized == recommended {
            able = State(
                status: true,
                reason: "ReadyForNewScale",
                message: "recommended size matches current size"
            )
        } else if settings.behavior != nil && recommended >= current {
            able = State(
                status: true,
                reason: "ScaleUpStabilized",
                message: "recent recommendations were lower than current one, applying the lowest recent recommendation"
            )
        } else {
            able = State(
                status: true,
                reason: "ScaleDownStabilized",
                message:
                    "recent recommendations were higher than current one, applying the highest recent recommendation"
            )
        }
        limited = State(status: result.replicas != stabilized, reason: result.reason, message: result.message)
        return result.replicas
    }

    /// Without behavior: the highest recommendation of the window, its edge included.
    private mutating func stabilize(_ recommended: Int, window: Int, _ now: Timestamp) -> Int {
        let cutoff = now.advanced(by: .seconds(-window))
        let highest = history.recommendations.reduce(recommended) { $1.time >= cutoff ? max($0, $1.replicas) : $0 }
        history.record(recommended, now: now) { $0 < cutoff }
        return highest
    }

    /// With behavior: the size stays between the lowest recommendation of the window for scaling up and the highest of
    /// the window for scaling down; the edges do not count.
    private mutating func stabilize(
        _ recommended: Int,
        current: Int,
        _ behavior: EffectiveBehavior,
        _ now: Timestamp
    ) -> Int {
        let upCutoff = now.advanced(by: .seconds(-behavior.scaleUp.stabilizationWindowSeconds))
        let downCutoff = now.advanced(by: .seconds(-behavior.scaleDown.stabilizationWindowSeconds))
        var lowest = recommended
        var highest = recommended
        for recommendation in history.recommendations {
            if recommendation.time > upCutoff { lowest = min(lowest, recommendation.replicas) }
            if recommendation.time > downCutoff { highest = max(highest, recommendation.replicas) }
        }
        history.record(recommended, now: now) { $0 < upCutoff && $0 < downCutoff }
        return min(max(current, lowest), highest)
    }
}
