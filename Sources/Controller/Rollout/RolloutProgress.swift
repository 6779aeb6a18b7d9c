public import APIMachinery

/// The rollout of one revision: how far it has come, when it last came further, and how it ended.
///
/// Reaching an earlier high-water mark again does not count as progress, so that Pods that become ready and crash by
/// turns do not keep a rollout alive; nor does a change of the size, so that an autoscaler does not.
///
/// The marks live in memory. The rest is kept in `status.rollout`, so that a failure is recorded once and a deadline
/// goes on running, whatever becomes of the controller.
public struct RolloutProgress: Sendable, Hashable {
    private struct Marks: Sendable, Hashable {
        var replicas: Int
        var updated: Int
        var available: Int
        var old: Int
    }

    /// The revision being rolled out.
    public private(set) var revision: String
    /// The last revision that worked before it, to which a failure goes back; `nil` if there is none.
    public var previousRevision: String?
    /// When the rollout last came further. While it waits for something that is not its fault, this is now.
    public private(set) var lastProgressAt: Timestamp
    /// When it last reached something new; unlike `lastProgressAt` it stands still while the rollout waits.
    public private(set) var reachedAt: Timestamp
    /// When all runners were of the revision for the first time, and worked.
    public internal(set) var completedAt: Timestamp?
    /// What is wrong with it. The first finding stays, so that reasons do not alternate, until the rollout recovers.
    public private(set) var failure: RolloutFailure?
    /// When it failed for the first time; stays when it recovers, so that one rollout fails once.
    public private(set) var failedAt: Timestamp?
    private var marks: Marks?

    /// The rollout of that revision, which began then.
    public init(revision: String, previousRevision: String? = nil, startedAt: Timestamp) {
        self.revision = revision
        self.previousRevision = previousRevision
        lastProgressAt = startedAt
        reachedAt = startedAt
    }

    /// The rollout as an earlier process recorded it.
    init(
        revision: String,
        previousRevision: String?,
        reachedAt: Timestamp,
        lastProgressAt: Timestamp,
        completedAt: Timestamp?,
        failure: RolloutFailure?,
        failedAt: Timestamp?
    ) {
        self.revision = revision
        self.previousRevision = previousRevision
        self.reachedAt = reachedAt
        self.lastProgressAt = lastProgressAt
        self.completedAt = completedAt
        self.failure = failure
        self.failedAt = failedAt
    }

    /// Takes note of how things stand.
    ///
    /// - Parameter isWaiting: whether the deadline stands still: the pool is paused, nothing is left to do, or old
    ///   runners finish their jobs.
    /// - Returns: whether the rollout came further.
    mutating func observe(
        replicas: Int,
        updated: Int,
        available: Int,
        old: Int,
        isWaiting: Bool,
        now: Timestamp
    ) -> Bool {
        if isWaiting { lastProgressAt = now }
        // The first observation shows what was there before the rollout, which is none of its progress.
        guard var marks else {
            marks = Marks(replicas: replicas, updated: updated, available: available, old: old)
            return false
        }
        let growth = replicas - marks.replicas
        // Pods made for a larger size, and old ones removed for a smaller one, are no progress.
        if growth > 0 { marks.updated = min(marks.updated + growth, max(marks.updated, replicas)) }
        if growth < 0 { marks.old = max(0, marks.old + growth) }
        let isMoreAvailable = available > marks.available
        let isFurther = updated > marks.updated || isMoreAvailable || old < marks.old
        self.marks = Marks(
            replicas: replicas,
            updated: max(marks.updated, updated),
            available: max(marks.available, available),
            old: min(marks.old, old)
        )
        guard isFurther else { return false }
        lastProgressAt = now
        reachedAt = now
        if isMoreAvailable || failure?.reason == RolloutFailure.failedCreate { recover() }
        return true
    }

    /// The rollout has failed, if it had not before.
    mutating func fail(_ failure: RolloutFailure, now: Timestamp) {
        if self.failure == nil { self.failure = failure }
        if failedAt == nil { failedAt = now }
    }

    /// The rollout goes on after all. Jobs that fail are not outweighed by runners that start.
    mutating func recover() {
        if failure?.reason != RolloutFailure.jobsFail { failure = nil }
    }
}
