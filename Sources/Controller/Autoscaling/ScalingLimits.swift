import APIMachinery
import Spec

/// A recommendation brought within what is allowed.
struct LimitedReplicas {
    var replicas: Int
    /// The reason of the condition `ScalingLimited`.
    var reason: String
    var message: String

    fileprivate static func inRange(_ replicas: Int) -> LimitedReplicas {
        LimitedReplicas(
            replicas: replicas,
            reason: "DesiredWithinRange",
            message: "the desired count is within the acceptable range"
        )
    }

    fileprivate static func tooMany(_ replicas: Int) -> LimitedReplicas {
        LimitedReplicas(
            replicas: replicas,
            reason: "TooManyReplicas",
            message: "the desired replica count is more than the maximum replica count"
        )
    }

    fileprivate static func tooFew(_ replicas: Int) -> LimitedReplicas {
        LimitedReplicas(
            replicas: replicas,
            reason: "TooFewReplicas",
            message: "the desired replica count is less than the minimum replica count"
        )
    }

    fileprivate static func tooFastUp(_ replicas: Int) -> LimitedReplicas {
        LimitedReplicas(
            replicas: replicas,
            reason: "ScaleUpLimit",
            message: "the desired replica count is increasing faster than the maximum scale rate"
        )
    }

    fileprivate static func tooFastDown(_ replicas: Int) -> LimitedReplicas {
        LimitedReplicas(
            replicas: replicas,
            reason: "ScaleDownLimit",
            message: "the desired replica count is decreasing faster than the maximum scale rate"
        )
    }
}

/// Bounds and rates (`autoscaling/v2` behavior policies).
struct ScalingLimits {
    var minReplicas: Int
    var maxReplicas: Int
    var now: Timestamp

    /// Without behavior: at most twice as many at once, or 4.
    func limit(_ desired: Int, current: Int) -> LimitedReplicas {
        let rate = max(current.saturatingMultiply(2), 4)
        if desired < minReplicas { return .tooFew(minReplicas) }
        if desired > min(maxReplicas, rate) { return maxReplicas > rate ? .tooFastUp(rate) : .tooMany(maxReplicas) }
        return .inRange(desired)
    }

    /// With behavior: what the policies allow within their periods.
    func limit(
        _ desired: Int,
        current: Int,
        behavior: EffectiveBehavior,
        history: ScalingHistory
    ) -> LimitedReplicas {
        if desired > current {
            // Others may have changed the replicas, so that the limit is below what there is: that does not count.
            let rate = max(current, highest(behavior.scaleUp, current: current, history))
            if desired > min(maxReplicas, rate) {
                return maxReplicas > rate ? .tooFastUp(rate) : .tooMany(maxReplicas)
            }
        } else if desired < current {
            let rate = min(current, lowest(behavior.scaleDown, current: current, history))
            if desired < max(minReplicas, rate) {
                return minReplicas < rate ? .tooFastDown(rate) : .tooFew(minReplicas)
            }
        }
        return .inRange(desired)
    }

    private func highest(_ rules: EffectiveBehavior.Rules, current: Int, _ history: ScalingHistory) -> Int {
        let limits = rules.policies.map { policy in
            let start = history.replicas(before: policy.periodSeconds, current: current, now: now)
            // Rounded up, or one replica could never become two by 10 %.
            return policy.type == "Pods"
                ? start.saturatingAdd(policy.value)
                : Self.count((Double(start) * (1 + Double(policy.value) / 100)).rounded(.up))
        }
        return switch rules.selectPolicy {
        case .disabled: current
        case .min: limits.min() ?? Int(Int32.max)
        case .max: limits.max() ?? Int(Int32.min)
        }
    }

    private func lowest(_ rules: EffectiveBehavior.Rules, current: Int, _ history: ScalingHistory) -> Int {
        let limits = rules.policies.map { policy in
            let start = history.replicas(before: policy.periodSeconds, current: current, now: now)
            return policy.type == "Pods"
                ? start.saturatingSubtract(policy.value)
                : Self.count((Double(start) * (1 - Double(policy.value) / 100)).rounded(.towardZero))
        }
        return switch rules.selectPolicy {
        case .disabled: current
        // The smallest change leaves the most replicas.
        case .min: limits.max() ?? Int(Int32.min)
        case .max: limits.min() ?? Int(Int32.max)
        }
    }

    private static func count(_ value: Double) -> Int {
        Int(Int32(clamping: value))
    }
}
