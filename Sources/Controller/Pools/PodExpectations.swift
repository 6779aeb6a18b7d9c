import APIMachinery
import KubeAPI

/// What was done to a pool's Pods and may not have reached the cache yet.
///
/// Deciding on a cache that does not know one's last step makes the step twice: a Pod too many, one drained for
/// nothing. So every step is laid over the cache until the cache shows it.
struct PodExpectations {
    /// After this time a step that the cache never showed is forgotten: the Pod was gone before it was seen.
    static let patience = Duration.seconds(60)

    private struct Drain {
        var requestedAt: String?
        var time: Timestamp
    }

    private var created: [String: (pod: Pod, time: Timestamp)] = [:]
    private var deleted: [String: Timestamp] = [:]
    private var drained: [String: Drain] = [:]

    /// A Pod was created, or adopted.
    mutating func didCreate(_ pod: Pod, now: Timestamp) {
        if let uid = pod.metadata.uid { created[uid] = (pod, now) }
    }

    /// Whether that Pod was created, or adopted, and the cache does not show it yet.
    func hasCreated(uid: String?) -> Bool { uid.map { created[$0] != nil } ?? false }

    /// A Pod was deleted, or asked to end.
    mutating func didDelete(uid: String, now: Timestamp) { deleted[uid] = now }

    /// A Pod was told to drain, or (`nil`) no longer to.
    mutating func didDrain(uid: String, requestedAt: String?, now: Timestamp) {
        drained[uid] = Drain(requestedAt: requestedAt, time: now)
    }

    /// The Pods of the cache as they are by now; forgets what the cache has caught up with.
    mutating func overlay(_ cached: [Pod], now: Timestamp) -> [Pod] {
        let oldest = now.advanced(by: .seconds(-Self.patience.components.seconds))
        let seen = Set(cached.compactMap(\.metadata.uid))
        created = created.filter { !seen.contains($0.key) && $0.value.time > oldest }
        // What is gone from the cache was seen to go, unless it was never there.
        deleted = deleted.filter { (seen.contains($0.key) || created[$0.key] != nil) && $0.value > oldest }
        drained = drained.filter { $0.value.time > oldest }
        let pods = cached + created.values.map(\.pod).sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
        return pods.map { pod in
            var pod = pod
            guard let uid = pod.metadata.uid else { return pod }
            if pod.metadata.deletionTimestamp != nil {
                deleted[uid] = nil
            } else if let time = deleted[uid] {
                pod.metadata.deletionTimestamp = time
            }
            if let drain = drained[uid] {
                if pod.metadata.annotations?[PodObservation.drainAnnotation] == drain.requestedAt {
                    drained[uid] = nil
                } else {
                    pod.metadata.annotations = pod.metadata.annotations ?? [:]
                    pod.metadata.annotations?[PodObservation.drainAnnotation] = drain.requestedAt
                }
            }
            return pod
        }
    }
}
