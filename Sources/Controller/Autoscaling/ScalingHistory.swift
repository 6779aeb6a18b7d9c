public import APIMachinery

/// What an autoscaler remembers of the time before: recommendations and what it did.
///
/// It lives in memory only. After a restart it begins with the replicas found, which delays the next change by at
/// most one window.
public struct ScalingHistory: Sendable, Hashable {
    /// A recommendation as the metrics gave it.
    public struct Recommendation: Sendable, Hashable {
        public var replicas: Int
        public var time: Timestamp
    }

    /// A change that was made.
    public struct Change: Sendable, Hashable {
        /// How many replicas were added, or removed.
        public var count: Int
        public var time: Timestamp
    }

    public internal(set) var recommendations: [Recommendation] = []
    public internal(set) var added: [Change] = []
    public internal(set) var removed: [Change] = []

    /// A history in which nothing happened.
    public init() {}

    /// Records the replicas found at first as if they had been recommended.
    mutating func begin(with replicas: Int, now: Timestamp) {
        if recommendations.isEmpty { recommendations = [Recommendation(replicas: replicas, time: now)] }
    }

    /// Records a recommendation in the place of the last one that nobody needs, so that the list stays short.
    mutating func record(_ replicas: Int, now: Timestamp, replacing isOld: (Timestamp) -> Bool) {
        let recommendation = Recommendation(replicas: replicas, time: now)
        if let index = recommendations.lastIndex(where: { isOld($0.time) }) {
            recommendations[index] = recommendation
        } else {
            recommendations.append(recommendation)
        }
    }

    /// Records a change, in the place of the last one of its direction that its own policies no longer look at.
    ///
    /// A longer period of the other direction might still have counted what is overwritten. Kubernetes does so.
    mutating func recordChange(from old: Int, to new: Int, rules: EffectiveBehavior, now: Timestamp) {
        if new > old {
            Self.record(Change(count: new - old, time: now), in: &added, keeping: rules.scaleUp.longestPeriod)
        } else {
            Self.record(Change(count: old - new, time: now), in: &removed, keeping: rules.scaleDown.longestPeriod)
        }
    }

    private static func record(_ change: Change, in list: inout [Change], keeping period: Int) {
        let cutoff = change.time.advanced(by: .seconds(-period))
        if let index = list.lastIndex(where: { $0.time < cutoff }) {
            list[index] = change
        } else {
            list.append(change)
        }
    }

    /// How many replicas there were at the beginning of a period, but for changes made by others.
    func replicas(before period: Int, current: Int, now: Timestamp) -> Int {
        let cutoff = now.advanced(by: .seconds(-period))
        func sum(_ changes: [Change]) -> Int { changes.reduce(0) { $1.time > cutoff ? $0 + $1.count : $0 } }
        return current - sum(added) + sum(removed)
    }
}
