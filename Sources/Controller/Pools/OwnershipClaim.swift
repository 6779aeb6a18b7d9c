import APIMachinery
import Spec

/// What a pool does about an object that may be its own, as a ReplicaSet does about Pods. Pure.
enum OwnershipClaim: Equatable {
    /// It is the pool's, and stays so.
    case keep
    /// It has the pool's label and no controller, as after `kubectl delete --cascade=orphan`.
    case adopt
    /// It is the pool's and no longer has its label.
    case release
    /// It is somebody else's.
    case ignore

    /// Decides about an object.
    ///
    /// - Parameters:
    ///   - isFinished: whether it has ended and there is nothing in it to adopt.
    init(_ object: ObjectMeta, isFinished: Bool = false, pool: String, uid: String) {
        let hasLabel = object.labels?[PoolRevision.poolLabel] == PoolRevision.labelValue(pool)
        let isGoing = object.deletionTimestamp != nil
        if let controller = object.controller {
            self = controller.uid != uid ? .ignore : hasLabel || isGoing ? .keep : .release
        } else {
            self = hasLabel && !isGoing && !isFinished ? .adopt : .ignore
        }
    }

    /// The patch that makes the pool the controller of an object, or takes that back.
    ///
    /// It replaces the whole list of owners, so it holds only for the version of the object that was seen.
    static func patch(_ object: ObjectMeta, adding reference: OwnerReference?, removing uid: String) -> JSONValue {
        var owners = (object.ownerReferences ?? []).filter { $0.uid != uid }
        if let reference { owners.append(reference) }
        // A reference has only texts and booleans, which can always be encoded.
        let encoded = owners.compactMap { try? JSONValueEncoder().encode($0) }
        var metadata: JSONValue = ["ownerReferences": encoded.isEmpty ? .null : .array(encoded)]
        if let uid = object.uid { metadata["uid"] = .string(uid) }
        if let version = object.resourceVersion { metadata["resourceVersion"] = .string(version) }
        return ["metadata": metadata]
    }
}
