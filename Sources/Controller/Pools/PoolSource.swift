public import APIMachinery
public import ControllerRuntime
public import KubeAPI
import Logging
import Spec

/// Objects with a pool's label that no controller owns.
public struct PoolOrphans: Sendable {
    public var pods: [Pod]
    public var revisions: [ControllerRevision]

    /// Those objects.
    public init(pods: [Pod] = [], revisions: [ControllerRevision] = []) {
        self.pods = pods
        self.revisions = revisions
    }

    var isEmpty: Bool { pods.isEmpty && revisions.isEmpty }
}

/// The objects that a pool's reconciler looks at, as last seen; they may be older than what the server has.
public protocol PoolSource: Sendable {
    /// The pool of that name.
    func pool(_ name: NamespacedName) -> Unstructured?
    /// The Pods that the owner of that uid controls.
    func pods(ownedBy uid: String) -> [Pod]
    /// The revisions that the owner of that uid controls.
    func revisions(ownedBy uid: String) -> [ControllerRevision]
    /// What carries that value of a pool's label and has no controller.
    func orphans(namespace: String, pool label: String) -> PoolOrphans
    /// The Secret of that name, if it is one of the runners' tokens.
    func secret(_ name: NamespacedName) -> Secret?
}

/// The objects in the caches of informers.
public struct InformedPoolSource: PoolSource {
    /// The index by the uid of the controlling owner that the informers of Pods and ControllerRevisions must have.
    public static let ownerIndex = "owner"
    /// The index of objects without a controller by their pool's label that these informers must have.
    public static let orphanIndex = "orphan"

    private let pools: Informer<Unstructured>
    private let pods: Informer<Pod>
    private let revisions: Informer<ControllerRevision>
    private let secrets: Informer<Secret>?

    /// A source that reads these caches; without `secrets`, somebody else keeps the runners' tokens.
    public init(
        pools: Informer<Unstructured>,
        pods: Informer<Pod>,
        revisions: Informer<ControllerRevision>,
        secrets: Informer<Secret>? = nil
    ) {
        self.pools = pools
        self.pods = pods
        self.revisions = revisions
        self.secrets = secrets
    }

    /// The functions for the indices.
    public static func indices<Object: Resource>() -> [String: Store<Object>.IndexFunction] {
        [
            ownerIndex: { $0.metadata.controller.map { [$0.uid] } ?? [] },
            orphanIndex: { orphanKey($0.metadata).map { [$0] } ?? [] },
        ]
    }

    /// Under which key an object without a controller is found; `nil` if it has one, or belongs to no pool.
    private static func orphanKey(_ object: ObjectMeta) -> String? {
        guard object.controller == nil, let label = object.labels?[PoolRevision.poolLabel] else { return nil }
        return "\(object.namespace ?? "")/\(label)"
    }

    /// The pools that an object without a controller may belong to.
    public static func pools(ofOrphan object: ObjectMeta, among pools: Store<Unstructured>) -> [NamespacedName] {
        guard object.controller == nil, let label = object.labels?[PoolRevision.poolLabel] else { return [] }
        let namespace = object.namespace ?? ""
        let named = NamespacedName(namespace: namespace, name: label)
        if pools.get(named) != nil { return [named] }
        // The label of a long name is shortened.
        return pools.list(namespace: namespace).map(\.namespacedName)
            .filter { $0.name != label && PoolRevision.labelValue($0.name) == label }
    }

    public func pool(_ name: NamespacedName) -> Unstructured? { pools.store.get(name) }

    public func pods(ownedBy uid: String) -> [Pod] { pods.store.list(index: Self.ownerIndex, value: uid) }

    public func revisions(ownedBy uid: String) -> [ControllerRevision] {
        revisions.store.list(index: Self.ownerIndex, value: uid)
    }

    public func orphans(namespace: String, pool label: String) -> PoolOrphans {
        let key = "\(namespace)/\(label)"
        return PoolOrphans(
            pods: pods.store.list(index: Self.orphanIndex, value: key),
            revisions: revisions.store.list(index: Self.orphanIndex, value: key)
        )
    }

    public func secret(_ name: NamespacedName) -> Secret? { secrets?.store.get(name) }
}
