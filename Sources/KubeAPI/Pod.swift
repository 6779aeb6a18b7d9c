public import APIMachinery

/// Containers that run together on one node: `v1 Pod`.
///
/// Typed kinds hold the fields that Martinet's own code reads or writes. Code that must hand an object on
/// unchanged, such as a pool with its template, works on the JSON tree.
public struct Pod: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "", version: "v1", kind: "Pod")
    public static let resource = GroupVersionResource(group: "", version: "v1", resource: "pods")
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    public var spec: PodSpec?
    public var status: PodStatus?

    /// A Pod as it is sent to a server.
    public init(metadata: ObjectMeta = ObjectMeta(), spec: PodSpec? = nil, status: PodStatus? = nil) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// What Pods are made from (core/v1 `PodTemplateSpec`).
public struct PodTemplateSpec: Sendable, Hashable, Codable {
    public var metadata: ObjectMeta?
    public var spec: PodSpec?

    /// A template of that metadata and specification.
    public init(metadata: ObjectMeta? = nil, spec: PodSpec? = nil) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// What a Pod should be.
public struct PodSpec: Sendable, Hashable, Codable {
    public var containers: [Container]
    public var initContainers: [Container]?
    public var volumes: [Volume]?
    /// `Always` (default), `OnFailure` or `Never`.
    public var restartPolicy: String?
    /// Seconds between the signal to stop and the end by force. Default: 30.
    public var terminationGracePeriodSeconds: Int64?
    public var activeDeadlineSeconds: Int64?
    /// The node that runs the Pod; the scheduler fills it in.
    public var nodeName: String?
    public var nodeSelector: [String: String]?
    public var schedulerName: String?
    public var serviceAccountName: String?
    public var automountServiceAccountToken: Bool?
    public var hostname: String?
    public var hostNetwork: Bool?
    public var imagePullSecrets: [LocalObjectReference]?
    public var securityContext: JSONValue?
    public var affinity: JSONValue?
    public var tolerations: [Toleration]?
    public var priority: Int?
    public var priorityClassName: String?
    public var dnsPolicy: String?
    public var enableServiceLinks: Bool?

    /// A specification of these containers.
    public init(containers: [Container] = []) { self.containers = containers }
}

/// Another object of the same namespace, by name.
public struct LocalObjectReference: Sendable, Hashable, Codable {
    public var name: String?

    /// The object of that name.
    public init(name: String? = nil) { self.name = name }
}

/// A taint that a Pod puts up with.
public struct Toleration: Sendable, Hashable, Codable {
    public var key: String?
    public var `operator`: String?
    public var value: String?
    public var effect: String?
    public var tolerationSeconds: Int64?

    /// A toleration of everything; set what narrows it.
    public init() {}
}
