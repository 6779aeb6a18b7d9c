public import APIMachinery
public import ControllerRuntime
public import KubeAPI
import Logging
import Spec

/// The objects that a pool's reconciler looks at, as last seen; they may be older than what the server has.
public protocol PoolSource: Sendable {
    /// The pool of that name.
    func pool(_ name: NamespacedName) -> Unstructured?
    /// The Pods that the owner of that uid controls.
    func pods(ownedBy uid: String) -> [Pod]
    /// The revisions that the owner of that uid controls.
    func revisions(ownedBy uid: String) -> [ControllerRevision]
}

/// The objects in the caches of informers.
public struct InformedPoolSource: PoolSource {
    /// The index by the uid of the controlling owner that the informers of Pods and ControllerRevisions must have.
    public static let ownerIndex = "owner"

    private let pools: Informer<Unstructured>
    private let pods: Informer<Pod>
    private let revisions: Informer<ControllerRevision>

    /// A source that reads these caches.
    public init(pools: Informer<Unstructured>, pods: Informer<Pod>, revisions: Informer<ControllerRevision>) {
        self.pools = pools
        self.pods = pods
        self.revisions = revisions
    }

    /// The function for `ownerIndex`.
    public static func ownerUID<Object: Resource>(_ object: Object) -> [String] {
        object.metadata.controller.map { [$0.uid] } ?? []
    }

    public func pool(_ name: NamespacedName) -> Unstructured? { pools.store.get(name) }

    public func pods(ownedBy uid: String) -> [Pod] { pods.store.list(index: Self.ownerIndex, value: uid) }

    public func revisions(ownedBy uid: String) -> [ControllerRevision] {
        revisions.store.list(index: Self.ownerIndex, value: uid)
    }
}

/// Where decisions are told.
public protocol EventSink: Sendable {
    /// Notes that something happened as wanted.
    func normal(_ object: ObjectReference, reason: String, _ message: String)
    /// Notes that something needs attention.
    func warning(_ object: ObjectReference, reason: String, _ message: String)
}

extension EventRecorder: EventSink {}

/// Writes every Event to the log as well: a decision leaves both.
struct LoggedEvents: EventSink {
    let events: any EventSink
    let logger: Logger

    func normal(_ object: ObjectReference, reason: String, _ message: String) {
        logger.info("\(reason)", metadata: metadata(object, message))
        events.normal(object, reason: reason, message)
    }

    func warning(_ object: ObjectReference, reason: String, _ message: String) {
        logger.warning("\(reason)", metadata: metadata(object, message))
        events.warning(object, reason: reason, message)
    }

    private func metadata(_ object: ObjectReference, _ message: String) -> Logger.Metadata {
        [
            "kind": "\(object.kind)", "namespace": "\(object.namespace)", "name": "\(object.name)",
            "message": "\(message)",
        ]
    }
}
