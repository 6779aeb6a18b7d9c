import APIMachinery
import RunEngine

/// What the reconciler remembers of a pool from one look to the next.
///
/// None of it is needed to be right, only to be quick and calm: after a restart it is built anew from the API.
struct PoolMemory {
    /// The pool that this is about; one of the same name that was made later starts afresh.
    var uid: String
    var expectations = PodExpectations()
    var failures = FailureBackoff()
    var autoscaler: PoolAutoscaler?
    var lastScaling: PoolAutoscaler.Output?
    var lastScalingAt: Timestamp?
    var progress: RolloutProgress?
    /// Why the server refused the last Pod, and until when there is no use in asking again.
    var createError: (message: String, until: Timestamp, count: Int)?
    /// Names of Pods whose creation was asked for and not answered, by revision: they are asked for again.
    var unanswered: [(name: String, revision: String)] = []
    /// Names of the runners that were there, by the uid of their Pods.
    var runners: [String: String] = [:]
    /// The pool as the server answered the last write, until the cache shows something newer.
    var written: Unstructured?
    var collisions = 0
    /// What Events were last written about, so that a cache that lags does not tell it twice.
    var toldReplicas: Int?
    var toldRevision: String?
    var toldCurrent: String?
    var toldFailure: String?
    var statusWrittenAt: Timestamp?

    init(uid: String) { self.uid = uid }

    /// The newer of the cached pool and the one last written.
    mutating func newest(_ cached: Unstructured) -> Unstructured {
        guard let mine = written, mine.uid == cached.uid, let a = Int64(mine.resourceVersion),
            let b = Int64(cached.resourceVersion), a > b
        else {
            written = nil
            return cached
        }
        return mine
    }
}
