import APIMachinery
import KubeAPI
import RunEngine
import Spec

/// What the reconciler remembers of a pool from one look to the next.
///
/// A cache: correctness never depends on it. After a restart it is built anew from the API.
struct PoolMemory {
    /// Why the server refused the last Pod of a revision, and until when there is no use in asking again.
    struct CreateError {
        var revision: String
        var message: String
        var until: Timestamp
        var count: Int
    }

    /// The pool that this is about; one of the same name that was made later starts afresh.
    var uid: String
    var expectations = PodExpectations()
    var failures = FailureBackoff()
    var scaling = ScalingMemory()
    var progress: RolloutProgress?
    var createError: CreateError?
    /// Names of Pods whose creation was asked for and not answered, by revision: they are asked for again.
    var unanswered: [(name: String, revision: String)] = []
    /// Names of the runners that were there, by the uid of their Pods.
    var runners: [String: String] = [:]
    /// Pods that were released and that the cache may still show as the pool's, by uid.
    var released: Set<String> = []
    /// Runners that call themselves the pool's and have no Pod of it.
    var strangers: Set<String> = []
    var trial = TrialRunners()
    /// The pool as the server answered the last write, until the cache shows something newer.
    var written: Unstructured?
    var collisions = 0
    /// The status that Events and counters were last written about; after a restart, the one in the API.
    var recorded: WorkerPoolStatus?
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

/// The autoscaler of a pool with its last decision.
struct ScalingMemory {
    var autoscaler: PoolAutoscaler?
    var last: PoolAutoscaler.Output?
    var lastAt: Timestamp?
    /// Since when a window or a rate keeps the size from what the metrics ask for.
    var unsettledSince: Timestamp?
    /// Why the size was last changed, until that is recorded.
    var reason: String?
}

/// The names of the runners by which a revision is judged, those that are gone included.
struct TrialRunners {
    /// Of very many runners, the last ones count.
    static let limit = 512

    private var names: [String: [String]] = [:]

    /// Takes note of the runners that are there, and forgets those of revisions that are not judged.
    mutating func note(_ pods: [Pod], revisions: Set<String>) {
        names = names.filter { revisions.contains($0.key) }
        for pod in pods {
            guard let name = pod.metadata.name, let hash = pod.metadata.labels?[PoolRevision.revisionLabel],
                revisions.contains(hash), names[hash]?.contains(name) != true
            else { continue }
            names[hash, default: []].append(name)
            if let count = names[hash]?.count, count > Self.limit { names[hash]?.removeFirst(count - Self.limit) }
        }
    }

    /// The runners of a revision.
    func runners(of revision: String) -> [String] { names[revision] ?? [] }
}
