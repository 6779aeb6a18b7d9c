public import APIMachinery

/// A machine that runs Pods: `v1 Node`.
public struct Node: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "", version: "v1", kind: "Node")
    public static let resource = GroupVersionResource(group: "", version: "v1", resource: "nodes")
    public static let isNamespaced = false

    public var metadata: ObjectMeta
    public var spec: NodeSpec?
    public var status: NodeStatus?

    /// A node as it registers itself.
    public init(metadata: ObjectMeta = ObjectMeta(), spec: NodeSpec? = nil, status: NodeStatus? = nil) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// What is wanted of a node.
public struct NodeSpec: Sendable, Hashable, Codable {
    public var providerID: String?
    public var podCIDR: String?
    /// Whether new Pods stay away.
    public var unschedulable: Bool?
    public var taints: [Taint]?

    /// A node of which nothing special is wanted.
    public init() {}
}

/// Keeps Pods away that do not tolerate it.
public struct Taint: Sendable, Hashable, Codable {
    public var key: String
    public var value: String?
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    public var effect: String
    public var timeAdded: Timestamp?

    /// That taint.
    public init(key: String, value: String? = nil, effect: String) {
        self.key = key
        self.value = value
        self.effect = effect
    }
}

/// What a node has, and how it is.
public struct NodeStatus: Sendable, Hashable, Codable {
    public var capacity: [String: Quantity]?
    public var allocatable: [String: Quantity]?
    public var conditions: [NodeCondition]?
    public var addresses: [NodeAddress]?
    public var daemonEndpoints: DaemonEndpoints?
    public var nodeInfo: NodeSystemInfo?

    /// A status in which nothing is known.
    public init() {}

    /// Where the node's agent listens.
    public struct DaemonEndpoints: Sendable, Hashable, Codable {
        public var kubeletEndpoint: Endpoint?

        /// Those endpoints.
        public init(kubeletEndpoint: Endpoint? = nil) { self.kubeletEndpoint = kubeletEndpoint }

        /// One port. Its name begins with a capital letter, as in Kubernetes.
        public struct Endpoint: Sendable, Hashable, Codable {
            public var port: Int

            private enum CodingKeys: String, CodingKey {
                case port = "Port"
            }

            /// That port.
            public init(port: Int) { self.port = port }
        }
    }
}

/// One aspect of a node's state: `Ready`, `MemoryPressure`, …
public struct NodeCondition: Sendable, Hashable, Codable {
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var lastHeartbeatTime: Timestamp?
    public var lastTransitionTime: Timestamp?
    public var reason: String?
    public var message: String?

    /// A condition that began to hold at that time.
    public init(
        type: String,
        status: String,
        lastHeartbeatTime: Timestamp? = nil,
        lastTransitionTime: Timestamp? = nil,
        reason: String? = nil,
        message: String? = nil
    ) {
        self.type = type
        self.status = status
        self.lastHeartbeatTime = lastHeartbeatTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }
}

/// One of a node's addresses.
public struct NodeAddress: Sendable, Hashable, Codable {
    /// `Hostname`, `InternalIP`, …
    public var type: String
    public var address: String

    /// That address.
    public init(type: String, address: String) {
        self.type = type
        self.address = address
    }
}

/// What a node is made of. Kubernetes requires every field.
public struct NodeSystemInfo: Sendable, Hashable, Codable {
    public var machineID = ""
    public var systemUUID = ""
    public var bootID = ""
    public var kernelVersion = ""
    public var osImage = ""
    public var containerRuntimeVersion = ""
    public var kubeletVersion = ""
    public var kubeProxyVersion = ""
    public var operatingSystem = ""
    public var architecture = ""

    /// A system of which nothing is known.
    public init() {}
}
