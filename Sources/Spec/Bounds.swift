import APIMachinery

/// The bounds of the numbers in our kinds and in the runners' protocol.
///
/// Schemas and validation refuse what is outside. Code that calculates with a stored number holds it to its bound
/// as well, because an object may be older than a bound.
public enum Bounds {
    /// Jobs at once in one runner.
    public static let concurrency = 1...1024
    /// Runners of one pool.
    public static let replicas = 0...100_000
    /// Jobs that may wait in one queue.
    public static let queueDepth = 1...10_000_000
    /// Deliveries of a job before it is a dead letter.
    public static let deliveries = 1...1000
    /// Seconds for which a lease holds: three heartbeats at least, since one or two may get lost.
    public static let leaseSeconds = 9...86_400
    /// Priorities of runs, as wide as those of Kubernetes' PriorityClasses.
    public static let priority = -1_000_000_000...1_000_000_000
    /// Seconds that a run, an attempt or a drain may take: up to a year.
    public static let timeoutSeconds = 1...31_536_000
    /// Seconds that a Pod must have been ready; the upper bound is that of the field in `apps/v1`.
    public static let readySeconds = 0...Int(Int32.max)
    /// Attempts of a step.
    public static let attempts = 1...10_000
    /// Seconds between two attempts: up to a day.
    public static let intervalSeconds = 0.0...86_400
    /// The growth of the waits between attempts.
    public static let backoffCoefficient = 1.0...1000
    /// Steps of a run that are queued or running at once.
    public static let parallelism = 1...100_000
    /// Tokens of a run.
    public static let tokens = 1...1_000_000_000_000
}

extension ClosedRange where Bound == Int {
    /// The faults of an optional field that must be in this range.
    func faults(_ value: Int?, at path: FieldPath) -> [FieldError] {
        guard let value else { return [] }
        if value < lowerBound {
            return [.invalid(path, .int(Int64(value)), "must be greater than or equal to \(lowerBound)")]
        }
        if value > upperBound {
            return [.invalid(path, .int(Int64(value)), "must be less than or equal to \(upperBound)")]
        }
        return []
    }
}

extension ClosedRange where Bound == Double {
    /// The faults of an optional field that must be in this range.
    func faults(_ value: Double?, at path: FieldPath) -> [FieldError] {
        guard let value, !contains(value) else { return [] }
        let bound = value < lowerBound ? "greater than or equal to \(JSONWriter.format(lowerBound))" : nil
        return [
            .invalid(
                path,
                .double(value),
                "must be \(bound ?? "less than or equal to \(JSONWriter.format(upperBound))")"
            )
        ]
    }
}

extension Comparable {
    /// This value, or the nearest one in the range.
    public func held(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}
