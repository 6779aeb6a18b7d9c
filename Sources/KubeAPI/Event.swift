public import APIMachinery

/// Something that happened to an object: `v1 Event`.
public struct Event: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "", version: "v1", kind: "Event")
    public static let resource = GroupVersionResource(group: "", version: "v1", resource: "events")
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    public var involvedObject: ObjectReference
    /// A word in CamelCase for programs.
    public var reason: String?
    /// A sentence for people.
    public var message: String?
    /// `Normal` or `Warning`.
    public var type: String?
    public var count: Int?
    public var firstTimestamp: Timestamp?
    public var lastTimestamp: Timestamp?
    public var eventTime: MicroTime?
    public var series: Series?
    public var source: Source?
    public var action: String?
    public var related: ObjectReference?
    public var reportingComponent: String?
    public var reportingInstance: String?

    /// An event about an object, still without a reason.
    public init(metadata: ObjectMeta = ObjectMeta(), involvedObject: ObjectReference) {
        self.metadata = metadata
        self.involvedObject = involvedObject
    }

    /// Who saw it.
    public struct Source: Sendable, Hashable, Codable {
        public var component: String?
        public var host: String?

        /// That component on that host.
        public init(component: String? = nil, host: String? = nil) {
            self.component = component
            self.host = host
        }
    }

    /// How often it happened since it was first recorded.
    public struct Series: Sendable, Hashable, Codable {
        public var count: Int?
        public var lastObservedTime: MicroTime?

        /// A series of that length.
        public init(count: Int? = nil, lastObservedTime: MicroTime? = nil) {
            self.count = count
            self.lastObservedTime = lastObservedTime
        }
    }
}

extension Event {
    /// Another object, precisely (core/v1 `ObjectReference`).
    public struct ObjectReference: Sendable, Hashable, Codable {
        public var apiVersion: String?
        public var kind: String?
        public var namespace: String?
        public var name: String?
        public var uid: String?
        public var resourceVersion: String?
        /// A part of the object, such as `spec.containers{agent-runner}`.
        public var fieldPath: String?

        /// A reference to nothing yet.
        public init(
            apiVersion: String? = nil,
            kind: String? = nil,
            namespace: String? = nil,
            name: String? = nil,
            uid: String? = nil
        ) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.namespace = namespace
            self.name = name
            self.uid = uid
        }

        /// A reference to that object.
        public init(_ object: Unstructured) {
            self.init(
                apiVersion: object.apiVersion,
                kind: object.kind,
                namespace: object.namespace.isEmpty ? nil : object.namespace,
                name: object.name,
                uid: object.uid.isEmpty ? nil : object.uid
            )
            resourceVersion = object.resourceVersion.isEmpty ? nil : object.resourceVersion
        }

        /// A reference to that object.
        public init<Object: Resource>(_ object: Object) {
            let kind = Object.groupVersionKind
            self.init(
                apiVersion: kind.apiVersion,
                kind: kind.kind,
                namespace: object.metadata.namespace,
                name: object.metadata.name,
                uid: object.metadata.uid
            )
            resourceVersion = object.metadata.resourceVersion
        }
    }
}
