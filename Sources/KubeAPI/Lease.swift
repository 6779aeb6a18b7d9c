public import APIMachinery

/// A right that one holder has for a while, such as to be the leader: `coordination.k8s.io/v1 Lease`.
public struct Lease: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "coordination.k8s.io", version: "v1", kind: "Lease")
    public static let resource = GroupVersionResource(
        group: "coordination.k8s.io",
        version: "v1",
        resource: "leases"
    )
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    public var spec: LeaseSpec?

    /// A lease.
    public init(metadata: ObjectMeta = ObjectMeta(), spec: LeaseSpec? = nil) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// Who has the right, and for how long.
public struct LeaseSpec: Sendable, Hashable, Codable {
    public var holderIdentity: String?
    public var leaseDurationSeconds: Int?
    public var acquireTime: MicroTime?
    public var renewTime: MicroTime?
    public var leaseTransitions: Int?

    /// A lease without a holder.
    public init() {}
}
