import APIMachinery
public import Spec

/// `spec.autoscaling.behavior` with the defaults of `autoscaling/v2` filled in.
public struct EffectiveBehavior: Sendable, Hashable {
    /// Rules of one direction, complete.
    public struct Rules: Sendable, Hashable {
        /// Which of several limits holds.
        public enum Selection: String, Sendable, Hashable {
            case max = "Max"
            case min = "Min"
            case disabled = "Disabled"
        }

        public var stabilizationWindowSeconds: Int
        public var selectPolicy: Selection
        public var policies: [ScalingRules.ScalingPolicy]
        /// A share of 1; `nil` for the autoscaler's own.
        public var tolerance: Double?

        /// The longest period of the policies, in seconds.
        var longestPeriod: Int { policies.map(\.periodSeconds).max() ?? 0 }

        init(_ rules: ScalingRules?, window: Int, policies: [ScalingRules.ScalingPolicy]) {
            stabilizationWindowSeconds = rules?.stabilizationWindowSeconds ?? window
            selectPolicy = rules?.selectPolicy.flatMap(Selection.init(rawValue:)) ?? .max
            self.policies = rules?.policies ?? policies
            // Validation refuses what is no quantity; the default holds for what was stored before.
            tolerance = rules?.tolerance.flatMap { try? Quantity(parsing: $0.text).approximateDouble }
        }
    }

    public var scaleUp: Rules
    public var scaleDown: Rules

    /// What a user wrote, completed. Scaling down waits for that window unless the user says otherwise.
    public init(_ behavior: ScalingBehavior, downscaleStabilizationWindow: Int) {
        scaleUp = Rules(
            behavior.scaleUp,
            window: 0,
            policies: [
                .init(type: "Pods", value: 4, periodSeconds: 15),
                .init(type: "Percent", value: 100, periodSeconds: 15),
            ]
        )
        scaleDown = Rules(
            behavior.scaleDown,
            window: downscaleStabilizationWindow,
            policies: [.init(type: "Percent", value: 100, periodSeconds: 15)]
        )
    }
}
