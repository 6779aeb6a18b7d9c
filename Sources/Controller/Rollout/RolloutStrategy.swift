import APIMachinery
public import Spec

/// How Pods of an old revision give way, in numbers for a given size.
public struct RolloutStrategy: Sendable, Hashable {
    /// Whether all old Pods must be gone before the first new one is made.
    public var isRecreate: Bool
    /// Pods that may exist above the wanted number, draining ones included.
    public var maxSurge: Int
    /// Pods that may be missing from the wanted number.
    public var maxUnavailable: Int

    /// Those bounds.
    public init(isRecreate: Bool = false, maxSurge: Int = 1, maxUnavailable: Int = 0) {
        self.isRecreate = isRecreate
        self.maxSurge = maxSurge
        self.maxUnavailable = maxUnavailable
    }

    /// What a pool asks for: percentages of surge round up, those of unavailability down, as in `apps/v1`.
    ///
    /// Neither counts beyond what a pool can have, so that sums with them cannot overflow.
    public init(_ strategy: UpdateStrategy?, replicas: Int) {
        isRecreate = strategy?.type == "Recreate"
        let rolling = strategy?.rollingUpdate
        let surge = (rolling?.maxSurge ?? .int(1)).scaled(of: replicas, roundUp: true) ?? 1
        let unavailable = (rolling?.maxUnavailable ?? .int(0)).scaled(of: replicas, roundUp: false) ?? 0
        maxSurge = min(max(0, surge), PoolSettings.maximumReplicas)
        maxUnavailable = min(max(0, unavailable), replicas)
        // Small percentages of few Pods can both be 0, and then nothing could ever be replaced.
        if maxSurge == 0 && maxUnavailable == 0 { maxUnavailable = 1 }
    }

    /// Available Pods below which a pool counts as unavailable. `Recreate` allows nothing to be missing, as in
    /// `apps/v1`: that all are replaced at once does not make their absence right.
    func minimumAvailable(of replicas: Int) -> Int { max(0, replicas - (isRecreate ? 0 : maxUnavailable)) }
}
