public import APIMachinery
public import Spec

/// A retry policy with its defaults filled in.
public struct RetrySettings: Sendable, Hashable {
    public var maxAttempts: Int
    public var initialInterval: Double
    public var coefficient: Double
    public var maxInterval: Double
    public var nonRetryableReasons: Set<String>

    /// Reads the step's policy, or the workflow's where the step has none. Without either, nothing is retried.
    public init(_ policy: RetryPolicy?) {
        maxAttempts = (policy?.maxAttempts ?? 1).held(to: Bounds.attempts)
        initialInterval = (policy?.initialIntervalSeconds ?? 1).held(to: Bounds.intervalSeconds)
        coefficient = (policy?.backoffCoefficient ?? 2).held(to: Bounds.backoffCoefficient)
        maxInterval = (policy?.maxIntervalSeconds ?? 60).held(to: Bounds.intervalSeconds)
        nonRetryableReasons = Set(policy?.nonRetryableReasons ?? [])
    }

    /// How much longer than computed a wait may be, so that steps that failed together do not come back together.
    public static let jitter = 0.25

    /// The wait before the attempt after the given one, in seconds.
    ///
    /// - Parameters:
    ///   - attempt: the number of the failed attempt, from 1.
    ///   - random: in 0..<1.
    public func delay(afterAttempt attempt: Int, random: Double) -> Double {
        var delay = initialInterval
        // Step by step, because a power could overflow where the maximum stops this early.
        var step = 1
        while step < attempt, delay < maxInterval, coefficient > 1 {
            delay *= coefficient
            step += 1
        }
        return min(delay, maxInterval) * (1 + Self.jitter * random)
    }

    /// When the next attempt is due; `nil` if the step is not retried.
    ///
    /// - Parameter attempt: the number of the failed attempt, from 1.
    public func nextAttempt(
        afterAttempt attempt: Int,
        reason: String,
        retryable: Bool,
        now: Timestamp,
        random: Double
    ) -> Timestamp? {
        guard retryable, attempt < maxAttempts, !nonRetryableReasons.contains(reason) else { return nil }
        return now.advanced(by: .bounded(seconds: delay(afterAttempt: attempt, random: random)))
    }
}
