public import APIMachinery

/// A room for names: `v1 Namespace`.
public struct Namespace: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "", version: "v1", kind: "Namespace")
    public static let resource = GroupVersionResource(group: "", version: "v1", resource: "namespaces")
    public static let isNamespaced = false

    public var metadata: ObjectMeta
    public var spec: Spec?
    public var status: Status?

    /// A namespace.
    public init(metadata: ObjectMeta = ObjectMeta()) { self.metadata = metadata }

    /// What must happen before the namespace may go.
    public struct Spec: Sendable, Hashable, Codable {
        public var finalizers: [String]?

        /// These finalizers.
        public init(finalizers: [String]? = nil) { self.finalizers = finalizers }
    }

    /// Whether the namespace is going.
    public struct Status: Sendable, Hashable, Codable {
        /// `Active` or `Terminating`.
        public var phase: String?

        /// That phase.
        public init(phase: String? = nil) { self.phase = phase }
    }
}
