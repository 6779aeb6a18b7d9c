public import APIMachinery

/// How far a rollout has come, and when it last came further.
///
/// What was reached once is no progress when it is reached again, so that Pods that become ready and crash by turns
/// do not keep a rollout alive.
public struct RolloutProgress: Sendable, Hashable {
    /// The revision being rolled out.
    public private(set) var revision: String
    private var replicas: Int
    private var updated: Int
    private var available: Int
    private var old: Int
    /// When the rollout last came further.
    public private(set) var lastProgressAt: Timestamp

    /// The progress of a rollout that began then.
    public init(revision: String, replicas: Int, startedAt: Timestamp) {
        self.revision = revision
        self.replicas = replicas
        updated = 0
        available = 0
        old = .max
        lastProgressAt = startedAt
    }

    /// Takes note of how things stand.
    mutating func observe(
        revision: String,
        replicas: Int,
        updated: Int,
        available: Int,
        old: Int,
        isPaused: Bool,
        now: Timestamp
    ) {
        if revision != self.revision || replicas != self.replicas {
            self = RolloutProgress(revision: revision, replicas: replicas, startedAt: now)
        }
        let isFurther = updated > self.updated || available > self.available || old < self.old
        // The first look at what was there before the rollout is none of its progress.
        if isPaused || (isFurther && self.old != .max) { lastProgressAt = now }
        self.updated = max(self.updated, updated)
        self.available = max(self.available, available)
        self.old = min(self.old, old)
    }
}
